/**
 * How much is charged to each of a great many keys, in little memory and whatever the keys are: a count-min sketch of two rows. What it answers
 * is never less than the truth, and more only where a key meets others in both rows, which the seed keeps from being aimed at.
 * Keys are three words: an address, or an address and what it is charged for.
 */
export class Tally {
    /** `slots`: of a row, a power of two up to 2^20; `seed`: int32, random per process. */
    constructor(slots, seed) {
        this.seed = seed;
        this.counts = new Int32Array(slots * 2);
        this.mask = slots - 1;
    }
    get(a, b = 0, c = 0) {
        const h = this.hash(a, b, c);
        return Math.min(this.counts[this.slot(h)], this.counts[this.otherSlot(h)]);
    }
    /** Charges `n`, or with a negative `n` takes back what was charged. */
    add(n, a, b = 0, c = 0) {
        const h = this.hash(a, b, c);
        const { counts } = this;
        const i = this.slot(h);
        const j = this.otherSlot(h);
        counts[i] = counts[i] + n;
        counts[j] = counts[j] + n;
    }
    /** Charges one, unless that would be more than `limit`. */
    addUpTo(limit, a, b = 0, c = 0) {
        const h = this.hash(a, b, c);
        const { counts } = this;
        const i = this.slot(h);
        const j = this.otherSlot(h);
        if (Math.min(counts[i], counts[j]) >= limit)
            return false;
        counts[i] = counts[i] + 1;
        counts[j] = counts[j] + 1;
        return true;
    }
    clear() {
        this.counts.fill(0);
    }
    slot(h) {
        return h & this.mask;
    }
    otherSlot(h) {
        return ((Math.imul(h, 0x27d4eb2f) >>> 12) & this.mask) + this.mask + 1;
    }
    hash(a, b, c) {
        let h = Math.imul(a ^ this.seed, 0x9e3779b1);
        h = Math.imul(h ^ (h >>> 15) ^ b, 0x85ebca6b);
        h = Math.imul(h ^ (h >>> 13) ^ c, 0xc2b2ae35);
        return h ^ (h >>> 16);
    }
}
//# sourceMappingURL=tally.js.map