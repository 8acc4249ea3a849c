/** Which VNI, subnet and addresses something new gets, out of those that nobody has as far as is known. Whether that is so, the store decides. */
import { type AddressManager, chosenAddresses, givenAddresses, lowestFree } from "../model/addresses.js";
import type { Obstacle, Pool } from "../model/pools.js";
import { type NetworkRecord, networkWord } from "../model/records.js";
import { addressBits, formatPrefix, type IpAddress, type IpPrefix, prefixesOverlap, prefixOf } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { storeError } from "./store.js";

/** RFC 7348 §5: 24 bits. Docker's swarm begins here too: below are those that people give to VXLANs of their own. */
const FIRST_VNI = 4096;
export const MAX_VNI = 0xff_ffff;
/** As Docker's global pool has them. */
export const OVERLAY_POOLS: readonly Pool[] = [{ base: "10.0.0.0/8", size: 24 }];
/** Lengths of most subnets. */
const BUCKETS = { 4: 24, 6: 64 } as const;
/** Random addresses that are tried before all are gone through. */
const GUESSES = 32;

/** The lowest that no network has. */
export function freeVni(networks: Iterable<NetworkRecord>): number {
  const taken = new Set([...networks].map(({ overlay }) => overlay?.vni));
  for (let vni = FIRST_VNI; vni <= MAX_VNI; vni++) if (!taken.has(vni)) return vni;
  throw storeError("conflict", "no VNI is left", "remove a network");
}

/** Of networks that overlap a subnet one, in words. Thousands of subnets are asked for, so those that can be are looked up. */
export function otherNetwork(networks: Iterable<NetworkRecord>): Obstacle {
  const all: { prefix: IpPrefix; words: string }[] = [];
  const bySubnet = new Map<string, (typeof all)[number]>();
  const large: typeof all = [];
  const isLarge = ({ address, prefixLength }: IpPrefix): boolean => prefixLength < BUCKETS[address.family];
  const bucket = ({ address }: IpPrefix): string => formatPrefix(prefixOf(address, BUCKETS[address.family]));
  for (const network of networks)
    for (const { prefix } of eachFamily(network.subnets)) {
      const known = { prefix, words: `network ${networkWord(network)} (${formatPrefix(prefix)})` };
      all.push(known);
      if (isLarge(prefix)) large.push(known);
      else bySubnet.set(bucket(prefix), known);
    }
  return (subnet) => {
    const inside = isLarge(subnet) ? undefined : bySubnet.get(bucket(subnet));
    if (inside !== undefined && subnet.prefixLength === BUCKETS[subnet.address.family]) return inside.words;
    const others = inside !== undefined || isLarge(subnet) ? all : large;
    return others.find(({ prefix }) => prefixesOverlap(prefix, subnet))?.words ?? null;
  };
}

/** Who has a network's name, VNI, or a part of a subnet; undefined: nobody. */
export function rivalOf({ name, overlay, subnets }: NetworkRecord, others: readonly NetworkRecord[]): NetworkRecord | undefined {
  const overlap = (other: NetworkRecord): boolean => eachFamily(subnets).some(({ prefix }) => otherNetwork([other])(prefix) !== null);
  return others.find((other) => other.name === name || other.overlay?.vni === overlay?.vni || overlap(other));
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
