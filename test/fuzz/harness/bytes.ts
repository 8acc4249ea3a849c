/** Header fields read straight from bytes, and checksums summed over the whole: the fuzzer's own reading, none of `src/wire`. Numbers in network order. */
import type { Packet } from "./packet.js";

export const VNET = 10,
  ETH = 14;
export const ICMP = 1,
  TCP = 6,
  UDP = 17,
  ICMPV6 = 58,
  SCTP = 132;

export function u16(b: Uint8Array, at: number): number {
  return (b[at]! << 8) | b[at + 1]!;
}

/** Little-endian, as in the virtio-net header. */
export function le16(b: Uint8Array, at: number): number {
  return b[at]! | (b[at + 1]! << 8);
}

export function setLe16(b: Uint8Array, at: number, value: number): void {
  b[at] = value & 0xff;
  b[at + 1] = (value >> 8) & 0xff;
}

export function set16(b: Uint8Array, at: number, value: number): void {
  b[at] = (value >> 8) & 0xff;
  b[at + 1] = value & 0xff;
}

/** Address at `at` as a raw word, the form in which the world knows addresses. */
export function word(b: Uint8Array, at: number): number {
  return b[at]! | (b[at + 1]! << 8) | (b[at + 2]! << 16) | (b[at + 3]! << 24);
}

/** Sum of big-endian halves from `from` to `to`, not folded. */
export function sum(b: Uint8Array, from: number, to: number): number {
  let s = 0;
  let i = from;
  for (; i + 1 < to; i += 2) s += (b[i]! << 8) | b[i + 1]!;
  if (i < to) s += b[i]! << 8;
  return s;
}

export function fold(s: number): number {
  while (s > 0xffff) s = (s & 0xffff) + Math.floor(s / 0x10000);
  return s;
}

/** Place of the checksum in a layer-4 header; -1: none known. */
export function checksumAt(proto: number): number {
  return proto === TCP ? 16 : proto === UDP ? 6 : -1;
}

export function ipChecksumRight(b: Uint8Array, ip: number): boolean {
  return fold(sum(b, ip, ip + (b[ip]! & 15) * 4)) === 0xffff;
}

/** Whether the layer-4 checksum is to be completed by whoever puts the frame on a wire. */
export function isPartial(b: Uint8Array, at: number): boolean {
  return (b[at]! & 1) !== 0;
}

export const WRONG = 0,
  RIGHT = 1;
const NONE = 2;

/**
 * The layer-4 checksum of the packet, no fragment, in the frame at `at`: RIGHT, WRONG, or NONE where there is none. A partial one is right when it is the
 * sum of the pseudo header, at its place. `tail`: what follows the `head` bytes that lie here.
 */
export function l4Checksum(b: Uint8Array, at: number, packet: Packet, head: number, tail: Uint8Array | null, tailFrom: number): number {
  const { version, ip, proto, l4, end } = packet;
  const len = end - l4;
  const isIcmp = proto === (version === 4 ? ICMP : ICMPV6);
  const place = isIcmp ? 2 : checksumAt(proto);
  if (place === -1 || len < (proto === TCP ? 20 : 8)) return NONE;
  const addresses = version === 4 ? sum(b, ip + 12, ip + 20) : sum(b, ip + 8, ip + 40);
  const pseudo = isIcmp && version === 4 ? 0 : addresses + proto + len;
  if (isPartial(b, at)) {
    if (isIcmp || le16(b, at + 6) !== l4 - at - VNET || le16(b, at + 8) !== place) return WRONG;
    return u16(b, l4 + place) === fold(pseudo) ? RIGHT : WRONG;
  }
  if (proto === UDP && u16(b, l4 + 6) === 0) return NONE;
  const here = Math.min(end, at + head);
  let s = pseudo + sum(b, l4, here);
  if (end > here) {
    if (((here - l4) & 1) !== 0) return NONE; // not worth the trouble: heads are even
    s += sum(tail!, tailFrom, tailFrom + end - here);
  }
  return fold(s) === 0xffff ? RIGHT : WRONG;
}
