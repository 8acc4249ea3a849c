import * as entries from "./rtnetlink-entries.js";
import { LinkSocket } from "./rtnetlink-link.js";
declare const FILTER_PARENTS: {
    readonly ingress: 4294967282;
    readonly egress: 4294967283;
};
/** `prefixLength` bits of `dst`. Without `gateway` the addresses are on the link itself. Goes to table main. */
export interface RouteSpec {
    dst: string;
    prefixLength: number;
    gateway?: string | undefined;
    oif?: number | undefined;
    prefSrc?: string | undefined;
    metric?: number | undefined;
}
export interface BpfFilter {
    name: string;
    priority: number;
    handle: number;
}
export type TcDirection = keyof typeof FILTER_PARENTS;
export declare class RouteSocket extends LinkSocket {
    addresses(): entries.Address[];
    /** `scope`: RT_SCOPE_*; 254 (host) for an address that is never a source for others. */
    addAddress(ifindex: number, address: string, prefixLength: number, scope?: number): void;
    deleteAddress(ifindex: number, address: string, prefixLength: number): boolean;
    /** Of all tables, or of one: 254 main, 255 local. */
    routes(table?: number): entries.Route[];
    /** How the kernel would send to `address`, policy rules included; null when it would not (no route, unreachable, blackhole, prohibit). */
    routeTo(address: string): entries.Route | null;
    /** Whether the way of packets may depend on protocol and ports: by a routing rule, or by how the next hops of a route are shared out. */
    routesByPorts(): boolean;
    private rulesByPorts;
    addRoute(route: RouteSpec): void;
    /** The first route that agrees with all that is given. */
    deleteRoute(route: RouteSpec): boolean;
    neighbors(): entries.Neighbor[];
    /** Adds or changes a neighbor. One that is not `permanent` starts as reachable and is then subject to the kernel's ageing. */
    setNeighbor(neighbor: {
        ifindex: number;
        address: string;
        mac: string;
        permanent: boolean;
    }): void;
    deleteNeighbor(ifindex: number, address: string): boolean;
    /** Makes the device take tc filters. False when it did already (a `clsact` or `ingress` qdisc): then leave that to its owner. */
    addClsact(ifindex: number): boolean;
    /** Removes clsact with all its filters, other programs' too. */
    deleteClsact(ifindex: number): boolean;
    /** Attaches a program of type SCHED_CLS whose result is the verdict (direct action). Needs clsact. Returns the filter's handle. */
    addBpfFilter(ifindex: number, direction: TcDirection, progFd: number, name: string, priority: number): number;
    bpfFilters(ifindex: number, direction?: TcDirection): BpfFilter[];
    deleteBpfFilter(ifindex: number, priority: number, handle: number, direction?: TcDirection): boolean;
}
export {};
