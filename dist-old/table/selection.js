/**
 * Which of several targets a new flow goes to: by turns, or for as long as a client keeps coming the one that it had before (affinity).
 *
 * One for each published mapping, in memory that all workers share, so that turns are taken and clients are known whichever worker a flow comes to
 * (`wire/spread.ts`). It is asked once a flow.
 *
 * By turns one atomic addition is all. Affinity is a hash table of fixed size: CLIENTS entries in buckets of WAYS, each a client, its target, and the
 * second of its last new flow. In a full bucket who has been away for longest makes room, and is a new client when he comes again. A word is locked
 * meanwhile; a worker that waits for too long, as the other was put to sleep in between, takes the turn and remembers nothing.
 *
 * Memory, int32 words: turn, lock, seed, seconds of affinity (0: none); then the clients, the targets and the seconds of all entries, a target of 0
 * being a free entry.
 */
/** What becomes of flows to a target: new ones go there; it has what it has; what loses nothing goes elsewhere; all end. */
export const TAKES = 0, DRAINS = 1, DOWN = 2, OUT = 3;
export const CLIENTS = 1 << 14;
const WAYS = 4;
const TURN = 0, LOCK = 1, SEED = 2, AFFINITY = 3, ENTRIES = 4;
/** Looks at a lock that another worker holds: some 100 µs. */
const PATIENCE = 10_000;
/** `affinitySec`: 0 for none; up to a day is meant. `seed`: random, so that nobody can aim at a bucket. */
export function selectionMemory(affinitySec, seed) {
    const memory = new SharedArrayBuffer((ENTRIES + (affinitySec > 0 ? 3 * CLIENTS : 0)) * 4);
    const words = new Int32Array(memory);
    words[SEED] = seed;
    words[AFFINITY] = affinitySec;
    return memory;
}
export class Selection {
    constructor(memory) {
        this.words = new Int32Array(memory);
        this.affinitySec = this.words[AFFINITY];
    }
    /** The word that stands for an IPv6 client: for its network of 64 bits, in which it may have any address. Takes the address's first two words. */
    clientOfIpv6(word0, word1) {
        const h = Math.imul(word0 ^ this.words[SEED], 0x9e3779b1) + Math.imul(word1, 0x85ebca6b);
        return h ^ (h >>> 15);
    }
    /**
     * Index in `takers`, of which there is at least one, of the target for a new flow of `client`: an IPv4 address as a raw word, or `clientOfIpv6`.
     * `now`: monotonic seconds, the same for all workers.
     */
    pick(client, takers, now) {
        if (this.affinitySec === 0 || !this.lock())
            return this.turn(takers.length);
        const { words } = this;
        const at = this.find(client, now);
        const former = words[at] === client ? this.targetAt(at, now) : 0;
        let index = 0;
        while (index < takers.length && takers[index].id !== former)
            index++;
        if (index === takers.length)
            index = this.turn(takers.length);
        this.enter(at, client, takers[index].id, now);
        Atomics.store(words, LOCK, 0);
        return index;
    }
    /** The client has a flow to target `id`, whose last packet came at `when`: later ones are to go there too. */
    note(client, id, when) {
        if (this.affinitySec === 0 || !this.lock())
            return;
        const at = this.find(client, when);
        if (this.words[at] !== client || this.words[at + 2 * CLIENTS] <= when)
            this.enter(at, client, id, when);
        Atomics.store(this.words, LOCK, 0);
    }
    turn(takers) {
        return (Atomics.add(this.words, TURN, 1) >>> 0) % takers;
    }
    lock() {
        for (let n = 0; n < PATIENCE; n++)
            if (Atomics.compareExchange(this.words, LOCK, 0, 1) === 0)
                return true;
        return false;
    }
    /** Word of the client's entry, or of the one that it is to have. */
    find(client, now) {
        const { words } = this;
        const h = Math.imul(client ^ words[SEED], 0x9e3779b1);
        const bucket = ENTRIES + ((h >>> 12) & (CLIENTS - WAYS));
        let best = bucket;
        for (let at = bucket; at < bucket + WAYS; at++) {
            if (words[at] === client && words[at + CLIENTS] !== 0)
                return at;
            if (this.targetAt(best, now) === 0)
                continue;
            if (this.targetAt(at, now) === 0 || words[at + 2 * CLIENTS] < words[best + 2 * CLIENTS])
                best = at;
        }
        return best;
    }
    /** Target of the entry; 0: it is free, or its time is over. */
    targetAt(at, now) {
        const { words } = this;
        return now - words[at + 2 * CLIENTS] < this.affinitySec ? words[at + CLIENTS] : 0;
    }
    enter(at, client, id, when) {
        const { words } = this;
        words[at] = client;
        words[at + CLIENTS] = id;
        words[at + 2 * CLIENTS] = when;
    }
}
//# sourceMappingURL=selection.js.map