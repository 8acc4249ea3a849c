/**
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624), on raw halves (see `raw.ts`).
 *
 * A *delta* is the one's complement difference new - old of some words, folded to 16 bits. It is computed once a flow and then
 * applied to each packet: to a full checksum by `update`, to a partial one (virtio NEEDS_CSUM, where the field holds the folded
 * sum of the pseudo header, not inverted) by `updatePartial`. The delta of the other direction is `negate(delta)`.
 */

/** Folds a sum of up to 2^16 halves to 16 bits. */
export function fold(sum: number): number {
  sum = (sum & 0xffff) + (sum >>> 16);
  return (sum & 0xffff) + (sum >>> 16);
}

/** Delta of exchanging one 32-bit word. */
export function delta(oldWord: number, newWord: number): number {
  return fold((~oldWord & 0xffff) + (~oldWord >>> 16) + (newWord & 0xffff) + (newWord >>> 16));
}

/** Sum of two deltas. */
export function combine(a: number, b: number): number {
  return fold(a + b);
}

/** Delta of the opposite exchange. */
export function negate(d: number): number {
  return ~d & 0xffff;
}

/** Full checksum field after the delta: HC' = ~(~HC + delta) (RFC 1624 eqn. 3). */
export function update(field: number, d: number): number {
  const sum = (~field & 0xffff) + d;
  return ~((sum & 0xffff) + (sum >>> 16)) & 0xffff;
}

/** Partial checksum field after the delta. */
export function updatePartial(field: number, d: number): number {
  const sum = field + d;
  return (sum & 0xffff) + (sum >>> 16);
}

/** Folded one's complement sum of `len` bytes at even offset `off`; an odd last byte is padded with zero. Not inverted. */
export function sum(halves: Uint16Array, bytes: Uint8Array, off: number, len: number): number {
  const end = (off + len) >> 1;
  let i = off >> 1;
  // Four sums at once: the next one need not wait for the last.
  let s = 0,
    t = 0,
    u = 0,
    v = 0;
  for (; i + 4 <= end; i += 4) {
    s += halves[i]!;
    t += halves[i + 1]!;
    u += halves[i + 2]!;
    v += halves[i + 3]!;
  }
  for (; i < end; i++) s += halves[i]!;
  s += t + u + v;
  if ((len & 1) !== 0) s += bytes[off + len - 1]!;
  return fold(s);
}
