/** A range of addresses that a network has, one a family at most. */
import type { IpAddress, IpPrefix } from "../../wire/ip-address.js";
export interface Subnet {
    readonly prefix: IpPrefix;
    /** The host's address in it. */
    readonly gateway: IpAddress;
}
