export declare const MIN_HEADER_SIZE = 20;
/** Version 4 and no options: the first byte of nearly every header. */
export declare const PLAIN_FIRST_BYTE = 69;
export declare const PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_SCTP = 132;
/** Protocols that ports are published of, by the name that people write. */
export declare const PROTOCOLS: {
    readonly tcp: 6;
    readonly udp: 17;
    readonly sctp: 132;
};
export type Proto = keyof typeof PROTOCOLS;
/** The name of a protocol that has ports, or undefined. */
export declare function protoName(proto: number): Proto | undefined;
/** DROP_NONE if `len` bytes at `off` start with a header whose IHL and total length fit into them. */
export declare function check(bytes: Uint8Array, off: number, len: number): number;
/** Whether the header checksum is right. */
export declare function checksumOk(bytes: Uint8Array, halves: Uint16Array, off: number): boolean;
/** Bytes, options included. */
export declare function headerSize(bytes: Uint8Array, off: number): number;
export declare function totalLength(bytes: Uint8Array, off: number): number;
export declare function ttl(bytes: Uint8Array, off: number): number;
export declare function protocol(bytes: Uint8Array, off: number): number;
/** First fragment of several, or a later one. */
export declare function isFragment(halves: Uint16Array, off: number): boolean;
/** A fragment other than the first: it has no layer-4 header. */
export declare function isLaterFragment(halves: Uint16Array, off: number): boolean;
/** Where the fragment's payload lies in the datagram's, in bytes: a multiple of 8. */
export declare function fragmentOffset(halves: Uint16Array, off: number): number;
/** A fragment other than the last. */
export declare function hasMoreFragments(halves: Uint16Array, off: number): boolean;
export declare function tos(bytes: Uint8Array, off: number): number;
/** Raw half. */
export declare function identification(halves: Uint16Array, off: number): number;
/** DONT_FRAGMENT, MORE_FRAGMENTS and the fragment's offset in 8 bytes, host order. */
export declare function fragmentPlace(halves: Uint16Array, off: number): number;
/** Whether a router may fragment it. */
export declare function mayFragment(halves: Uint16Array, off: number): boolean;
/**
 * Makes the header that of the fragment which begins `done` bytes into the data of a datagram, or of a fragment, whose `fragmentPlace` is `place`;
 * `total` bytes long; `more`: others follow. A last one of a fragment has more behind it if that had.
 */
export declare function setFragment(bytes: Uint8Array, halves: Uint16Array, off: number, total: number, place: number, done: number, more: boolean): void;
/** Of a header of `size` bytes: options that belong into the first fragment alone become "no operation" (RFC 791 §3.1, the copied flag). */
export declare function dropOptionsOfFirst(bytes: Uint8Array, off: number, size: number): void;
/** What tells the datagrams between two addresses apart: identification, raw, and protocol above it. */
export declare function datagram(bytes: Uint8Array, halves: Uint16Array, off: number): number;
export declare function src(words: Int32Array, off: number): number;
export declare function dst(words: Int32Array, off: number): number;
/** 255.255.255.255, raw. */
export declare const BROADCAST = -1;
/** 224.0.0.0/4 (RFC 5771); `address` raw. */
export declare function isMulticast(address: number): boolean;
/** Writes both addresses, and the checksum by the delta of the exchange (RFC 1624). */
export declare function setAddresses(words: Int32Array, halves: Uint16Array, off: number, src: number, dst: number, delta: number): void;
/** Delta of a TTL less one: in the raw half TTL/protocol that is a difference of 1; this is its one's complement. */
export declare const TTL_DELTA = 65534;
/** TTL less one, checksum too. Precondition: TTL > 0. */
export declare function decrementTtl(bytes: Uint8Array, halves: Uint16Array, off: number): void;
/** Takes DF off, checksum too. */
export declare function allowFragments(halves: Uint16Array, off: number): void;
/**
 * Whole words of the header, for the one place where each instruction counts (`dataplane/established.ts`): an index of words is an address
 * with one addition, an offset of bytes takes a shift as well. As raw words their first byte is the lowest: the first is version/IHL,
 * TOS, total length; SECOND_WORD identification, flags and fragment offset; THIRD_WORD TTL, protocol, checksum.
 */
export declare const SECOND_WORD = 1, THIRD_WORD = 2, SRC_WORD = 3, DST_WORD = 4;
export declare function firstByteOf(firstWord: number): number;
export declare function tosOf(firstWord: number): number;
export declare function isFragmentOf(secondWord: number): boolean;
export declare function mayFragmentOf(secondWord: number): boolean;
export declare function totalLengthOf(firstWord: number): number;
export declare function ttlOf(thirdWord: number): number;
export declare function protocolOf(thirdWord: number): number;
/** Whether the checksum of a header without options is right, given its five words. */
export declare function isSumOf(first: number, second: number, third: number, src: number, dst: number): boolean;
/** The third word with `hops` off the TTL, and the checksum after `delta`, which must count the TTL too. */
export declare function thirdWordAfter(thirdWord: number, hops: number, delta: number): number;
/** `total`: bytes, header included. */
export declare function setTotalLength(bytes: Uint8Array, halves: Uint16Array, off: number, total: number): void;
/** Computes and writes the header checksum. */
export declare function fillChecksum(bytes: Uint8Array, halves: Uint16Array, off: number): void;
/** Writes a 20-byte header without options: identification 0, DF set, checksum filled. Addresses raw. */
export declare function emit(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, off: number, total: number, timeToLive: number, proto: number, src: number, dst: number): void;
/** Bits of a `fragmentPlace`. */
export declare const DONT_FRAGMENT = 16384, MORE_FRAGMENTS = 8192;
/** As `emit`, of any fragment: `id` raw half, `place` as `fragmentPlace` has it. */
export declare function emitFragment(words: Int32Array, off: number, total: number, serviceType: number, id: number, place: number, timeToLive: number, proto: number, src: number, dst: number): void;
/** Folded sum of the pseudo header (RFC 9293 §3.1) for `len` bytes of protocol `proto`. */
export declare function pseudoSum(words: Int32Array, off: number, proto: number, len: number): number;
