import { type NetlinkMessage } from "./netlink.js";
export declare const AF_UNSPEC = 0;
export declare const AF_INET = 2;
export declare const AF_INET6 = 10;
export declare const IFF_UP = 1, IFF_MULTICAST = 4096;
export declare const IFLA: {
    readonly ADDRESS: 1;
    readonly IFNAME: 3;
    readonly MTU: 4;
    readonly LINK: 5;
    readonly MASTER: 10;
    readonly TXQLEN: 13;
    readonly LINKINFO: 18;
    readonly AF_SPEC: 26;
    readonly NET_NS_FD: 28;
    readonly EXT_MASK: 29;
    readonly LINK_NETNSID: 37;
    readonly ALT_IFNAME: 53;
};
export declare const IFA: {
    readonly ADDRESS: 1;
    readonly LOCAL: 2;
    readonly LABEL: 3;
    readonly FLAGS: 8;
};
/** IFA_F_*: made for privacy, to be used for a while; not to be picked any more; another host may have it. */
export declare const IFA_F_TEMPORARY = 1, IFA_F_DEPRECATED = 32, IFA_F_TENTATIVE = 64;
export declare const RTA: {
    readonly DST: 1;
    readonly SRC: 2;
    readonly IIF: 3;
    readonly OIF: 4;
    readonly GATEWAY: 5;
    readonly PRIORITY: 6;
    readonly PREFSRC: 7;
    readonly METRICS: 8;
    readonly MULTIPATH: 9;
    readonly TABLE: 15;
    readonly VIA: 18;
    readonly IP_PROTO: 27;
    readonly SPORT: 28;
    readonly DPORT: 29;
};
export declare const NDA: {
    readonly DST: 1;
    readonly LLADDR: 2;
};
declare const ROUTE_TYPES: readonly ["unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit", "throw", "nat", "xresolve"];
export type RouteType = (typeof ROUTE_TYPES)[number];
/** NUD_* bit to name. */
declare const NEIGHBOR_STATES: {
    readonly 1: "incomplete";
    readonly 2: "reachable";
    readonly 4: "stale";
    readonly 8: "delay";
    readonly 16: "probe";
    readonly 32: "failed";
    readonly 64: "noarp";
    readonly 128: "permanent";
};
export type NeighborState = (typeof NEIGHBOR_STATES)[keyof typeof NEIGHBOR_STATES] | "none";
export declare const NUD_REACHABLE = 2;
export declare const NUD_PERMANENT = 128;
export type Family = "ipv4" | "ipv6";
export interface Link {
    index: number;
    name: string;
    /** "" for a device without one, such as a TUN. */
    mac: string;
    mtu: number;
    up: boolean;
    /** IFF_* bits. */
    flags: number;
    /** ARPHRD_*: 1 Ethernet, 772 loopback, 65534 none (TUN). */
    type: number;
    /** Driver kind, as in `ip -d link`: "bridge", "veth", "tun" (TAP too); "" for hardware and lo. */
    kind: string;
    /** Index of the bridge or bond that the device is a port of, or 0. */
    master: number;
    /** Index of the device below or of the veth peer, or 0; in namespace `linkNetns` if that is given. */
    link: number;
    linkNetns?: number | undefined;
}
export interface Address {
    ifindex: number;
    family: Family;
    address: string;
    prefixLength: number;
    /** RT_SCOPE_*: 0 global, 253 link, 254 host. */
    scope: number;
    /** "" for IPv6. */
    label: string;
    /** IFA_F_* bits. */
    flags: number;
}
/** Of a multipath route, `gateway` and `oif` are those of its first next hop, and `oifs` has the devices of all. */
export interface Route {
    family: Family;
    type: RouteType;
    /** Network address; "0.0.0.0" or "::" for the default route. */
    dst: string;
    prefixLength: number;
    gateway?: string | undefined;
    oif?: number | undefined;
    oifs?: number[] | undefined;
    prefSrc?: string | undefined;
    metric: number;
    /** 254 main, 255 local. */
    table: number;
    mtu?: number | undefined;
}
export interface Neighbor {
    ifindex: number;
    family: Family;
    address: string;
    /** "" while not known. */
    mac: string;
    state: NeighborState;
    permanent: boolean;
}
/** Bytes of an IPv4 (4) or IPv6 (16) address in network order. Throws TSP_ERR_ADDRESS. */
export declare function addressBytes(address: string): Uint8Array;
/** RFC 5952 text for 16 bytes, dotted text for 4. */
export declare function addressText(bytes: Uint8Array): string;
export declare const familyNumber: (address: Uint8Array) => number;
/** Throws TSP_ERR_ADDRESS. */
export declare function macBytes(mac: string): Uint8Array;
/** From an ifinfomsg; null for one that tells of something else, as a bridge does of its ports. */
export declare function parseLink({ payload }: NetlinkMessage): Link | null;
/** From an ifaddrmsg. */
export declare function parseAddress({ payload }: NetlinkMessage): Address | null;
/** From an rtmsg; null for multicast routing and the like. */
export declare function parseRoute({ payload }: NetlinkMessage): Route | null;
/** From an ndmsg; null for a bridge's forwarding entries. */
export declare function parseNeighbor({ payload }: NetlinkMessage): Neighbor | null;
export {};
