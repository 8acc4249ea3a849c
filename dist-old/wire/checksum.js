/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624), on raw halves (see `raw.ts`).
 *
 * A *delta* is the one's complement difference new - old of some words, folded to 16 bits. It is computed once a flow and then
 * applied to each packet: to a full checksum by `update`, to a partial one (virtio NEEDS_CSUM, where the field holds the folded
 * sum of the pseudo header, not inverted) by `updatePartial`. The delta of the other direction is `negate(delta)`.
 */
/** Folds a sum of up to 2^16 halves to 16 bits. */
export function fold(sum) {
    sum = (sum & 0xffff) + (sum >>> 16);
    return (sum & 0xffff) + (sum >>> 16);
}
/** Delta of exchanging one 32-bit word. */
export function delta(oldWord, newWord) {
    return fold((~oldWord & 0xffff) + (~oldWord >>> 16) + (newWord & 0xffff) + (newWord >>> 16));
}
/** Sum of two deltas. */
export function combine(a, b) {
    return fold(a + b);
}
/** Delta of the opposite exchange. */
export function negate(d) {
    return ~d & 0xffff;
}
/** Full checksum field after the delta: HC' = ~(~HC + delta) (RFC 1624 eqn. 3). */
export function update(field, d) {
    const sum = (~field & 0xffff) + d;
    return ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
}
/** Partial checksum field after the delta. */
export function updatePartial(field, d) {
    const sum = field + d;
    return (sum & 0xffff) + (sum >>> 16);
}
/** Folded one's complement sum of `len` bytes at even offset `off`; an odd last byte is padded with zero. Not inverted. */
export function sum(halves, bytes, off, len) {
    let s = 0;
    const end = (off + len) >> 1;
    for (let i = off >> 1; i < end; i++)
        s += halves[i];
    if ((len & 1) !== 0)
        s += bytes[off + len - 1];
    return fold(s);
}
//# sourceMappingURL=checksum.js.map