/** What a network or an endpoint has of each address family: of one at least, of both at most. */
import type { IpAddress } from "./ip-address.js";
export interface PerFamily<T> {
    readonly ipv4?: T | undefined;
    readonly ipv6?: T | undefined;
}
/** What there is, IPv4 first. */
export declare function eachFamily<T>({ ipv4, ipv6 }: PerFamily<T>): T[];
/** By the family of each; of several of one family the last. */
export declare function perFamily(addresses: readonly IpAddress[]): PerFamily<IpAddress>;
export declare function ofFamily<T>({ ipv4, ipv6 }: PerFamily<T>, family: IpAddress["family"]): T | undefined;
/** What `change` makes of each that there is; undefined: nothing. */
export declare function mapFamilies<T, U>(values: PerFamily<T>, change: (value: T, family: IpAddress["family"]) => U | undefined): PerFamily<U>;
