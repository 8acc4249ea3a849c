/**
 * IPv4 header (RFC 791 §3.1): 20 to 60 bytes, big-endian. Headers lie at 4-aligned offsets.
 * Addresses are raw words (`raw.ts`). Precondition of every accessor: `check` returned DROP_NONE for this header.
 */
import { fold, sum, update } from "./checksum.js";
import { DROP_IP_HEADER, DROP_NONE, DROP_TRUNCATED } from "./drop.js";
import { rawHalf } from "./raw.js";
export const MIN_HEADER_SIZE = 20;
/** Version 4 and no options: the first byte of nearly every header. */
export const PLAIN_FIRST_BYTE = 0x45;
export const PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_SCTP = 132;
/** Protocols that ports are published of, by the name that people write. */
export const PROTOCOLS = { tcp: PROTO_TCP, udp: PROTO_UDP, sctp: PROTO_SCTP };
/** The name of a protocol that has ports, or undefined. */
export function protoName(proto) {
    return proto === PROTO_TCP ? "tcp" : proto === PROTO_UDP ? "udp" : proto === PROTO_SCTP ? "sctp" : undefined;
}
const TOTAL_LENGTH = 2, IDENTIFICATION = 4, FRAGMENT = 6, TTL = 8, PROTOCOL = 9, CHECKSUM = 10, SRC = 12, DST = 16;
/** DF, MF and fragment offset as raw half masks. */
const RAW_DF = 0x0040, RAW_MF = 0x0020, RAW_OFFSET = 0xff1f;
const OPTION_END = 0, OPTION_NOP = 1, OPTION_COPIED = 0x80;
/** DROP_NONE if `len` bytes at `off` start with a header whose IHL and total length fit into them. */
export function check(bytes, off, len) {
    if (len < MIN_HEADER_SIZE)
        return DROP_TRUNCATED;
    const first = bytes[off];
    const headerLen = (first & 0x0f) << 2;
    if (first >> 4 !== 4 || headerLen < MIN_HEADER_SIZE)
        return DROP_IP_HEADER;
    const total = totalLength(bytes, off);
    if (total < headerLen)
        return DROP_IP_HEADER;
    return total > len ? DROP_TRUNCATED : DROP_NONE;
}
/** Whether the header checksum is right. */
export function checksumOk(bytes, halves, off) {
    return sum(halves, bytes, off, headerSize(bytes, off)) === 0xffff;
}
/** Bytes, options included. */
export function headerSize(bytes, off) {
    return (bytes[off] & 0x0f) << 2;
}
export function totalLength(bytes, off) {
    return (bytes[off + TOTAL_LENGTH] << 8) | bytes[off + TOTAL_LENGTH + 1];
}
export function ttl(bytes, off) {
    return bytes[off + TTL];
}
export function protocol(bytes, off) {
    return bytes[off + PROTOCOL];
}
/** First fragment of several, or a later one. */
export function isFragment(halves, off) {
    return (halves[(off + FRAGMENT) >> 1] & (RAW_MF | RAW_OFFSET)) !== 0;
}
/** A fragment other than the first: it has no layer-4 header. */
export function isLaterFragment(halves, off) {
    return (halves[(off + FRAGMENT) >> 1] & RAW_OFFSET) !== 0;
}
/** Where the fragment's payload lies in the datagram's, in bytes: a multiple of 8. */
export function fragmentOffset(halves, off) {
    return (rawHalf(halves[(off + FRAGMENT) >> 1]) & 0x1fff) << 3;
}
/** A fragment other than the last. */
export function hasMoreFragments(halves, off) {
    return (halves[(off + FRAGMENT) >> 1] & RAW_MF) !== 0;
}
export function tos(bytes, off) {
    return bytes[off + 1];
}
/** Raw half. */
export function identification(halves, off) {
    return halves[(off + IDENTIFICATION) >> 1];
}
/** DONT_FRAGMENT, MORE_FRAGMENTS and the fragment's offset in 8 bytes, host order. */
export function fragmentPlace(halves, off) {
    return rawHalf(halves[(off + FRAGMENT) >> 1]);
}
/** Whether a router may fragment it. */
export function mayFragment(halves, off) {
    return (halves[(off + FRAGMENT) >> 1] & RAW_DF) === 0;
}
/**
 * Makes the header that of the fragment which begins `done` bytes into the data of a datagram, or of a fragment, whose `fragmentPlace` is `place`;
 * `total` bytes long; `more`: others follow. A last one of a fragment has more behind it if that had.
 */
export function setFragment(bytes, halves, off, total, place, done, more) {
    halves[(off + TOTAL_LENGTH) >> 1] = rawHalf(total);
    halves[(off + FRAGMENT) >> 1] = rawHalf((place + (done >> 3)) | (more ? MORE_FRAGMENTS : 0));
    fillChecksum(bytes, halves, off);
}
/** Of a header of `size` bytes: options that belong into the first fragment alone become "no operation" (RFC 791 §3.1, the copied flag). */
export function dropOptionsOfFirst(bytes, off, size) {
    for (let at = off + MIN_HEADER_SIZE; at < off + size;) {
        const kind = bytes[at];
        if (kind === OPTION_END)
            return;
        const length = kind === OPTION_NOP ? 1 : Math.max(2, bytes[at + 1]);
        if ((kind & OPTION_COPIED) === 0)
            bytes.fill(OPTION_NOP, at, Math.min(at + length, off + size));
        at += length;
    }
}
/** What tells the datagrams between two addresses apart: identification, raw, and protocol above it. */
export function datagram(bytes, halves, off) {
    return halves[(off + IDENTIFICATION) >> 1] | (protocol(bytes, off) << 16);
}
export function src(words, off) {
    return words[(off + SRC) >> 2];
}
export function dst(words, off) {
    return words[(off + DST) >> 2];
}
/** 255.255.255.255, raw. */
export const BROADCAST = -1;
/** 224.0.0.0/4 (RFC 5771); `address` raw. */
export function isMulticast(address) {
    return (address & 0xf0) === 0xe0;
}
/** Writes both addresses; the checksum is the caller's. */
function putAddresses(words, off, src, dst) {
    words[(off + SRC) >> 2] = src;
    words[(off + DST) >> 2] = dst;
}
/** Writes both addresses, and the checksum by the delta of the exchange (RFC 1624). */
export function setAddresses(words, halves, off, src, dst, delta) {
    putAddresses(words, off, src, dst);
    const c = (off + CHECKSUM) >> 1;
    halves[c] = update(halves[c], delta);
}
/** Delta of a TTL less one: in the raw half TTL/protocol that is a difference of 1; this is its one's complement. */
export const TTL_DELTA = 0xfffe;
/** TTL less one, checksum too. Precondition: TTL > 0. */
export function decrementTtl(bytes, halves, off) {
    bytes[off + TTL] = bytes[off + TTL] - 1;
    const c = (off + CHECKSUM) >> 1;
    halves[c] = update(halves[c], TTL_DELTA);
}
/** Takes DF off, checksum too. */
export function allowFragments(halves, off) {
    const f = (off + FRAGMENT) >> 1;
    if ((halves[f] & RAW_DF) === 0)
        return;
    halves[f] = halves[f] & ~RAW_DF;
    const c = (off + CHECKSUM) >> 1;
    halves[c] = update(halves[c], 0xffff - RAW_DF);
}
/**
 * Whole words of the header, for the one place where each instruction counts (`dataplane/established.ts`): an index of words is an address
 * with one addition, an offset of bytes takes a shift as well. As raw words their first byte is the lowest: the first is version/IHL,
 * TOS, total length; SECOND_WORD identification, flags and fragment offset; THIRD_WORD TTL, protocol, checksum.
 */
export const SECOND_WORD = 1, THIRD_WORD = 2, SRC_WORD = 3, DST_WORD = 4;
export function firstByteOf(firstWord) {
    return firstWord & 0xff;
}
export function tosOf(firstWord) {
    return (firstWord >>> 8) & 0xff;
}
export function isFragmentOf(secondWord) {
    return ((secondWord >>> 16) & (RAW_MF | RAW_OFFSET)) !== 0;
}
export function mayFragmentOf(secondWord) {
    return ((secondWord >>> 16) & RAW_DF) === 0;
}
export function totalLengthOf(firstWord) {
    return ((firstWord >>> 8) & 0xff00) | (firstWord >>> 24);
}
export function ttlOf(thirdWord) {
    return thirdWord & 0xff;
}
export function protocolOf(thirdWord) {
    return (thirdWord >>> 8) & 0xff;
}
/** Sum of the halves of a header without options, given its five words; not folded. */
function sumOf(first, second, third, src, dst) {
    return ((first & 0xffff) +
        (first >>> 16) +
        (second & 0xffff) +
        (second >>> 16) +
        (third & 0xffff) +
        (third >>> 16) +
        (src & 0xffff) +
        (src >>> 16) +
        (dst & 0xffff) +
        (dst >>> 16));
}
/** Whether the checksum of a header without options is right, given its five words. */
export function isSumOf(first, second, third, src, dst) {
    const sum = (first & 0xffff) +
        (first >>> 16) +
        (second & 0xffff) +
        (second >>> 16) +
        (third & 0xffff) +
        (third >>> 16) +
        (src & 0xffff) +
        (src >>> 16) +
        (dst & 0xffff) +
        (dst >>> 16);
    return (sum & 0xffff) + (sum >>> 16) === 0xffff; // a multiple of 0xffff, so of ten halves one fold is enough
}
/** The third word with `hops` off the TTL, and the checksum after `delta`, which must count the TTL too. */
export function thirdWordAfter(thirdWord, hops, delta) {
    return ((thirdWord - hops) & 0xffff) | (update(thirdWord >>> 16, delta) << 16);
}
/** `total`: bytes, header included. */
export function setTotalLength(bytes, halves, off, total) {
    halves[(off + TOTAL_LENGTH) >> 1] = rawHalf(total);
    fillChecksum(bytes, halves, off);
}
/** Computes and writes the header checksum. */
export function fillChecksum(bytes, halves, off) {
    const c = (off + CHECKSUM) >> 1;
    halves[c] = 0;
    halves[c] = ~sum(halves, bytes, off, headerSize(bytes, off)) & 0xffff;
}
/** Writes a 20-byte header without options: identification 0, DF set, checksum filled. Addresses raw. */
export function emit(bytes, halves, words, off, total, timeToLive, proto, src, dst) {
    bytes[off] = 0x45;
    bytes[off + 1] = 0;
    halves[(off + TOTAL_LENGTH) >> 1] = rawHalf(total);
    words[(off + 4) >> 2] = RAW_DF << 16;
    bytes[off + TTL] = timeToLive;
    bytes[off + PROTOCOL] = proto;
    words[(off + SRC) >> 2] = src;
    words[(off + DST) >> 2] = dst;
    fillChecksum(bytes, halves, off);
}
/** Bits of a `fragmentPlace`. */
export const DONT_FRAGMENT = 0x4000, MORE_FRAGMENTS = 0x2000;
/** As `emit`, of any fragment: `id` raw half, `place` as `fragmentPlace` has it. */
export function emitFragment(words, off, total, serviceType, id, place, timeToLive, proto, src, dst) {
    const first = PLAIN_FIRST_BYTE | (serviceType << 8) | (rawHalf(total) << 16);
    const second = id | (rawHalf(place) << 16);
    const third = timeToLive | (proto << 8);
    const w = off >> 2;
    words[w] = first;
    words[w + SECOND_WORD] = second;
    words[w + THIRD_WORD] = third | (~fold(sumOf(first, second, third, src, dst)) << 16);
    words[w + SRC_WORD] = src;
    words[w + DST_WORD] = dst;
}
/** Folded sum of the pseudo header (RFC 9293 §3.1) for `len` bytes of protocol `proto`. */
export function pseudoSum(words, off, proto, len) {
    const s = src(words, off), d = dst(words, off);
    return fold((s & 0xffff) + (s >>> 16) + (d & 0xffff) + (d >>> 16) + rawHalf(proto) + rawHalf(len));
}
//# sourceMappingURL=ipv4.js.map