/**
 * How much is charged to each of a great many keys, in little memory and whatever the keys are: a count-min sketch of two rows. What it answers
 * is never less than the truth, and more only where a key meets others in both rows, which the seed keeps from being aimed at.
 * Keys are three words: an address, or an address and what it is charged for.
 */
export declare class Tally {
    private readonly seed;
    private readonly counts;
    private readonly mask;
    /** `slots`: of a row, a power of two up to 2^20; `seed`: int32, random per process. */
    constructor(slots: number, seed: number);
    get(a: number, b?: number, c?: number): number;
    /** Charges `n`, or with a negative `n` takes back what was charged. */
    add(n: number, a: number, b?: number, c?: number): void;
    /** Charges one, unless that would be more than `limit`. */
    addUpTo(limit: number, a: number, b?: number, c?: number): boolean;
    clear(): void;
    private slot;
    private otherSlot;
    private hash;
}
