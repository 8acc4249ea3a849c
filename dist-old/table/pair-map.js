/**
 * Two raw words to one non-negative integer, in typed arrays: local addresses, neighbors, published ports.
 * Open addressing, linear probing, at most half full. Looked up on the packet path, changed (and grown) by the control side only.
 */
const EMPTY = -1;
export class PairMap {
    /** `seed`: int32, random per process. */
    constructor(seed, slots = 64) {
        this.seed = seed;
        this.size = 0;
        this.a = new Int32Array(slots);
        this.b = new Int32Array(slots);
        this.value = new Int32Array(slots).fill(EMPTY);
        this.mask = slots - 1;
    }
    /** The value, or -1. */
    get(a, b) {
        return this.value[this.find(a, b)];
    }
    /** Adds or replaces. `value` >= 0. */
    set(a, b, value) {
        let i = this.find(a, b);
        if (this.value[i] === EMPTY) {
            if ((this.size + 1) * 2 > this.mask) {
                this.grow();
                i = this.find(a, b);
            }
            this.size++;
            this.a[i] = a;
            this.b[i] = b;
        }
        this.value[i] = value;
    }
    delete(a, b) {
        let hole = this.find(a, b);
        if (this.value[hole] === EMPTY)
            return;
        this.size--;
        for (let i = (hole + 1) & this.mask; this.value[i] !== EMPTY; i = (i + 1) & this.mask) {
            const home = this.home(this.a[i], this.b[i]);
            if (((i - home) & this.mask) < ((i - hole) & this.mask))
                continue;
            this.a[hole] = this.a[i];
            this.b[hole] = this.b[i];
            this.value[hole] = this.value[i];
            hole = i;
        }
        this.value[hole] = EMPTY;
    }
    clear() {
        this.value.fill(EMPTY);
        this.size = 0;
    }
    home(a, b) {
        const h = Math.imul(Math.imul(a ^ this.seed, 0x9e3779b1) ^ b, 0x85ebca6b);
        return (h ^ (h >>> 15)) & this.mask;
    }
    find(a, b) {
        let i = this.home(a, b);
        while (this.value[i] !== EMPTY && (this.a[i] !== a || this.b[i] !== b))
            i = (i + 1) & this.mask;
        return i;
    }
    grow() {
        const { a, b, value } = this;
        const slots = (this.mask + 1) * 2;
        this.a = new Int32Array(slots);
        this.b = new Int32Array(slots);
        this.value = new Int32Array(slots).fill(EMPTY);
        this.mask = slots - 1;
        for (let i = 0; i < value.length; i++) {
            if (value[i] === EMPTY)
                continue;
            const j = this.find(a[i], b[i]);
            this.a[j] = a[i];
            this.b[j] = b[i];
            this.value[j] = value[i];
        }
    }
}
//# sourceMappingURL=pair-map.js.map