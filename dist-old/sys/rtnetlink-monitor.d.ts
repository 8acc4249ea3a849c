import * as entries from "./rtnetlink-entries.js";
/**
 * RTMGRP_* of linux/rtnetlink.h; for settings the bits of RTNLGRP_IPV4_NETCONF (24) and RTNLGRP_IPV6_NETCONF (25), for rules those of
 * RTNLGRP_IPV4_RULE (8) and RTNLGRP_IPV6_RULE (19), for next hops that of RTNLGRP_NEXTHOP (32).
 */
export declare const GROUP_LINK = 1, GROUP_NEIGHBOR = 4, GROUP_IPV4_ADDRESS = 16, GROUP_IPV4_ROUTE = 64, GROUP_IPV4_RULE = 128, GROUP_IPV6_ADDRESS = 256;
export declare const GROUP_IPV6_ROUTE = 1024, GROUP_IPV4_CONF: number, GROUP_IPV6_RULE: number, GROUP_IPV6_CONF: number, GROUP_NEXTHOP: number;
type Action = "new" | "delete";
export type RouteEvent = 
/** "new" is any change too. A device that leaves the namespace is a "delete". */
{
    kind: "link";
    action: Action;
    link: entries.Link;
} | {
    kind: "address";
    action: Action;
    address: entries.Address;
} | {
    kind: "route";
    action: Action;
    route: entries.Route;
} | {
    kind: "neighbor";
    action: Action;
    neighbor: entries.Neighbor;
}
/** A setting of a device changed (net.ipv4.conf, net.ipv6.conf), by sysctl and not by netlink. */
 | {
    kind: "conf";
}
/** A routing rule, or a next hop that routes name, has come, changed or gone. */
 | {
    kind: "rule" | "nexthop";
}
/** Events were lost since the receive buffer was full: reread everything. */
 | {
    kind: "overrun";
};
export declare class RouteMonitor {
    /** Readable (poll) when there are events. */
    readonly fd: number;
    private readonly reader;
    /** Hears of what changes from now on in namespace `nsFd` (-1: the caller's); `groups`: GROUP_* bits. */
    constructor(nsFd?: number, groups?: number);
    /** The events since the last call, in order; does not wait. */
    drain(): RouteEvent[];
    close(): void;
}
export {};
