/**
 * Word `k` of each record of `size` words that lie one after another in `words`, as an array of its own over the same memory: where a record begins at
 * index `at`, `field(words, k, size)[at]` is `words[at + k]`. All fields of the same records have one length, so that V8 checks an index once for all
 * of them instead of once for each sum; and where their addresses are constants to it, each is one instruction (docs/machine-code.md).
 */
export function field(words: Int32Array, k: number, size: number): Int32Array {
  return words.subarray(k, words.length - size + 1 + k);
}

/** The fields of addresses of four words. */
export class Quads {
  readonly word0: Int32Array;
  readonly word1: Int32Array;
  readonly word2: Int32Array;
  readonly word3: Int32Array;

  constructor(readonly words: Int32Array) {
    this.word0 = field(words, 0, 4);
    this.word1 = field(words, 1, 4);
    this.word2 = field(words, 2, 4);
    this.word3 = field(words, 3, 4);
  }
}
