/**
 * Forwarding database: MAC and network to port, learned from source addresses (IEEE 802.1D-2004 §7.8), aged after `AGEING_SEC` (§7.9.2).
 *
 * Open addressing, linear probing, at most half full so that every probe ends; memory taken up front. When full nothing new is
 * learned and frames to unknown stations are flooded: a station that invents addresses costs bandwidth, but pushes nobody out.
 * Entries that the configuration knows are static: they neither age nor move, so nobody can take over an endpoint's address.
 * Time in seconds, passed in.
 */
const FREE = -1;
export const AGEING_SEC = 300;
/** `seen` of a static entry. */
const STATIC = -1;
/** Upper part of a key: raw MAC bytes 0..1 and the number of the network (0..255), so that networks are apart. */
export function fdbKey(hi, network) {
    return hi | (network << 16);
}
export class Fdb {
    /** `slots`: a power of two; half of them can be used. `seed`: int32, random per process, so that collisions are hard to aim. */
    constructor(slots, seed) {
        this.seed = seed;
        this.used = 0;
        /** Times that a source could not be learned because the table was full. */
        this.full = 0;
        this.swept = 0; // slot where the next sweep starts
        this.hi = new Int32Array(slots);
        this.lo = new Int32Array(slots);
        this.port = new Int32Array(slots).fill(FREE);
        this.seen = new Int32Array(slots);
        this.mask = slots - 1;
    }
    /** Port of the MAC, or -1. */
    lookup(hi, lo) {
        return this.port[this.find(hi, lo)];
    }
    /** Learns the MAC, or moves it to this port. False when the table is full or the address is another port's static one. */
    learn(hi, lo, port, now) {
        const i = this.find(hi, lo);
        if (this.port[i] === FREE) {
            if (this.used * 2 > this.mask) {
                this.full++;
                return false;
            }
            this.used++;
            this.hi[i] = hi;
            this.lo[i] = lo;
        }
        else if (this.seen[i] === STATIC) {
            return this.port[i] === port;
        }
        this.port[i] = port;
        this.seen[i] = now;
        return true;
    }
    /** Adds an address that the configuration knows, even when learned ones have filled their half: there are far fewer than slots. */
    addStatic(hi, lo, port) {
        const i = this.find(hi, lo);
        if (this.port[i] === FREE)
            this.used++;
        this.hi[i] = hi;
        this.lo[i] = lo;
        this.port[i] = port;
        this.seen[i] = STATIC;
    }
    /** Forgets all addresses behind a port, static ones too. */
    flushPort(port) {
        for (let i = 0; i <= this.mask; i++)
            while (this.port[i] === port)
                this.removeAt(i);
    }
    /** Ages out entries in the next `slots` slots; call it every second with a share of the table. */
    age(now, slots) {
        for (let n = 0; n < slots; n++) {
            const i = this.swept;
            while (this.port[i] !== FREE && this.seen[i] !== STATIC && now - this.seen[i] >= AGEING_SEC)
                this.removeAt(i);
            this.swept = (i + 1) & this.mask;
        }
    }
    get slots() {
        return this.mask + 1;
    }
    /** Calls `visit` for each entry; `ageSec` is -1 for a static one. For people, not for the packet path. */
    forEach(now, visit) {
        for (let i = 0; i <= this.mask; i++) {
            if (this.port[i] === FREE)
                continue;
            visit(this.hi[i], this.lo[i], this.port[i], this.seen[i] === STATIC ? -1 : now - this.seen[i]);
        }
    }
    home(hi, lo) {
        const h = Math.imul(lo ^ this.seed, 0x9e3779b1) ^ Math.imul(hi, 0x85ebca6b);
        return (h ^ (h >>> 15)) & this.mask;
    }
    find(hi, lo) {
        let i = this.home(hi, lo);
        while (this.port[i] !== FREE && (this.lo[i] !== lo || this.hi[i] !== hi))
            i = (i + 1) & this.mask;
        return i;
    }
    /** Frees slot `hole` and moves later entries of the cluster up, so that no probe is cut short. */
    removeAt(hole) {
        this.used--;
        for (let i = (hole + 1) & this.mask; this.port[i] !== FREE; i = (i + 1) & this.mask) {
            if (((i - this.home(this.hi[i], this.lo[i])) & this.mask) < ((i - hole) & this.mask))
                continue;
            this.hi[hole] = this.hi[i];
            this.lo[hole] = this.lo[i];
            this.port[hole] = this.port[i];
            this.seen[hole] = this.seen[i];
            hole = i;
        }
        this.port[hole] = FREE;
    }
}
//# sourceMappingURL=fdb.js.map