/** Which VNI, subnet and addresses something new gets, out of those that nobody has as far as is known. Whether that is so, the store decides. */
import { type AddressManager, chosenAddresses, givenAddresses, lowestFree } from "../model/addresses.js";
import type { NetworkRecord } from "../model/records.js";
import { addressBits, formatPrefix, type IpAddress, type IpPrefix, parsePrefix, prefixesOverlap } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { storeError } from "./store.js";

/** RFC 7348 §5: 24 bits. Docker's swarm begins here too: below are those that people give to VXLANs of their own. */
const FIRST_VNI = 4096;
export const MAX_VNI = 0xff_ffff;
/** As Docker's global pool: /24 out of this. */
const POOL = parsePrefix("10.0.0.0/8")!;
const POOL_LENGTH = 24;
/** Random addresses that are tried before all are gone through. */
const GUESSES = 32;

/** What is in a subnet's way, in words; null: nothing. */
export type Obstacle = (subnet: IpPrefix) => string | null;

/** The lowest that no network has. */
export function freeVni(networks: Iterable<NetworkRecord>): number {
  const taken = new Set([...networks].map(({ overlay }) => overlay?.vni));
  for (let vni = FIRST_VNI; vni <= MAX_VNI; vni++) if (!taken.has(vni)) return vni;
  throw storeError("conflict", "no VNI is left", "remove a network");
}

/** The first of the pool with nothing in its way; undefined: there is none. */
export function freeSubnet(obstacle: Obstacle): IpPrefix | undefined {
  const size = 1n << BigInt(addressBits(4) - POOL_LENGTH);
  for (let i = 0n; i < 1n << BigInt(POOL_LENGTH - POOL.prefixLength); i++) {
    const subnet: IpPrefix = { address: { family: 4, value: POOL.address.value + i * size }, prefixLength: POOL_LENGTH };
    if (obstacle(subnet) === null) return subnet;
  }
  return undefined;
}

/** Of networks that overlap a subnet the first, in words. */
export function otherNetwork(networks: Iterable<NetworkRecord>): Obstacle {
  const known = [...networks].flatMap(({ name, id, subnets }) =>
    eachFamily(subnets).map(({ prefix }) => ({ prefix, words: `network ${name ?? id} (${formatPrefix(prefix)})` })),
  );
  return (subnet) => known.find(({ prefix }) => prefixesOverlap(prefix, subnet))?.words ?? null;
}

/**
 * Gives any address that is free, for who met somebody that looked for one at the same time: the lowest (`chosenAddresses`) both would find again.
 */
export function anyAddress(random: () => number): AddressManager {
  return {
    claim(space, wanted) {
      if (wanted !== undefined) return givenAddresses.claim(space, wanted);
      const { range = space.prefix, taken } = space;
      const { family, value } = range.address;
      const bits = addressBits(family);
      const size = 2 ** Math.min(bits - range.prefixLength, 48);
      for (let i = 0; i < GUESSES; i++) {
        const address: IpAddress = { family, value: value + BigInt(Math.floor(random() * size)) };
        const found = lowestFree(space, taken, { address, prefixLength: bits });
        if (found !== null) return found;
      }
      return chosenAddresses.claim(space, undefined);
    },
  };
}
