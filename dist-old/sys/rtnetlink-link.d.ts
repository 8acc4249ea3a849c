import { NetlinkSocket } from "./netlink.js";
import { type Link } from "./rtnetlink-entries.js";
declare const ADDR_GEN_MODES: readonly ["eui64", "none", "stable-privacy", "random"];
/** IPV4_DEVCONF_* of linux/ip.h: a device's net.ipv4.conf. */
declare const IPV4_DEVCONF: {
    readonly forwarding: 1;
    readonly proxyArp: 3;
    readonly acceptRedirects: 4;
    readonly sendRedirects: 6;
    readonly rpFilter: 8;
    readonly acceptSourceRoute: 9;
    readonly arpFilter: 13;
    readonly arpAnnounce: 18;
    readonly arpIgnore: 19;
    readonly acceptLocal: 23;
    readonly routeLocalnet: 26;
};
export type Ipv4Conf = Record<keyof typeof IPV4_DEVCONF, number>;
export interface LinkChange {
    up?: boolean;
    mtu?: number;
    mac?: string;
    name?: string;
    txQueueLen?: number;
    /** Whether it says that it takes multicast: without, the kernel has nothing to say of groups. */
    multicast?: boolean;
    /** How the device makes itself IPv6 addresses. Set before `up` takes effect. */
    addrGenMode?: (typeof ADDR_GEN_MODES)[number];
    /** Set through netlink, so a read-only /proc/sys does not matter. */
    ipv4Conf?: Partial<Ipv4Conf>;
}
export declare class LinkSocket extends NetlinkSocket {
    links(): Link[];
    /** By index or name (alternative names too); null when there is none. */
    link(nameOrIndex: string | number): Link | null;
    /** net.ipv4.conf of a device; null when it has none, as for a device that does not exist. */
    ipv4Conf(index: number): Ipv4Conf | null;
    setLink(index: number, change: LinkChange): void;
    deleteLink(index: number): boolean;
    private linkMessage;
    protected nameOf(index: number): string;
}
export {};
