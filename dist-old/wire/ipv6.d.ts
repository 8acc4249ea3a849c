export declare const HEADER_SIZE = 40;
export declare const PROTO_ICMPV6 = 58;
/** Offset of the next header's number. */
export declare const NEXT_HEADER_AT = 6;
/** Words of the header, counted from it: payload length, next header and hop limit; the addresses, of four words each. */
export declare const SECOND_WORD = 1, SRC_WORD = 2, DST_WORD = 6;
/** The least that every link carries in one piece, in bytes (§5). */
export declare const MIN_MTU = 1280;
/** Number and size of the fragment header. */
export declare const FRAGMENT = 44, FRAGMENT_SIZE = 8;
/** DROP_NONE if `len` bytes at `off` start with a header whose payload length fits into them. */
export declare function check(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): number;
/** Bytes behind the header of 40; 0 for a jumbogram (RFC 2675), which no device here has. */
export declare function payloadLength(halves: Uint16Array, off: number): number;
/** `length`: bytes behind the header of 40. */
export declare function setPayloadLength(halves: Uint16Array, off: number, length: number): void;
export declare function hopLimit(bytes: Uint8Array, off: number): number;
/** Protocol behind the header, or number of the first extension header. */
export declare function nextHeader(bytes: Uint8Array, off: number): number;
/** Precondition: it is above 0. */
export declare function decrementHopLimit(bytes: Uint8Array, off: number): void;
/** Writes a header but for its addresses; traffic class and flow label 0. `payload`: bytes behind it. */
export declare function emit(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, off: number, payload: number, next: number, hops: number): void;
/** Class and explicit congestion notification, as TOS is of IPv4. */
export declare function trafficClass(bytes: Uint8Array, off: number): number;
/** Flow label 0. */
export declare function setTrafficClass(bytes: Uint8Array, off: number, value: number): void;
/**
 * Writes a fragment header at `at`: protocol, place in the datagram as IPv4 has it (`ipv4.fragmentPlace`, without DF), and identification, a raw half of
 * IPv4, in the low-order half (RFC 7915 §4.1).
 */
export declare function emitFragment(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, at: number, proto: number, place: number, id: number): void;
/** Says of the fragment header at `at` where its fragment belongs: `offset` in bytes, a multiple of 8. */
export declare function setFragment(halves: Uint16Array, at: number, offset: number, more: boolean): void;
/** Of the headers from `off` on, says in the last one before `end` that `next` follows; answers what followed. Precondition: `layer4` has walked them. */
export declare function setLastNextHeader(bytes: Uint8Array, off: number, end: number, next: number): number;
/** Folded sum of the pseudo header (§8.1) for `len` bytes of protocol `proto`. */
export declare function pseudoSum(words: Int32Array, off: number, proto: number, len: number): number;
/**
 * What `layer4` answers: it ends in a later fragment; the chain goes on behind the end, is too long, or has hop-by-hop options that are not the
 * first; it has a routing header of type 0, which is not to be followed any more (RFC 5095).
 */
export declare const LATER_FRAGMENT = -1, NO_END = -2, ROUTING_0 = -3;
/**
 * Where the headers before layer 4 end: to be read by `layer4Offset`, `layer4Proto` and `isFirstFragment`; one of the above if that cannot be
 * said. `len` bytes at `off`, at most 0x7fff, may be looked at. A packet without its whole chain is none that a host takes (RFC 7112 §5).
 */
export declare function layer4(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): number;
export declare function layer4Offset(answer: number): number;
export declare function layer4Proto(answer: number): number;
export declare function isFirstFragment(answer: number): boolean;
/**
 * Offset of the fragment header of the packet at `off` (§4.5), or -1. Precondition: `layer4` has walked the same `len` bytes, and did not answer NO_END.
 * The header: next header (8), reserved (8), offset (13), reserved (2), more (1), identification (32).
 */
export declare function fragmentAt(bytes: Uint8Array, off: number, len: number): number;
/** Of the fragment header at `at`: raw word that tells the packets between two addresses apart. */
export declare function identification(words: Int32Array, at: number): number;
/** Of the fragment header at `at`: offset in bytes, and whether more follow. */
export declare function fragmentOffset(halves: Uint16Array, at: number): number;
export declare function moreFragments(bytes: Uint8Array, at: number): boolean;
/** Offset of the source address. */
export declare function srcAt(off: number): number;
export declare function dstAt(off: number): number;
/** fe80::/10 (RFC 4291 §2.5.6); `at`: of the address. */
export declare function isLinkLocal(bytes: Uint8Array, at: number): boolean;
export declare function isMulticast(bytes: Uint8Array, at: number): boolean;
/** The unspecified address, "::". */
export declare function isUnspecified(words: Int32Array, at: number): boolean;
/** Whether the address at `at` is the link-local one that comes of the MAC (RFC 4291 Appendix A); `macHi`, `macLo` raw. */
export declare function isLinkLocalOf(halves: Uint16Array, at: number, macHi: number, macLo: number): boolean;
/** The link-local address of a MAC, as four raw words at `to[at]`. */
export declare function putLinkLocal(to: Int32Array, at: number, macHi: number, macLo: number): void;
/** Raw `Hi` and `Lo` (`ethernet.ts`) of the MAC that the link-local address at `at` comes of. Precondition: it has ff:fe in its middle (`hasMac`). */
export declare function macHiOf(halves: Uint16Array, at: number): number;
export declare function macLoOf(bytes: Uint8Array, at: number): number;
/** Whether the address is a link-local one that comes of a MAC. */
export declare function hasMac(bytes: Uint8Array, halves: Uint16Array, at: number): boolean;
/** Of whole words of the header, as in `ipv4.ts`: of the first; of SECOND_WORD, whose lower half is the payload length. */
export declare function isVersion6(firstWord: number): boolean;
export declare function trafficClassOf(firstWord: number): number;
export declare function payloadLengthOf(secondWord: number): number;
export declare function nextHeaderOf(secondWord: number): number;
export declare function hopLimitOf(secondWord: number): number;
/** The second word with `hops` off the hop limit. */
export declare function secondWordAfter(secondWord: number, hops: number): number;
