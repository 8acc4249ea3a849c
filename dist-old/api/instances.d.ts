import type { InfoView } from "./types.js";
export interface Instance {
    pid: number;
    socketPath: string;
    /** It is another user's, and this one may not ask it. */
    denied: boolean;
}
/** Instances that listen, by process id; sockets that a killed one left are passed over. */
export declare function findInstances(dirs?: readonly string[]): Promise<Instance[]>;
/** The one that runs, or that `pid` names. Throws TSP_ERR_INSTANCE: not-found, conflict when there is a choice, or permission. */
export declare function pickInstance(pid: number | undefined, dirs?: readonly string[]): Promise<Instance>;
/** The daemon that runs; undefined: none does. Throws TSP_ERR_INSTANCE (permission) when one may, that this user may not ask. */
export declare function findDaemon(dirs?: readonly string[]): Promise<InfoView | undefined>;
