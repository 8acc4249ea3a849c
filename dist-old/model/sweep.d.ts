export interface Swept {
    sockets: number;
    filters: number;
    /** Files that this user may not remove, or a folder that it may not read. */
    denied: string[];
}
/** Removes what dead instances left. Needs CAP_NET_ADMIN for filters, if there are any. */
export declare function sweep(): Promise<Swept>;
/**
 * Ends at once what is kept for a process that is to come again: flows (`control/flow-files.ts`), and a daemon's devices, ports and programs
 * (`sys/fd-store.ts`). What running instances use is spared.
 */
export declare function sweepKept(): {
    flows: number;
    keepers: number;
};
/** Removes devices, and records, of endpoints whose sandbox ended while no daemon ran; answers how many devices. Nothing while one runs. */
export declare function sweepDevices(): Promise<number>;
