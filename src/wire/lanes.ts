/** One memory as bytes, half words and words: bytes are copied from one to another as fast as a loop can, and without a view, which would be an object each time. */
export interface Lanes {
  readonly bytes: Uint8Array;
  readonly halves: Uint16Array;
  readonly words: Int32Array;
}

export function lanesOf(memory: ArrayBuffer | SharedArrayBuffer, begin = 0): Lanes {
  return { bytes: new Uint8Array(memory, begin), halves: new Uint16Array(memory, begin), words: new Int32Array(memory, begin) };
}

/** Copies `size` bytes. Fast where both places are as far from a whole word; what lies up to 3 bytes behind the last one of `to` may be copied, too. */
export function copyBytes(to: Lanes, at: number, from: Lanes, begin: number, size: number): void {
  const apart = at ^ begin;
  if ((apart & 1) !== 0 || (begin & 1) !== 0) {
    for (let k = 0; k < size; k++) to.bytes[at + k] = from.bytes[begin + k]!;
    return;
  }
  let k = 0;
  if ((apart & 2) !== 0) {
    for (; k < size; k += 2) to.halves[(at + k) >> 1] = from.halves[(begin + k) >> 1]!;
    return;
  }
  if ((begin & 2) !== 0 && size > 0) {
    to.halves[at >> 1] = from.halves[begin >> 1]!;
    k = 2;
  }
  const source = (begin + k) >> 2;
  const target = (at + k) >> 2;
  const count = (size - k + 3) >> 2;
  for (let w = 0; w < count; w++) to.words[target + w] = from.words[source + w]!;
}
