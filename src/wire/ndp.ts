/**
 * Neighbor discovery (RFC 4861 §4), messages of ICMPv6. A solicitation and an advertisement of a neighbor: type, code, checksum, 4 bytes (of the
 * advertisement flags), the target address, then options: type (8), length in 8 bytes (8), data. Offsets are 4-aligned.
 */
import { combine, delta, update } from "./checksum.js";
import * as icmpv6 from "./icmpv6.js";

/** ICMPv6 types. The first and the last one of discovery. */
export const ROUTER_SOLICITATION = 133,
  ROUTER_ADVERTISEMENT = 134,
  NEIGHBOR_SOLICITATION = 135,
  NEIGHBOR_ADVERTISEMENT = 136,
  REDIRECT = 137;
/** The address that a message about a neighbor is about, and its end. */
export const TARGET = 8,
  DISCOVERY_SIZE = TARGET + 16;
/** Of an advertisement that `makeAdvertisement` writes. */
export const ADVERTISEMENT_SIZE = DISCOVERY_SIZE + 8;
/** Hop limit of every message: none has passed a router (§7.1). */
export const HOP_LIMIT = 255;
/** Flags of an advertisement: from a router, asked for, to replace what is known. */
export const ROUTER = 0x80,
  SOLICITED = 0x40,
  OVERRIDE = 0x20;
const FLAGS = 4;
/** Options with the link-layer address of the sender, of the target. */
const SOURCE_LINK_LAYER = 1,
  TARGET_LINK_LAYER = 2;

export function isDiscovery(type: number): boolean {
  return type >= ROUTER_SOLICITATION && type <= REDIRECT;
}

/**
 * Whether the options of the message of `len` bytes at `off` name no other link-layer address than this one, and are whole (§6.1.1). Options begin at
 * `first`, counted from the message.
 */
export function namesOnly(
  bytes: Uint8Array,
  halves: Uint16Array,
  off: number,
  first: number,
  len: number,
  macHi: number,
  macLo: number,
): boolean {
  for (let at = first, size = 0; at < len; at += size) {
    size = optionSize(bytes, off, at, len);
    if (size === 0) return false;
    if (!isLinkLayer(bytes, off + at)) continue;
    const h = (off + at + 2) >> 1;
    if (halves[h] !== macHi || (halves[h + 1]! | (halves[h + 2]! << 16)) !== macLo) return false;
  }
  return true;
}

/**
 * Puts this link-layer address in place of those that the options name, and mends the checksum. Arguments as of `namesOnly`. From the
 * first option on that is not whole, they stay as they are.
 */
export function rename(
  bytes: Uint8Array,
  halves: Uint16Array,
  off: number,
  first: number,
  len: number,
  macHi: number,
  macLo: number,
): void {
  for (let at = first, size = 0; at < len; at += size) {
    size = optionSize(bytes, off, at, len);
    if (size === 0) return;
    if (!isLinkLayer(bytes, off + at)) continue;
    const h = (off + at + 2) >> 1;
    const c = (off + icmpv6.CHECKSUM) >> 1;
    const change = combine(delta(halves[h]!, macHi), delta(halves[h + 1]! | (halves[h + 2]! << 16), macLo));
    halves[c] = update(halves[c]!, change);
    halves[h] = macHi;
    halves[h + 1] = macLo;
    halves[h + 2] = macLo >>> 16;
  }
}

/** Bytes of the option that begins `at` bytes into the message of `len` bytes at `off`; 0: it is not whole (§6.1.1). */
function optionSize(bytes: Uint8Array, off: number, at: number, len: number): number {
  if (at + 8 > len) return 0;
  const size = bytes[off + at + 1]! << 3;
  return at + size > len ? 0 : size;
}

function isLinkLayer(bytes: Uint8Array, option: number): boolean {
  return bytes[option] === SOURCE_LINK_LAYER || bytes[option] === TARGET_LINK_LAYER;
}

/**
 * Writes an advertisement of ADVERTISEMENT_SIZE bytes over the solicitation at `off`, whose target stays: the target has this MAC. The header of the
 * packet, at `ip`, must be written before: the checksum covers its addresses.
 */
export function makeAdvertisement(
  bytes: Uint8Array,
  halves: Uint16Array,
  words: Int32Array,
  ip: number,
  off: number,
  flags: number,
  macHi: number,
  macLo: number,
): void {
  bytes[off] = NEIGHBOR_ADVERTISEMENT;
  bytes[off + 1] = 0;
  words[(off + FLAGS) >> 2] = flags;
  const option = off + DISCOVERY_SIZE;
  bytes[option] = TARGET_LINK_LAYER;
  bytes[option + 1] = 1;
  const h = (option + 2) >> 1;
  halves[h] = macHi;
  halves[h + 1] = macLo;
  halves[h + 2] = macLo >>> 16;
  icmpv6.fillChecksum(bytes, halves, words, ip, off, ADVERTISEMENT_SIZE);
}
