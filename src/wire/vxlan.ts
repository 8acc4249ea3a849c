/**
 * VXLAN header, RFC 7348 §5. 8 bytes, big-endian: flags (8 bits), reserved (24), VNI (24), reserved (8). Behind it is an Ethernet frame, before it
 * UDP. Reserved bits mean nothing to who receives them (§5).
 * Precondition of every accessor: `check` returned DROP_NONE for this header.
 */
import { DROP_NONE, DROP_TRUNCATED, DROP_VXLAN_FLAGS } from "./drop.js";

export const HEADER_SIZE = 8;
/** UDP destination port (IANA; §5). */
export const PORT = 4789;
/** A network's identifier has 24 bits; 0 is one, but no network of ours has it. */
export const MAX_VNI = 0xff_ffff;
/** Source ports are of the dynamic range (§5, RFC 6335 §6): the first, and how many bits of a hash pick one. */
export const FIRST_SOURCE_PORT = 49152,
  SOURCE_PORT_BITS = 14;
const FLAGS = 0,
  VNI = 4,
  FLAG_I = 0x08;

/** DROP_NONE if the `len` bytes at `off` start with a valid header, else the reason to drop. */
export function check(bytes: Uint8Array, off: number, len: number): number {
  if (len < HEADER_SIZE) return DROP_TRUNCATED;
  return (bytes[off + FLAGS]! & FLAG_I) !== 0 ? DROP_NONE : DROP_VXLAN_FLAGS;
}

/** Network identifier, 0..2^24-1. */
export function vni(bytes: Uint8Array, off: number): number {
  return (bytes[off + VNI]! << 16) | (bytes[off + VNI + 1]! << 8) | bytes[off + VNI + 2]!;
}

/** Writes all 8 bytes, reserved ones as zero. `id` is 0..2^24-1. */
export function emit(bytes: Uint8Array, off: number, id: number): void {
  for (let i = 0; i < HEADER_SIZE; i++) bytes[off + i] = 0;
  bytes[off + FLAGS] = FLAG_I;
  bytes[off + VNI] = id >>> 16;
  bytes[off + VNI + 1] = id >>> 8;
  bytes[off + VNI + 2] = id;
}

/** First bytes of the MAC of a node's own address in a network, by which it knows what is for that: locally administered, and "ts". */
export const OWN_MAC: readonly number[] = [0x02, 0x74, 0x73];
