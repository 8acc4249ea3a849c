/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624), on raw halves (see `raw.ts`).
 *
 * A *delta* is the one's complement difference new - old of some words, folded to 16 bits. It is computed once a flow and then
 * applied to each packet: to a full checksum by `update`, to a partial one (virtio NEEDS_CSUM, where the field holds the folded
 * sum of the pseudo header, not inverted) by `updatePartial`. The delta of the other direction is `negate(delta)`.
 */
/** Folds a sum of up to 2^16 halves to 16 bits. */
export declare function fold(sum: number): number;
/** Delta of exchanging one 32-bit word. */
export declare function delta(oldWord: number, newWord: number): number;
/** Sum of two deltas. */
export declare function combine(a: number, b: number): number;
/** Delta of the opposite exchange. */
export declare function negate(d: number): number;
/** Full checksum field after the delta: HC' = ~(~HC + delta) (RFC 1624 eqn. 3). */
export declare function update(field: number, d: number): number;
/** Partial checksum field after the delta. */
export declare function updatePartial(field: number, d: number): number;
/** Folded one's complement sum of `len` bytes at even offset `off`; an odd last byte is padded with zero. Not inverted. */
export declare function sum(halves: Uint16Array, bytes: Uint8Array, off: number, len: number): number;
