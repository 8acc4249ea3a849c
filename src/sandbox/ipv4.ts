/** What networks of sandboxes have of IPv4, which all of them have. */
import type { Subnet } from "../control/network/subnet.js";
import type { EndpointRecord, NetworkRecord } from "../model/records.js";
import { formatIp, formatPrefix } from "../wire/ip-address.js";

/** As text. */
export interface Ipv4Network {
  subnet: string;
  prefixLength: number;
  gateway: string;
}

export function ipv4Of({ subnets }: NetworkRecord): Ipv4Network {
  const { prefix, gateway } = subnets.ipv4 as Subnet;
  return { subnet: formatPrefix(prefix), prefixLength: prefix.prefixLength, gateway: formatIp(gateway) };
}

/** "" for an endpoint of somebody else's without one. */
export function addressOf({ addresses: { ipv4 } }: EndpointRecord): string {
  return ipv4 === undefined ? "" : formatIp(ipv4);
}
