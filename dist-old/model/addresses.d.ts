/** Which addresses networks and endpoints can have, and who decides which ones they get. */
import type { Subnet } from "../control/network/subnet.js";
import { type IpAddress, type IpPrefix } from "../wire/ip-address.js";
/** Why the subnet cannot be a network's, and what to do; null when it can. */
export declare function subnetProblem(prefix: IpPrefix): {
    problem: string;
    hint: string;
} | null;
/**
 * Whether it can be a station's. The first address of a network cannot: it is the network itself, of IPv6 the anycast address of its routers
 * (RFC 4291 §2.6.1); nor, of IPv4, the last, which is for broadcast.
 */
export declare function isHostAddress(prefix: IpPrefix, address: IpAddress): boolean;
/**
 * The lowest address that neither the gateway nor one of `taken` (addresses as numbers) has; null when there is none. In `range`, where one is
 * given, which is a part of the network.
 */
export declare function lowestFree({ prefix, gateway }: Subnet, taken: {
    has(value: bigint): boolean;
}, range?: IpPrefix): IpAddress | null;
/** A gateway's where nobody named one: the first of the range, but for the network's own. */
export declare function firstAddress(subnet: IpPrefix, range?: IpPrefix): IpAddress;
/** A network as far as its addresses of one family go, and who has which: endpoint ids by address as a number. */
export interface AddressSpace extends Subnet {
    /** Where addresses are taken that nobody named; undefined: the whole network. */
    range?: IpPrefix | undefined;
    taken: ReadonlyMap<bigint, string>;
}
/** Gives endpoints their addresses. Who has one keeps it as long as its record is there. */
export interface AddressManager {
    /** The address of a new endpoint: `wanted`, where one is. Throws TSP_ERR_ENDPOINT: invalid, or conflict for one that is taken. */
    claim(space: AddressSpace, wanted: IpAddress | undefined): IpAddress;
}
/** For a caller that manages addresses by itself, as container engines do: it names each, and it is checked. */
export declare const givenAddresses: AddressManager;
/** For who names no address: the lowest that is free, so that what is started in the same order has the same addresses. */
export declare const chosenAddresses: AddressManager;
