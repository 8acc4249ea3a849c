/** Bytes with the other views that `src/wire` reads them through, dirty all over so that what is not written shows. */
export interface Views {
  bytes: Uint8Array;
  halves: Uint16Array;
  words: Int32Array;
}

const DIRT = 0xa5;

/** `content` at offset `at` (4-aligned as packets lie), at least 4 dirty bytes around it. */
export function views(content: Uint8Array, at = 4): Views {
  const buffer = new ArrayBuffer((at + content.length + 7) & ~3);
  const bytes = new Uint8Array(buffer).fill(DIRT);
  bytes.set(content, at);
  return { bytes, halves: new Uint16Array(buffer), words: new Int32Array(buffer) };
}
