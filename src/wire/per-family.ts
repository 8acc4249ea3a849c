/** What a network or an endpoint has of each address family: of one at least, of both at most. */
import type { IpAddress } from "./ip-address.js";

export interface PerFamily<T> {
  readonly ipv4?: T | undefined;
  readonly ipv6?: T | undefined;
}

/** What there is, IPv4 first. */
export function eachFamily<T>({ ipv4, ipv6 }: PerFamily<T>): T[] {
  return [ipv4, ipv6].filter((value) => value !== undefined);
}

/** By the family of each; of several of one family the last. */
export function perFamily(addresses: readonly IpAddress[]): PerFamily<IpAddress> {
  return Object.fromEntries(addresses.map((address) => [address.family === 4 ? "ipv4" : "ipv6", address]));
}

export function ofFamily<T>({ ipv4, ipv6 }: PerFamily<T>, family: IpAddress["family"]): T | undefined {
  return family === 4 ? ipv4 : ipv6;
}

/** What `change` makes of each that there is; undefined: nothing. */
export function mapFamilies<T, U>(values: PerFamily<T>, change: (value: T, family: IpAddress["family"]) => U | undefined): PerFamily<U> {
  const changed = (value: T | undefined, family: IpAddress["family"]): U | undefined =>
    value === undefined ? undefined : change(value, family);
  const [ipv4, ipv6] = [changed(values.ipv4, 4), changed(values.ipv6, 6)];
  return { ...(ipv4 !== undefined && { ipv4 }), ...(ipv6 !== undefined && { ipv6 }) };
}
