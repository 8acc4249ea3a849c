/**
 * ICMPv6 (RFC 4443): type, code, checksum (16), which covers a pseudo header too; then for echo identifier and sequence number, for errors 4 bytes
 * and as much of the packet that caused them as fits into 1280 bytes. Types below 128 are errors. Offsets are 4-aligned, so the inner header is too.
 * The messages of neighbor discovery are in `ndp.ts`.
 */
import { combine, fold, sum } from "./checksum.js";
import * as icmp from "./icmp.js";
import { PROTO_ICMPV6, pseudoSum } from "./ipv6.js";
import { rawHalf } from "./raw.js";

export { PROTO_ICMPV6 };
export const HEADER_SIZE = 8;
export const UNREACHABLE = 1,
  PACKET_TOO_BIG = 2,
  TIME_EXCEEDED = 3,
  PARAMETER_PROBLEM = 4,
  ECHO = 128,
  ECHO_REPLY = 129;
/** Codes of UNREACHABLE (§3.1). */
export const NO_ROUTE = 0,
  PROHIBITED = 1,
  PORT_UNREACHABLE = 4;
/** Of multicast listeners: query, report, done (RFC 2710), and report of version 2 (RFC 3810). */
const MLD_FIRST = 130,
  MLD_LAST = 132,
  MLD_2 = 143;
/** Where the checksum is. */
export const CHECKSUM = 2;

/** Echo request or reply. */
export function isQuery(bytes: Uint8Array, off: number): boolean {
  return bytes[off] === ECHO || bytes[off] === ECHO_REPLY;
}

export function isRequest(bytes: Uint8Array, off: number): boolean {
  return bytes[off] === ECHO;
}

/** One of the four errors of RFC 4443 that quote the packet that caused them. */
export function isError(bytes: Uint8Array, off: number): boolean {
  return bytes[off]! >= UNREACHABLE && bytes[off]! <= PARAMETER_PROBLEM;
}

/** What a multicast listener or its router says. */
export function isMulticastListener(bytes: Uint8Array, off: number): boolean {
  return (bytes[off]! >= MLD_FIRST && bytes[off]! <= MLD_LAST) || bytes[off] === MLD_2;
}

/** Whether the checksum of the message of `len` bytes at `off`, in the packet whose header is at `ip`, is right. All of it lies in one piece. */
export function checksumOk(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, ip: number, off: number, len: number): boolean {
  return combine(pseudoSum(words, ip, PROTO_ICMPV6, len), sum(halves, bytes, off, len)) === 0xffff;
}

/** Computes and writes it. */
export function fillChecksum(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, ip: number, off: number, len: number): void {
  const c = (off + CHECKSUM) >> 1;
  halves[c] = 0;
  halves[c] = ~fold(pseudoSum(words, ip, PROTO_ICMPV6, len) + sum(halves, bytes, off, len)) & 0xffff;
}

/** Writes type, code and the 32 bits behind the checksum (host order) of an error. */
export function emitError(bytes: Uint8Array, halves: Uint16Array, off: number, kind: number, code: number, rest: number): void {
  bytes[off] = kind;
  bytes[off + 1] = code;
  halves[(off + 4) >> 1] = rawHalf(rest >>> 16);
  halves[(off + 6) >> 1] = rawHalf(rest & 0xffff);
}

/** The 32 bits behind the checksum, host order: of PACKET_TOO_BIG the MTU, of PARAMETER_PROBLEM the pointer. */
export function rest(halves: Uint16Array, off: number): number {
  return (rawHalf(halves[(off + 4) >> 1]!) << 16) | rawHalf(halves[(off + 6) >> 1]!);
}

/** No error of the other family says this. */
export const NONE = -1;

/** Type and code (type << 8 | code) that say of IPv6 what those of an ICMP error say of IPv4 (RFC 7915 §4.2); NONE. */
export function ofIcmp(kind: number, code: number): number {
  switch (kind) {
    case icmp.UNREACHABLE:
      if (code === 2) return (PARAMETER_PROBLEM << 8) | 1; // protocol
      if (code === 3) return (UNREACHABLE << 8) | PORT_UNREACHABLE;
      if (code === 4) return PACKET_TOO_BIG << 8;
      if (code === 9 || code === 10 || code === icmp.PROHIBITED || code === 15) return (UNREACHABLE << 8) | PROHIBITED;
      return code > 15 || code === 14 ? NONE : (UNREACHABLE << 8) | NO_ROUTE;
    case icmp.TIME_EXCEEDED:
      return (TIME_EXCEEDED << 8) | code;
    case icmp.PARAMETER_PROBLEM:
      return code === 0 || code === 2 ? PARAMETER_PROBLEM << 8 : NONE;
    default:
      return NONE;
  }
}

/** The reverse (RFC 7915 §5.2). */
export function toIcmp(kind: number, code: number): number {
  switch (kind) {
    case UNREACHABLE:
      if (code === PROHIBITED) return (icmp.UNREACHABLE << 8) | 10;
      if (code === PORT_UNREACHABLE) return (icmp.UNREACHABLE << 8) | 3;
      return code > PORT_UNREACHABLE ? NONE : (icmp.UNREACHABLE << 8) | 1;
    case PACKET_TOO_BIG:
      return (icmp.UNREACHABLE << 8) | 4;
    case TIME_EXCEEDED:
      return (icmp.TIME_EXCEEDED << 8) | code;
    case PARAMETER_PROBLEM:
      if (code === 0) return icmp.PARAMETER_PROBLEM << 8;
      return code === 1 ? (icmp.UNREACHABLE << 8) | 2 : NONE;
    default:
      return NONE;
  }
}
