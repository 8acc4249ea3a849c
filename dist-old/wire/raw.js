/**
 * Raw words: header fields as they lie in memory (network byte order), read through a little-endian Int32Array or Uint16Array.
 * The packet path keys its tables by raw words and so converts nothing; these functions are for set-up and for people.
 * The Internet checksum may be summed over raw halves as well (RFC 1071 §2 B): sum and stored field then have the same order.
 */
/** int32 in host order to raw, or back. */
export function rawWord(n) {
    return ((n & 0xff) << 24) | ((n & 0xff00) << 8) | ((n >>> 8) & 0xff00) | (n >>> 24);
}
/** 16 bits in host order to raw, or back. */
export function rawHalf(n) {
    return ((n & 0xff) << 8) | ((n >>> 8) & 0xff);
}
/**
 * A ports word is the first four bytes of TCP and UDP: source port in the low half, destination port in the high one. This is the word with
 * both exchanged.
 */
export function swapPorts(ports) {
    return (ports << 16) | (ports >>> 16);
}
/** Source port of a raw ports word, host order. */
export function srcPort(ports) {
    return rawHalf(ports & 0xffff);
}
/** Destination port of a raw ports word, host order. */
export function dstPort(ports) {
    return rawHalf(ports >>> 16);
}
/** Raw mask of a prefix length 0..32. */
export function rawMask(prefixLength) {
    return prefixLength === 0 ? 0 : rawWord(-1 << (32 - prefixLength));
}
//# sourceMappingURL=raw.js.map