/** Cryptographically strong, a block at a time: a call costs some nanoseconds and allocates nothing. */
export function secureRandom() {
    const block = new Int32Array(4096);
    let next = block.length;
    return () => {
        if (next === block.length) {
            crypto.getRandomValues(block);
            next = 0;
        }
        return block[next++];
    };
}
/** 0..n-1, for n up to 2^16, evenly enough for what is picked. */
export function below(random, n) {
    return Math.imul(random() >>> 16, n) >>> 16;
}
/** 0..n-1, for n up to 2^20. */
export function belowMany(random, n) {
    return (random() & 0x7fffffff) % n;
}
//# sourceMappingURL=random.js.map