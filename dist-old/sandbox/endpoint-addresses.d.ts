/** The addresses of an endpoint, with what its network says of each family; IPv4 first. */
import type { EndpointRecord, NetworkRecord } from "../model/records.js";
import { type IpAddress } from "../wire/ip-address.js";
export interface EndpointAddress {
    family: IpAddress["family"];
    /** `172.18.0.2` */
    address: string;
    prefixLength: number;
    /** `172.18.0.1` */
    gateway: string;
}
export declare function addressesOf({ addresses }: EndpointRecord, { subnets }: NetworkRecord): EndpointAddress[];
/** `172.18.0.0/16 or fd00:18::/64` */
export declare function rangesText({ subnets }: NetworkRecord): string;
