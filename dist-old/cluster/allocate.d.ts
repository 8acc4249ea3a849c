/** Which VNI, subnet and addresses something new gets, out of those that nobody has as far as is known. Whether that is so, the store decides. */
import { type AddressManager } from "../model/addresses.js";
import type { Obstacle, Pool } from "../model/pools.js";
import type { NetworkRecord } from "../model/records.js";
export declare const MAX_VNI = 16777215;
/** As Docker's global pool has them. */
export declare const OVERLAY_POOLS: readonly Pool[];
/** The lowest that no network has. */
export declare function freeVni(networks: Iterable<NetworkRecord>): number;
/** Of networks that overlap a subnet one, in words. Thousands of subnets are asked for, so those that can be are looked up. */
export declare function otherNetwork(networks: Iterable<NetworkRecord>): Obstacle;
/** Who has a network's name, VNI, or a part of a subnet; undefined: nobody. */
export declare function rivalOf({ name, overlay, subnets }: NetworkRecord, others: readonly NetworkRecord[]): NetworkRecord | undefined;
/**
 * Gives any address that is free, for who met somebody that looked for one at the same time: the lowest (`chosenAddresses`) both would find again.
 */
export declare function anyAddress(random: () => number): AddressManager;
