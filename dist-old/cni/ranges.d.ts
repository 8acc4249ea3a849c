/**
 * Ranges of addresses as a configuration has them, for our own address management: `subnet` and `gateway` under `ipam` or beside it, or lists of
 * ranges as host-local takes them (`ipam.ranges`, and the capability `ipRanges`), of which we take one a family.
 */
import { type IpAddress } from "../wire/ip-address.js";
import { type Json } from "./json.js";
export interface Range {
    family: IpAddress["family"];
    /** `10.77.0.0/24` */
    subnet: string;
    gateway: string | undefined;
    /** Where containers get their addresses, a part of the subnet. */
    part: string | undefined;
}
/** Throws CniError. */
export declare function rangesOf(json: Json, ipam: Json, runtime: Json): Range[];
