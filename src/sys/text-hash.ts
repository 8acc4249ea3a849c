/** FNV-1a (draft-eastlake-fnv) of the UTF-8 bytes: an int32 that other texts seldom have, for what nobody forges. */
export function textHash(text: string): number {
  let sum = 0x811c9dc5 | 0;
  for (const byte of Buffer.from(text)) sum = Math.imul(sum ^ byte, 0x01000193);
  return sum;
}
