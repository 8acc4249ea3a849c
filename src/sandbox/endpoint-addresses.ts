/** The addresses of an endpoint, with what its network says of each family; IPv4 first. */
import type { EndpointRecord, NetworkRecord } from "../model/records.js";
import { formatIp, formatPrefix, type IpAddress } from "../wire/ip-address.js";
import { eachFamily, mapFamilies, ofFamily } from "../wire/per-family.js";

export interface EndpointAddress {
  family: IpAddress["family"];
  /** `172.18.0.2` */
  address: string;
  prefixLength: number;
  /** `172.18.0.1` */
  gateway: string;
}

export function addressesOf({ addresses }: EndpointRecord, { subnets }: NetworkRecord): EndpointAddress[] {
  const all = mapFamilies(addresses, (address, family) => {
    const subnet = ofFamily(subnets, family);
    if (subnet === undefined) return undefined;
    const { prefix, gateway } = subnet;
    return { family, address: formatIp(address), prefixLength: prefix.prefixLength, gateway: formatIp(gateway) };
  });
  return eachFamily(all);
}

/** `172.18.0.0/16 or fd00:18::/64` */
export function rangesText({ subnets }: NetworkRecord): string {
  return eachFamily(subnets)
    .map(({ prefix }) => formatPrefix(prefix))
    .join(" or ");
}
