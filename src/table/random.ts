/** Randomness for seeds and for what nobody may guess: source ports (RFC 6056), and which entry makes room. A source is a function that answers an int32. */
export type RandomInt32 = () => number;

/** Cryptographically strong, if `fill` is, a block at a time: a call costs some nanoseconds and allocates nothing. */
export function secureRandom(fill: (block: Int32Array) => void = (block) => crypto.getRandomValues(block)): RandomInt32 {
  const block = new Int32Array(4096);
  let next = block.length;
  return () => {
    if (next === block.length) {
      fill(block);
      next = 0;
    }
    return block[next++]!;
  };
}

/** 0..n-1, for n up to 2^16, evenly enough for what is picked. */
export function below(random: RandomInt32, n: number): number {
  return Math.imul(random() >>> 16, n) >>> 16;
}

/** 0..n-1, for n up to 2^20. */
export function belowMany(random: RandomInt32, n: number): number {
  return (random() & 0x7fffffff) % n;
}
