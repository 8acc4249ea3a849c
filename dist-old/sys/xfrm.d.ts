import { type IpPrefix } from "../wire/ip-address.js";
/**
 * The far ends of the policies that encrypt or block, of either direction and family; null where the kernel has no IPsec. Those of xfrm interfaces
 * are left out: such a device applies them by itself. Throws TSP_ERR_SYSCALL.
 */
export declare function protectedNetworks(): IpPrefix[] | null;
/** Tells of changes to them. */
export declare class PolicyMonitor {
    /** Readable (poll) when there are any. */
    readonly fd: number;
    private readonly reader;
    /** Throws where the kernel has no IPsec. */
    constructor();
    /** Whether anything has changed since the last call; does not wait. */
    drain(): boolean;
    close(): void;
}
