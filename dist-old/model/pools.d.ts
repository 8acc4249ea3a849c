import { type IpPrefix } from "../wire/ip-address.js";
/** A large network, and the length of the subnets in it. */
export interface Pool {
    base: string;
    size: number;
}
/** As container engines have them: 15 subnets of /16, then 16 of /20. */
export declare const IPV4_POOLS: readonly Pool[];
/** What is in a subnet's way, in words; null: nothing. */
export type Obstacle = (subnet: IpPrefix) => string | null;
export interface Choice {
    /** Undefined: all are taken. */
    subnet: IpPrefix | undefined;
    /** `172.17.0.0/16: address 172.17.0.1/16 of br0` */
    skipped: string[];
}
/** The first subnet with nothing in its way. */
export declare function choosePool(obstacle: Obstacle, pools?: readonly Pool[]): Choice;
/**
 * The /64 networks of a unique local /48 (RFC 4193): its global id is of the host's own id, as container engines make it, so that the networks of two hosts do
 * not meet when they are joined, and one host has the same at each start. The id itself is not to be told (machine-id(5)), hence the hash.
 */
export declare function uniqueLocalPools(hostId?: string): Pool[];
/** The name server of the host that lies in a subnet: one that is reached by the default route is on no route of its own. */
export declare function resolverObstacle(file?: string): Obstacle;
