export interface Ipv6Conf {
    disableIpv6: number;
    forwarding: number;
    /** Router advertisements: 0 takes none. */
    acceptRa: number;
    acceptRedirects: number;
    /** Duplicate address detection: without it (0) addresses work at once. */
    acceptDad: number;
    /** Forwards what comes in by the device though the host is no router (net.ipv6.conf.all.forwarding). Linux 6.17; older kernels do without. */
    forceForwarding: number;
}
/** Whether the kernel has IPv6, switched on for devices or not. */
export declare function hasIpv6(): boolean;
/**
 * `nsFd`: the device's namespace (-1: the caller's). False where it could not be set: /proc/sys is read-only, or the device is gone. A kernel
 * without IPv6 needs none of it, which is true.
 */
export declare function setIpv6Conf(device: string, conf: Partial<Ipv6Conf>, nsFd?: number): boolean;
/** Whether a device of the caller's namespace has all of these settings. True for a device that has none, as one that is gone. */
export declare function hasIpv6Conf(device: string, conf: Partial<Ipv6Conf>): boolean;
