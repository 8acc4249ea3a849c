/** Which addresses networks and endpoints can have, and who decides which ones they get. Addresses are int32 in host order. */
import { TsproxyError } from "../errors.js";
import { type Cidr, contains, formatCidr, formatIpv4, lastAddress } from "../wire/ipv4-address.js";

const MIN_PREFIX = 8;
const MAX_PREFIX = 30;

/** Why the subnet cannot be a network's, and what to do; null when it can. */
export function subnetProblem({ address, prefixLength }: Cidr): { problem: string; hint: string } | null {
  if (prefixLength < MIN_PREFIX || prefixLength > MAX_PREFIX)
    return {
      problem: `/${prefixLength} is too ${prefixLength < MIN_PREFIX ? "large" : "small"}`,
      hint: `use a length from /${MIN_PREFIX} to /${MAX_PREFIX}`,
    };
  const top = address >>> 24; // 0 "this network", 127 loopback, 224 and up multicast or reserved (RFC 6890)
  if (top === 0 || top === 127 || top >= 224)
    return { problem: "reserved for other uses", hint: "use a private network, like 10.44.0.0/24" };
  return null;
}

/** Whether it can be a station's: the first and the last address of a network are not. */
export function isHostAddress(cidr: Cidr, address: number): boolean {
  return contains(cidr, address) && address !== cidr.address && address !== lastAddress(cidr);
}

/** A network as far as its addresses go, and who has which: endpoint ids by address. */
export interface AddressSpace {
  cidr: Cidr;
  gateway: number;
  /** Where addresses are taken that nobody named; undefined: the whole network. */
  range?: Cidr | undefined;
  taken: ReadonlyMap<number, string>;
}

/** Gives endpoints their addresses. Who has one keeps it as long as its record is there. */
export interface AddressManager {
  /** The address of a new endpoint: `wanted`, where one is. Throws TSP_ERR_ENDPOINT: invalid, or conflict for one that is taken. */
  claim(space: AddressSpace, wanted: number | undefined): number;
}

/** For a caller that manages addresses by itself, as container engines do: it names each, and it is checked. */
export const givenAddresses: AddressManager = {
  claim({ cidr, gateway, taken }, wanted) {
    if (wanted === undefined) throw refused("invalid", "the endpoint has no address");
    const text = formatIpv4(wanted);
    if (!isHostAddress(cidr, wanted)) throw refused("invalid", `address ${text} is no host's address in ${formatCidr(cidr)}`);
    if (wanted === gateway) throw refused("invalid", `address ${text} is the gateway's`);
    const owner = taken.get(wanted);
    if (owner !== undefined) throw refused("conflict", `address ${text} is that of endpoint ${owner}`);
    return wanted;
  },
};

/** The lowest address that is free, for who names none: so that what is started in the same order has the same addresses. */
export const lowestFree: AddressManager = {
  claim(space, wanted) {
    if (wanted !== undefined) return givenAddresses.claim(space, wanted);
    const { cidr, gateway, range = cidr, taken } = space;
    const last = lastAddress(range);
    for (let address = range.address; ; address++) {
      if (isHostAddress(cidr, address) && address !== gateway && !taken.has(address)) return address;
      if (address === last) break;
    }
    throw refused("conflict", `no address is left in ${formatCidr(range)}`);
  },
};

function refused(kind: "invalid" | "conflict", message: string): TsproxyError {
  return new TsproxyError("TSP_ERR_ENDPOINT", kind, message);
}
