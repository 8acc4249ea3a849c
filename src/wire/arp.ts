/**
 * ARP for IPv4 over Ethernet (RFC 826). 28 bytes after the Ethernet header, big-endian: hardware type 1, protocol type 0x0800,
 * lengths 6 and 4, operation, sender MAC and IP, target MAC and IP. Fields are raw halves and words (`raw.ts`).
 */
import { DROP_NONE, DROP_TRUNCATED } from "./drop.js";

export const SIZE = 28;
const OPERATION = 6,
  SENDER_MAC = 8,
  SENDER_IP = 14,
  TARGET_MAC = 18,
  TARGET_IP = 24;
/** Operations as raw halves. */
export const REQUEST = 0x0100,
  REPLY = 0x0200;

/** DROP_NONE if `len` bytes are enough for a message of IPv4 over Ethernet, else the reason to drop. `isEthernetIpv4` says whether it is one. */
export function check(len: number): number {
  return len < SIZE ? DROP_TRUNCATED : DROP_NONE;
}

export function isEthernetIpv4(halves: Uint16Array, off: number): boolean {
  const h = off >> 1;
  return halves[h] === 0x0100 && halves[h + 1] === 0x0008 && halves[h + 2] === 0x0406;
}

export function operation(halves: Uint16Array, off: number): number {
  return halves[(off + OPERATION) >> 1]!;
}

/** Sender MAC bytes 0..1, raw. */
export function senderHi(halves: Uint16Array, off: number): number {
  return halves[(off + SENDER_MAC) >> 1]!;
}

/** Sender MAC bytes 2..5, raw. */
export function senderLo(halves: Uint16Array, off: number): number {
  const h = (off + SENDER_MAC) >> 1;
  return halves[h + 1]! | (halves[h + 2]! << 16);
}

export function senderIp(halves: Uint16Array, off: number): number {
  const h = (off + SENDER_IP) >> 1;
  return halves[h]! | (halves[h + 1]! << 16);
}

export function targetIp(halves: Uint16Array, off: number): number {
  const h = (off + TARGET_IP) >> 1;
  return halves[h]! | (halves[h + 1]! << 16);
}

/** Writes the sender's MAC. */
export function setSender(halves: Uint16Array, off: number, macHi: number, macLo: number): void {
  const h = (off + SENDER_MAC) >> 1;
  halves[h] = macHi;
  halves[h + 1] = macLo;
  halves[h + 2] = macLo >>> 16;
}

/** Writes the announcement that `macHi`/`macLo` has the address `ip` (RFC 5227 §2.3): a request for the sender's own. */
export function emitAnnouncement(halves: Uint16Array, off: number, macHi: number, macLo: number, ip: number): void {
  const h = off >> 1;
  halves[h] = 0x0100;
  halves[h + 1] = 0x0008;
  halves[h + 2] = 0x0406;
  halves[h + 3] = REQUEST;
  setSender(halves, off, macHi, macLo);
  halves[h + 7] = halves[h + 12] = ip;
  halves[h + 8] = halves[h + 13] = ip >>> 16;
  halves[h + 9] = halves[h + 10] = halves[h + 11] = 0;
}

/** Turns the request at `off` into the reply that `macHi`/`macLo` owns the address asked for (RFC 826, "Packet Reception"). */
export function makeReply(halves: Uint16Array, off: number, macHi: number, macLo: number): void {
  const ip = targetIp(halves, off);
  halves.copyWithin((off + TARGET_MAC) >> 1, (off + SENDER_MAC) >> 1, (off + SENDER_MAC + 10) >> 1);
  const h = (off + SENDER_MAC) >> 1;
  halves[h] = macHi;
  halves[h + 1] = macLo;
  halves[h + 2] = macLo >>> 16;
  halves[h + 3] = ip;
  halves[h + 4] = ip >>> 16;
  halves[(off + OPERATION) >> 1] = REPLY;
}
