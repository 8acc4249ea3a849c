import { type IpAddress } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
import { type PortSpec } from "./mapping.js";
import type { Subnet } from "./network/subnet.js";
type Families = readonly IpAddress["family"][];
/** Throws TSP_ERR_HOST_ADDRESS (not-found) or TSP_ERR_TARGET (unavailable). */
export declare function checkPortFamilies(spec: PortSpec, families: Families): void;
/** Throws TSP_ERR_NETWORK (unavailable). */
export declare function checkNetworkFamilies(subnets: PerFamily<Subnet>, families: Families): void;
export {};
