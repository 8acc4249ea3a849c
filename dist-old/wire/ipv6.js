/**
 * IPv6 (RFC 8200): 40 bytes of header, big-endian: version (4 bits), traffic class (8), flow label (20), payload length (16) at 4, next header (8)
 * at 6, hop limit (8) at 7, source at 8, destination at 24; then extension headers. It has no checksum. Headers lie at 4-aligned offsets.
 * Precondition of every accessor: `check` returned DROP_NONE for this header.
 */
import { fold } from "./checksum.js";
import { DROP_IP_HEADER, DROP_NONE, DROP_TRUNCATED } from "./drop.js";
import { rawHalf } from "./raw.js";
export const HEADER_SIZE = 40;
export const PROTO_ICMPV6 = 58;
const PAYLOAD_LENGTH = 4, NEXT_HEADER = 6, HOP_LIMIT = 7, SRC = 8, DST = 24;
/** Offset of the next header's number. */
export const NEXT_HEADER_AT = NEXT_HEADER;
/** Words of the header, counted from it: payload length, next header and hop limit; the addresses, of four words each. */
export const SECOND_WORD = 1, SRC_WORD = 2, DST_WORD = 6;
/** The least that every link carries in one piece, in bytes (§5). */
export const MIN_MTU = 1280;
/** Extension headers by number (IANA, "IPv6 Extension Header Types"). */
const HOP_BY_HOP = 0, ROUTING = 43, AUTHENTICATION = 51, DESTINATION = 60, MOBILITY = 135, HIP = 139, SHIM6 = 140;
/** More in one packet is no honest traffic; the walk ends. */
const MAX_EXTENSIONS = 8;
/** Number and size of the fragment header. */
export const FRAGMENT = 44, FRAGMENT_SIZE = 8;
/** DROP_NONE if `len` bytes at `off` start with a header whose payload length fits into them. */
export function check(bytes, halves, off, len) {
    if (len < HEADER_SIZE)
        return DROP_TRUNCATED;
    if (bytes[off] >> 4 !== 6)
        return DROP_IP_HEADER;
    return HEADER_SIZE + payloadLength(halves, off) > len ? DROP_TRUNCATED : DROP_NONE;
}
/** Bytes behind the header of 40; 0 for a jumbogram (RFC 2675), which no device here has. */
export function payloadLength(halves, off) {
    return rawHalf(halves[(off + PAYLOAD_LENGTH) >> 1]);
}
/** `length`: bytes behind the header of 40. */
export function setPayloadLength(halves, off, length) {
    halves[(off + PAYLOAD_LENGTH) >> 1] = rawHalf(length);
}
export function hopLimit(bytes, off) {
    return bytes[off + HOP_LIMIT];
}
/** Protocol behind the header, or number of the first extension header. */
export function nextHeader(bytes, off) {
    return bytes[off + NEXT_HEADER];
}
/** Precondition: it is above 0. */
export function decrementHopLimit(bytes, off) {
    bytes[off + HOP_LIMIT] = bytes[off + HOP_LIMIT] - 1;
}
/** Writes a header but for its addresses; traffic class and flow label 0. `payload`: bytes behind it. */
export function emit(bytes, halves, words, off, payload, next, hops) {
    words[off >> 2] = 0x60;
    halves[(off + PAYLOAD_LENGTH) >> 1] = rawHalf(payload);
    bytes[off + NEXT_HEADER] = next;
    bytes[off + HOP_LIMIT] = hops;
}
/** Class and explicit congestion notification, as TOS is of IPv4. */
export function trafficClass(bytes, off) {
    return ((bytes[off] << 4) & 0xf0) | (bytes[off + 1] >> 4);
}
/** Flow label 0. */
export function setTrafficClass(bytes, off, value) {
    bytes[off] = 0x60 | (value >> 4);
    bytes[off + 1] = (value << 4) & 0xf0;
}
/**
 * Writes a fragment header at `at`: protocol, place in the datagram as IPv4 has it (`ipv4.fragmentPlace`, without DF), and identification, a raw half of
 * IPv4, in the low-order half (RFC 7915 §4.1).
 */
export function emitFragment(bytes, halves, words, at, proto, place, id) {
    bytes[at] = proto;
    bytes[at + 1] = 0;
    halves[(at + 2) >> 1] = rawHalf(((place << 3) & 0xfff8) | (place >> 13));
    words[(at + 4) >> 2] = id << 16;
}
/** Says of the fragment header at `at` where its fragment belongs: `offset` in bytes, a multiple of 8. */
export function setFragment(halves, at, offset, more) {
    halves[(at + 2) >> 1] = rawHalf(offset | (more ? 1 : 0));
}
/** Of the headers from `off` on, says in the last one before `end` that `next` follows; answers what followed. Precondition: `layer4` has walked them. */
export function setLastNextHeader(bytes, off, end, next) {
    let field = off + NEXT_HEADER;
    for (let at = off + HEADER_SIZE; at < end;) {
        const size = bytes[field] === AUTHENTICATION ? (bytes[at + 1] + 2) << 2 : (bytes[at + 1] + 1) << 3;
        field = at;
        at += size;
    }
    const before = bytes[field];
    bytes[field] = next;
    return before;
}
/** Folded sum of the pseudo header (§8.1) for `len` bytes of protocol `proto`. */
export function pseudoSum(words, off, proto, len) {
    let sum = rawHalf(proto) + rawHalf(len);
    const w = (off + SRC) >> 2;
    for (let k = 0; k < 8; k++)
        sum += (words[w + k] & 0xffff) + (words[w + k] >>> 16);
    return fold(sum);
}
/**
 * What `layer4` answers: it ends in a later fragment; the chain goes on behind the end, is too long, or has hop-by-hop options that are not the
 * first; it has a routing header of type 0, which is not to be followed any more (RFC 5095).
 */
export const LATER_FRAGMENT = -1, NO_END = -2, ROUTING_0 = -3;
/** Bits of its answer: bytes from the IPv6 header to layer 4 (0..14), first of several fragments, protocol. */
const OFFSET_MASK = 0x7fff, FIRST_FRAGMENT = 0x8000, PROTO_SHIFT = 16;
/**
 * Where the headers before layer 4 end: to be read by `layer4Offset`, `layer4Proto` and `isFirstFragment`; one of the above if that cannot be
 * said. `len` bytes at `off`, at most 0x7fff, may be looked at. A packet without its whole chain is none that a host takes (RFC 7112 §5).
 */
export function layer4(bytes, halves, off, len) {
    let next = bytes[off + NEXT_HEADER];
    let at = HEADER_SIZE;
    let fragment = 0;
    for (let n = 0; n <= MAX_EXTENSIONS; n++) {
        switch (next) {
            case HOP_BY_HOP:
                if (n > 0)
                    return NO_END;
                break;
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
        if (at + 8 > len)
            return NO_END;
        const header = off + at;
        if (next === ROUTING && bytes[header + 2] === 0)
            return ROUTING_0;
        if (next === FRAGMENT) {
            const word = rawHalf(halves[(header + 2) >> 1]);
            if (word >> 3 !== 0)
                return LATER_FRAGMENT;
            if ((word & 1) !== 0)
                fragment = FIRST_FRAGMENT;
            at += 8;
        }
        else {
            at += next === AUTHENTICATION ? (bytes[header + 1] + 2) << 2 : (bytes[header + 1] + 1) << 3;
        }
        next = bytes[header];
    }
    return NO_END;
}
export function layer4Offset(answer) {
    return answer & OFFSET_MASK;
}
export function layer4Proto(answer) {
    return answer >>> PROTO_SHIFT;
}
export function isFirstFragment(answer) {
    return (answer & FIRST_FRAGMENT) !== 0;
}
/**
 * Offset of the fragment header of the packet at `off` (§4.5), or -1. Precondition: `layer4` has walked the same `len` bytes, and did not answer NO_END.
 * The header: next header (8), reserved (8), offset (13), reserved (2), more (1), identification (32).
 */
export function fragmentAt(bytes, off, len) {
    let next = bytes[off + NEXT_HEADER];
    let at = HEADER_SIZE;
    while (at + 8 <= len) {
        const header = off + at;
        switch (next) {
            case FRAGMENT:
                return header;
            case HOP_BY_HOP:
            case ROUTING:
            case DESTINATION:
            case MOBILITY:
            case HIP:
            case SHIM6:
                at += (bytes[header + 1] + 1) << 3;
                break;
            case AUTHENTICATION:
                at += (bytes[header + 1] + 2) << 2;
                break;
            default:
                return -1;
        }
        next = bytes[header];
    }
    return -1;
}
/** Of the fragment header at `at`: raw word that tells the packets between two addresses apart. */
export function identification(words, at) {
    return words[(at + 4) >> 2];
}
/** Of the fragment header at `at`: offset in bytes, and whether more follow. */
export function fragmentOffset(halves, at) {
    return rawHalf(halves[(at + 2) >> 1]) & 0xfff8;
}
export function moreFragments(bytes, at) {
    return (bytes[at + 3] & 1) !== 0;
}
/** Offset of the source address. */
export function srcAt(off) {
    return off + SRC;
}
export function dstAt(off) {
    return off + DST;
}
/** fe80::/10 (RFC 4291 §2.5.6); `at`: of the address. */
export function isLinkLocal(bytes, at) {
    return bytes[at] === 0xfe && (bytes[at + 1] & 0xc0) === 0x80;
}
export function isMulticast(bytes, at) {
    return bytes[at] === 0xff;
}
/** The unspecified address, "::". */
export function isUnspecified(words, at) {
    const w = at >> 2;
    return (words[w] | words[w + 1] | words[w + 2] | words[w + 3]) === 0;
}
/** Whether the address at `at` is the link-local one that comes of the MAC (RFC 4291 Appendix A); `macHi`, `macLo` raw. */
export function isLinkLocalOf(halves, at, macHi, macLo) {
    const h = at >> 1;
    return (halves[h] === 0x80fe &&
        (halves[h + 1] | halves[h + 2] | halves[h + 3]) === 0 &&
        halves[h + 4] === (macHi ^ 0x02) && // the universal bit, turned over
        halves[h + 5] === ((macLo & 0xff) | 0xff00) &&
        halves[h + 6] === (0xfe | (macLo & 0xff00)) &&
        halves[h + 7] === macLo >>> 16);
}
/** The link-local address of a MAC, as four raw words at `to[at]`. */
export function putLinkLocal(to, at, macHi, macLo) {
    to[at] = 0x80fe;
    to[at + 1] = 0;
    to[at + 2] = (macHi ^ 0x02) | ((macLo & 0xff) << 16) | 0xff00_0000;
    to[at + 3] = 0xfe | (macLo & 0xff00) | (macLo & 0xffff_0000);
}
/** Raw `Hi` and `Lo` (`ethernet.ts`) of the MAC that the link-local address at `at` comes of. Precondition: it has ff:fe in its middle (`hasMac`). */
export function macHiOf(halves, at) {
    return halves[(at >> 1) + 4] ^ 0x02;
}
export function macLoOf(bytes, at) {
    return bytes[at + 10] | (bytes[at + 13] << 8) | (bytes[at + 14] << 16) | (bytes[at + 15] << 24);
}
/** Whether the address is a link-local one that comes of a MAC. */
export function hasMac(bytes, halves, at) {
    const h = at >> 1;
    return (halves[h] === 0x80fe && (halves[h + 1] | halves[h + 2] | halves[h + 3]) === 0 && bytes[at + 11] === 0xff && bytes[at + 12] === 0xfe);
}
/** Of whole words of the header, as in `ipv4.ts`: of the first; of SECOND_WORD, whose lower half is the payload length. */
export function isVersion6(firstWord) {
    return (firstWord & 0xf0) === 0x60;
}
export function trafficClassOf(firstWord) {
    return ((firstWord << 4) & 0xf0) | ((firstWord >>> 12) & 0x0f);
}
export function payloadLengthOf(secondWord) {
    return ((secondWord & 0xff) << 8) | ((secondWord >>> 8) & 0xff);
}
export function nextHeaderOf(secondWord) {
    return (secondWord >>> 16) & 0xff;
}
export function hopLimitOf(secondWord) {
    return secondWord >>> 24;
}
/** The second word with `hops` off the hop limit. */
export function secondWordAfter(secondWord, hops) {
    return (secondWord - (hops << 24)) | 0;
}
//# sourceMappingURL=ipv6.js.map