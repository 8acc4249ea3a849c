/** Addresses of tests, which write them as text. */
import type { Subnet } from "../../src/control/network/subnet.js";
import { type IpAddress, type IpPrefix, parseIp, parsePrefix } from "../../src/wire/ip-address.js";

/** Throws for what is none. */
export function ip(text: string): IpAddress {
  const address = parseIp(text);
  if (address === null) throw new Error(`'${text}' is no address`);
  return address;
}

export function prefix(text: string): IpPrefix {
  const parsed = parsePrefix(text);
  if (parsed === null) throw new Error(`'${text}' is no prefix`);
  return parsed;
}

/** The gateway is the first address behind the network's own, unless another is given. */
export function subnet(text: string, gateway?: string): Subnet {
  const net = prefix(text);
  return { prefix: net, gateway: gateway === undefined ? { ...net.address, value: net.address.value + 1n } : ip(gateway) };
}
