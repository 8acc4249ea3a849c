/**
 * IPv6 (RFC 8200), as far as a bridge looks at it that holds its stations to their addresses: 40 bytes of header, big-endian, of which version
 * (4 bits), payload length (16) at 4, next header (8) at 6, source at 8; then extension headers; and the few messages of ICMPv6 by which
 * stations find each other and their router (RFC 4861 §4). Headers lie at 4-aligned offsets. Precondition of every accessor: `check`
 * returned DROP_NONE for this header.
 */
import { DROP_IP_HEADER, DROP_NONE, DROP_TRUNCATED } from "./drop.js";
import { rawHalf } from "./raw.js";

export const HEADER_SIZE = 40;
export const PROTO_ICMPV6 = 58;
const PAYLOAD_LENGTH = 4,
  NEXT_HEADER = 6,
  SRC = 8;
/** Extension headers by number (IANA, "IPv6 Extension Header Types"). */
const HOP_BY_HOP = 0,
  ROUTING = 43,
  FRAGMENT = 44,
  AUTHENTICATION = 51,
  DESTINATION = 60,
  MOBILITY = 135,
  HIP = 139,
  SHIM6 = 140;
/** More in one packet is no honest traffic; the walk ends. */
const MAX_EXTENSIONS = 8;

/** ICMPv6 types (RFC 4861 §4). The first and the last one of discovery. */
export const ROUTER_SOLICITATION = 133,
  ROUTER_ADVERTISEMENT = 134,
  NEIGHBOR_SOLICITATION = 135,
  NEIGHBOR_ADVERTISEMENT = 136,
  REDIRECT = 137;
/** A solicitation and an advertisement of a neighbor: the address that it is about, and its end. */
export const TARGET = 8,
  DISCOVERY_SIZE = TARGET + 16;

/** DROP_NONE if `len` bytes at `off` start with a header whose payload length fits into them. */
export function check(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): number {
  if (len < HEADER_SIZE) return DROP_TRUNCATED;
  if (bytes[off]! >> 4 !== 6) return DROP_IP_HEADER;
  return HEADER_SIZE + payloadLength(halves, off) > len ? DROP_TRUNCATED : DROP_NONE;
}

/** Bytes behind the header of 40; 0 for a jumbogram (RFC 2675), which no device here has. */
export function payloadLength(halves: Uint16Array, off: number): number {
  return rawHalf(halves[(off + PAYLOAD_LENGTH) >> 1]!);
}

/** What `layer4` answers: it ends in a later fragment; the chain goes on behind the end, or is too long. */
export const LATER_FRAGMENT = -1,
  NO_END = -2;
/** Bits of its answer: bytes from the IPv6 header to layer 4 (0..14), first of several fragments, protocol. */
const OFFSET_MASK = 0x7fff,
  FIRST_FRAGMENT = 0x8000,
  PROTO_SHIFT = 16;

/**
 * Where the headers before layer 4 end: to be read by `layer4Offset`, `layer4Proto` and `isFirstFragment`; LATER_FRAGMENT or NO_END if that
 * cannot be said. `len` bytes at `off`, at most 0x7fff, may be looked at. A packet without its whole chain is none that a host takes (RFC 7112 §5).
 */
export function layer4(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): number {
  let next = bytes[off + NEXT_HEADER]!;
  let at = HEADER_SIZE;
  let fragment = 0;
  for (let n = 0; n <= MAX_EXTENSIONS; n++) {
    switch (next) {
      case HOP_BY_HOP:
      case ROUTING:
      case DESTINATION:
      case MOBILITY:
      case HIP:
      case SHIM6:
      case FRAGMENT:
      case AUTHENTICATION:
        break;
      default:
        return at > len ? NO_END : at | fragment | (next << PROTO_SHIFT);
    }
    if (at + 8 > len) return NO_END;
    const header = off + at;
    if (next === FRAGMENT) {
      const word = rawHalf(halves[(header + 2) >> 1]!);
      if (word >> 3 !== 0) return LATER_FRAGMENT;
      if ((word & 1) !== 0) fragment = FIRST_FRAGMENT;
      at += 8;
    } else {
      at += next === AUTHENTICATION ? (bytes[header + 1]! + 2) << 2 : (bytes[header + 1]! + 1) << 3;
    }
    next = bytes[header]!;
  }
  return NO_END;
}

export function layer4Offset(answer: number): number {
  return answer & OFFSET_MASK;
}

export function layer4Proto(answer: number): number {
  return answer >>> PROTO_SHIFT;
}

export function isFirstFragment(answer: number): boolean {
  return (answer & FIRST_FRAGMENT) !== 0;
}

/** Offset of the source address. */
export function srcAt(off: number): number {
  return off + SRC;
}

/** fe80::/10 (RFC 4291 §2.5.6); `at`: of the address. */
export function isLinkLocal(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xfe && (bytes[at + 1]! & 0xc0) === 0x80;
}

export function isMulticast(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0xff;
}

/** The unspecified address, "::". */
export function isUnspecified(words: Int32Array, at: number): boolean {
  const w = at >> 2;
  return (words[w]! | words[w + 1]! | words[w + 2]! | words[w + 3]!) === 0;
}

/** Whether the address at `at` is the link-local one that comes of the MAC (RFC 4291 Appendix A); `macHi`, `macLo` raw. */
export function isLinkLocalOf(halves: Uint16Array, at: number, macHi: number, macLo: number): boolean {
  const h = at >> 1;
  return (
    halves[h] === 0x80fe &&
    (halves[h + 1]! | halves[h + 2]! | halves[h + 3]!) === 0 &&
    halves[h + 4] === (macHi ^ 0x02) && // the universal bit, turned over
    halves[h + 5] === ((macLo & 0xff) | 0xff00) &&
    halves[h + 6] === (0xfe | (macLo & 0xff00)) &&
    halves[h + 7] === macLo >>> 16
  );
}
