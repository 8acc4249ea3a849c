/** Which addresses networks and endpoints can have, and who decides which ones they get. */
import type { Subnet } from "../control/network/subnet.js";
import { TsproxyError } from "../errors.js";
import {
  formatIp,
  formatPrefix,
  type IpAddress,
  type IpPrefix,
  isUnspecified,
  lastOf,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  sameIp,
} from "../wire/ip-address.js";

/** Of IPv4 at least two stations; of IPv6 no more than a provider is given (RFC 6177), and two stations besides the first address. */
const LENGTHS = { 4: { min: 8, max: 30 }, 6: { min: 32, max: 126 } };
const EXAMPLES = { 4: "10.44.0.0/24", 6: "fd00:44::/64" };
/** RFC 6890, IANA's registries of special-purpose addresses. The first that matches says what it is. */
const RESERVED = [
  ["0.0.0.0/8", "reserved for other uses"],
  ["127.0.0.0/8", "reserved for other uses"],
  ["224.0.0.0/3", "reserved for other uses"],
  ["::1/128", "the host's own loopback address"],
  ["::ffff:0:0/96", "IPv4 addresses in the form of IPv6"],
  ["64:ff9b::/32", "reserved for IPv4 addresses behind a translator"],
  ["::/8", "reserved for other uses"],
  ["100::/64", "reserved for what is to be discarded"],
  ["fe80::/10", "link-local: such addresses belong to each interface by itself"],
  ["fec0::/10", "site-local, which is withdrawn (RFC 3879)"],
  ["ff00::/8", "multicast"],
].map(([text, problem]) => ({ prefix: parsePrefix(text!)!, problem: problem! }));

/** Why the subnet cannot be a network's, and what to do; null when it can. */
export function subnetProblem(prefix: IpPrefix): { problem: string; hint: string } | null {
  const { family } = prefix.address;
  const reserved = RESERVED.find(({ prefix: other }) => prefixContains(other, prefix.address) && prefixesOverlap(other, prefix));
  if (reserved !== undefined && !isUnspecified(prefix.address))
    return { problem: reserved.problem, hint: `use a private network, like ${EXAMPLES[family]}` };
  const { min, max } = LENGTHS[family];
  if (prefix.prefixLength < min || prefix.prefixLength > max)
    return {
      problem: `/${prefix.prefixLength} is too ${prefix.prefixLength < min ? "large" : "small"}`,
      hint: `use a length from /${min} to /${max}`,
    };
  return reserved === undefined ? null : { problem: reserved.problem, hint: `use a private network, like ${EXAMPLES[family]}` };
}

/**
 * Whether it can be a station's. The first address of a network cannot: it is the network itself, of IPv6 the anycast address of its routers
 * (RFC 4291 §2.6.1); nor, of IPv4, the last, which is for broadcast.
 */
export function isHostAddress(prefix: IpPrefix, address: IpAddress): boolean {
  return prefixContains(prefix, address) && !sameIp(address, prefix.address) && !(address.family === 4 && sameIp(address, lastOf(prefix)));
}

/**
 * The lowest address that neither the gateway nor one of `taken` (addresses as numbers) has; null when there is none. In `range`, where one is
 * given, which is a part of the network.
 */
export function lowestFree({ prefix, gateway }: Subnet, taken: { has(value: bigint): boolean }, range = prefix): IpAddress | null {
  const { family } = prefix.address;
  const last = lastOf(range).value;
  for (let value = range.address.value; value <= last; value++) {
    const address = { family, value };
    if (value !== gateway.value && !taken.has(value) && isHostAddress(prefix, address)) return address;
  }
  return null;
}

/** A gateway's where nobody named one: the first of the range, but for the network's own. */
export function firstAddress(subnet: IpPrefix, range = subnet): IpAddress {
  const { family, value } = range.address;
  return { family, value: value === subnet.address.value ? value + 1n : value };
}

/** A network as far as its addresses of one family go, and who has which, in words for people, by address as a number. */
export interface AddressSpace extends Subnet {
  /** Where addresses are taken that nobody named; undefined: the whole network. */
  range?: IpPrefix | undefined;
  taken: ReadonlyMap<bigint, string>;
}

/** Gives endpoints their addresses. Who has one keeps it as long as its record is there. */
export interface AddressManager {
  /** The address of a new endpoint: `wanted`, where one is. Throws TSP_ERR_ENDPOINT: invalid, or conflict for one that is taken. */
  claim(space: AddressSpace, wanted: IpAddress | undefined): IpAddress;
}

/** For a caller that manages addresses by itself, as container engines do: it names each, and it is checked. */
export const givenAddresses: AddressManager = {
  claim({ prefix, gateway, taken }, wanted) {
    if (wanted === undefined) throw refused("invalid", `the endpoint has no address in ${formatPrefix(prefix)}`);
    const text = formatIp(wanted);
    if (!isHostAddress(prefix, wanted)) throw refused("invalid", `address ${text} is no host's address in ${formatPrefix(prefix)}`);
    if (sameIp(wanted, gateway)) throw refused("invalid", `address ${text} is the gateway's`);
    const owner = taken.get(wanted.value);
    if (owner !== undefined) throw refused("conflict", `address ${text} is that of ${owner}`);
    return wanted;
  },
};

/** For who names no address: the lowest that is free, so that what is started in the same order has the same addresses. */
export const chosenAddresses: AddressManager = {
  claim(space, wanted) {
    if (wanted !== undefined) return givenAddresses.claim(space, wanted);
    const address = lowestFree(space, space.taken, space.range);
    if (address === null) {
      const where = formatPrefix(space.range ?? space.prefix);
      throw refused("conflict", `no address is left in ${where}`, "remove an endpoint, or make a larger network");
    }
    return address;
  },
};

function refused(kind: "invalid" | "conflict", message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_ENDPOINT", kind, message, hint);
}
