/**
 * Raw words: header fields as they lie in memory (network byte order), read through a little-endian Int32Array or Uint16Array.
 * The packet path keys its tables by raw words and so converts nothing; these functions are for set-up and for people.
 * The Internet checksum may be summed over raw halves as well (RFC 1071 §2 B): sum and stored field then have the same order.
 */
/** int32 in host order to raw, or back. */
export declare function rawWord(n: number): number;
/** 16 bits in host order to raw, or back. */
export declare function rawHalf(n: number): number;
/**
 * A ports word is the first four bytes of TCP and UDP: source port in the low half, destination port in the high one. This is the word with
 * both exchanged.
 */
export declare function swapPorts(ports: number): number;
/** Source port of a raw ports word, host order. */
export declare function srcPort(ports: number): number;
/** Destination port of a raw ports word, host order. */
export declare function dstPort(ports: number): number;
/** Raw mask of a prefix length 0..32. */
export declare function rawMask(prefixLength: number): number;
