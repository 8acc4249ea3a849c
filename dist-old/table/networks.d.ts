import type { Addresses } from "./addresses.js";
import type { Prefix } from "./prefix.js";
export declare const MAX_NETWORKS = 256;
/** Nothing is masqueraded out of it, and nothing else is routed out of or into it. */
export declare const INTERNAL = 1;
/** Endpoints reach the gateway and beyond, but not each other. */
export declare const NO_ICC = 2;
/** What leaves keeps its own address. */
export declare const NO_MASQUERADE = 4;
/** Endpoints may send from other addresses than their own (`dataplane/source-guard.ts`). */
export declare const PROMISCUOUS = 8;
export declare class Networks {
    private readonly addresses;
    readonly address: Int32Array<ArrayBuffer>;
    readonly mask: Int32Array<ArrayBuffer>;
    readonly gateway: Int32Array<ArrayBuffer>;
    /** The gateway's MAC, that is the host port's. */
    readonly macHi: Int32Array<ArrayBuffer>;
    readonly macLo: Int32Array<ArrayBuffer>;
    /** The host's port in the network; -1: none (yet). */
    readonly hostPort: Int32Array<ArrayBuffer>;
    /** Interface index of the device behind it; 0: none. */
    readonly hostDevice: Int32Array<ArrayBuffer>;
    /** By which device the host's routing is to think that endpoints' packets come in; 0: the uplink. Of IPv4, and of IPv6. */
    readonly wayIn: Int32Array<ArrayBuffer>;
    readonly wayIn6: Int32Array<ArrayBuffer>;
    readonly flags: Uint8Array<ArrayBuffer>;
    /** Of an overlay network: the port that stands for its other nodes, of kind REMOTE; -1: it is no overlay. */
    readonly remotePort: Int32Array<ArrayBuffer>;
    /** Of an overlay network: its identifier in the underlay, and the longest IP packet that goes to another node. */
    readonly vni: Int32Array<ArrayBuffer>;
    readonly mtu: Int32Array<ArrayBuffer>;
    /** The port of the LAN that its endpoints stand on; -1: it is a network of its own. With one it has no subnets here, and its MAC is the parent device's. */
    readonly lanPort: Int32Array<ArrayBuffer>;
    /** Address that what leaves is given instead of the route's; 0: the route's. */
    readonly outside: Int32Array<ArrayBuffer>;
    /** Gateway's IPv6 address; 0: no IPv6 here. */
    readonly gateway6: Int32Array<ArrayBuffer>;
    /** As `outside`, of IPv6. */
    readonly outside6: Int32Array<ArrayBuffer>;
    private readonly prefixes6;
    private readonly used;
    /** One past the highest number in use. */
    end: number;
    /** `addresses`: where handles of IPv6 addresses are from. */
    constructor(addresses: Addresses);
    /** The network and its IPv4 subnet; without one `address` is 0 and `prefixLength` 32. IPv6: `set6`. */
    set(id: number, address: number, prefixLength: number, gateway: number, flags: number, outside: number): void;
    /** Gives the network an IPv6 subnet. */
    set6(id: number, prefix: Prefix, gateway: number, outside: number): void;
    /** Makes an overlay network of it. */
    setOverlay(id: number, remotePort: number, vni: number, mtu: number): void;
    /** Devices that the host forwards from, by family. Of others it would say that nothing is sent on. */
    setWaysIn(forwarding: readonly number[], forwarding6: readonly number[]): void;
    /** By which device the host's routing is to think that an endpoint's packet to `address` comes in; 0: the uplink. */
    wayInFor(id: number, address: number): number;
    clear(id: number): void;
    /** Address of the gateway of the address's family; 0: the network has no subnet of it. */
    gatewayFor(id: number, address: number): number;
    /** Address that what leaves for `address` is given instead of the route's; 0: the route's. */
    outsideFor(id: number, address: number): number;
    /** Whether the address lies in the network's subnet of its family. */
    has(id: number, address: number): boolean;
    /** Whether the address is the last one of the network, which is for all in it (RFC 919 §7). */
    isBroadcast(id: number, address: number): boolean;
    /** The network that the address belongs to, or -1. For new flows only: it looks at one after the other. */
    of(address: number): number;
}
