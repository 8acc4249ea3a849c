import type { IpPrefix } from "../wire/ip-address.js";
import { type Addresses } from "./addresses.js";
export declare class Prefix {
    readonly isIpv6: boolean;
    /** One word, or four. Bits behind the prefix are zero. */
    private readonly net;
    private readonly mask;
    constructor({ address, prefixLength }: IpPrefix);
    /** `addresses`: where the handle, if it is one, is from. */
    has(address: number, addresses: Addresses): boolean;
}
