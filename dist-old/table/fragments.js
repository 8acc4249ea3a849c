/**
 * Datagrams in fragments: which flow the later ones belong to, as the first one told, which alone has ports; and which bytes have been seen,
 * so that no fragment covers what another one has. Key: source, destination, identification and protocol (RFC 791 §3.2).
 *
 * Theory of operation. A datagram is WAITING while its first fragment has not come; then it is of a flow (`ref` >= 0), or UNTRACKED, or REFUSED
 * once two of its fragments overlap. When all its bytes have been seen it is forgotten at once, so that few are known at a time.
 *
 * Nobody's fragments push out another's (RFC 4787 REQ-14a). The table is in sets of WAYS datagrams, picked by source address. In a full
 * set those go first that are of no flow; then the oldest of the source that has most of them. Of no flow, a datagram takes no place of one
 * that is of a flow.
 *
 * Memory taken up front: 44 bytes a datagram, and 1 KiB for a bit every 8 bytes of it. Time in seconds, passed in.
 */
/** How long the rest of a datagram may take; Linux waits as long for it (net.ipv4.ipfrag_time). */
const FRAGMENT_SEC = 30;
/** How long a first fragment is waited for: at least 2 seconds (FRAGMENT_MIN, RFC 6146 §3.4), and the clock ticks once in one. */
const WAIT_SEC = 3;
/** Past that a number may stand for another datagram: nothing was heard of this one for so long. */
const REUSE_SEC = 2;
const SET_BITS = 6, WAYS = 16;
const SLOTS = WAYS << SET_BITS;
/** Words of a slot. HELD: the newest of the fragments that wait for the first one (`mem/held-frames.ts`). END: bytes / 8, rounded up; 0: not known yet. ORDER: how many were opened before. */
const SRC = 0, DST = 1, DATAGRAM = 2, REF = 3, DEADLINE = 4, PORTS = 5, SEEN = 6, END = 7, COVERED = 8, HELD = 9, ORDER = 10, WORDS = 11;
/** The longest datagram, in units of 8 bytes, and in words of bits. */
const UNITS = 8192, BIT_WORDS = UNITS / 32;
/** Values of `ref` that are no flow. FREE: the slot is. */
export const WAITING = -1, UNTRACKED = -2, REFUSED = -3;
const FREE = -4;
/** Answers of `cover`: the bytes are new; all of them were there; some were there, or they contradict what is known of the datagram's end. */
export const FRESH = 0, REPEATED = 1, OVERLAPS = 2;
export class Fragments {
    /** `seed`: int32, random per process, so that who shares a set is hard to know. `drop`: what was held for the slot whose newest frame this is has no use. */
    constructor(seed, drop = () => { }) {
        this.seed = seed;
        this.drop = drop;
        this.slots = new Int32Array(SLOTS * WORDS);
        this.bits = new Int32Array(SLOTS * BIT_WORDS);
        /** How many are WAITING. */
        this.waiting = 0;
        this.opened = 0; // wraps
        for (let slot = 0; slot < SLOTS; slot++)
            this.slots[slot * WORDS + REF] = FREE;
    }
    /** Slot of the datagram, or -1. `datagram`: identification and protocol (`ipv4.datagram`). Addresses raw. */
    find(src, dst, datagram, now) {
        const { slots } = this;
        const first = this.setOf(src);
        for (let slot = first; slot < first + WAYS; slot++) {
            const at = slot * WORDS;
            if (slots[at + SRC] !== src || slots[at + DATAGRAM] !== datagram || slots[at + DST] !== dst || slots[at + REF] === FREE)
                continue;
            if (slots[at + DEADLINE] > now)
                return slot;
            this.free(slot);
            return -1;
        }
        return -1;
    }
    /** Slot for a datagram that is not known yet; `ref`: its flow, or one of the values above. -1: there is none for one without a flow. */
    open(src, dst, datagram, ref, now) {
        const slot = this.room(this.setOf(src), ref < 0, now);
        if (slot === -1)
            return -1;
        const { slots } = this;
        const at = slot * WORDS;
        slots[at + SRC] = src;
        slots[at + DST] = dst;
        slots[at + DATAGRAM] = datagram;
        slots[at + HELD] = -1;
        slots[at + ORDER] = this.opened;
        this.opened = (this.opened + 1) | 0;
        if (ref === WAITING)
            this.waiting++;
        this.start(slot, ref, now);
        return slot;
    }
    /** The first fragment has come (again): the datagram is `ref`'s, with these raw ports. */
    become(slot, ref, ports, now) {
        if (this.slots[slot * WORDS + REF] === WAITING)
            this.waiting--;
        this.start(slot, ref, now);
        this.slots[slot * WORDS + PORTS] = ports;
    }
    /** Forgets the datagrams of flows: some have ended, and what has the addresses and ports of one of them next is another one. */
    forgetFlows() {
        for (let slot = 0; slot < SLOTS; slot++)
            if (this.slots[slot * WORDS + REF] >= 0)
                this.free(slot);
    }
    /** Nothing was heard of it for some time, so that its number may stand for another one by now. */
    isStale(slot, now) {
        return now - this.slots[slot * WORDS + SEEN] >= REUSE_SEC;
    }
    ref(slot) {
        return this.slots[slot * WORDS + REF];
    }
    /** Raw ports of the first fragment. */
    ports(slot) {
        return this.slots[slot * WORDS + PORTS];
    }
    /** Newest frame that waits, or -1. */
    held(slot) {
        return this.slots[slot * WORDS + HELD];
    }
    setHeld(slot, frame) {
        this.slots[slot * WORDS + HELD] = frame;
    }
    /** Notes bytes `from` (a multiple of 8) up to `to` of the datagram's payload, after which there are more or, `last`, none. Forgets a datagram that is complete. */
    cover(slot, from, to, last, now) {
        const { slots } = this;
        const at = slot * WORDS;
        const first = from >> 3;
        const after = (to + 7) >> 3;
        const end = slots[at + END];
        const seen = this.count(slot, first, after);
        slots[at + SEEN] = now;
        if (seen === after - first && (!last || end === after))
            return REPEATED;
        if (seen !== 0 || (end !== 0 && (last || after > end)) || (last && this.count(slot, after, UNITS) !== 0)) {
            slots[at + REF] = REFUSED;
            return OVERLAPS;
        }
        this.mark(slot, first, after);
        slots[at + COVERED] = slots[at + COVERED] + after - first;
        if (last)
            slots[at + END] = after;
        if (slots[at + COVERED] === slots[at + END])
            this.free(slot);
        return FRESH;
    }
    /** Forgets datagrams whose first fragment has not come in time. Once a second. */
    expire(now) {
        for (let slot = 0; this.waiting > 0 && slot < SLOTS; slot++) {
            const at = slot * WORDS;
            if (this.slots[at + REF] === WAITING && this.slots[at + DEADLINE] <= now)
                this.free(slot);
        }
    }
    /** Whether `expire` has something to wait for. */
    get isWaiting() {
        return this.waiting > 0;
    }
    start(slot, ref, now) {
        const { slots } = this;
        const at = slot * WORDS;
        slots[at + REF] = ref;
        slots[at + DEADLINE] = now + (ref === WAITING ? WAIT_SEC : FRAGMENT_SEC);
        slots[at + SEEN] = now;
        slots[at + PORTS] = 0;
        slots[at + END] = 0;
        slots[at + COVERED] = 0;
        this.bits.fill(0, slot * BIT_WORDS, (slot + 1) * BIT_WORDS);
    }
    free(slot) {
        const at = slot * WORDS;
        if (this.slots[at + REF] === WAITING)
            this.waiting--;
        this.slots[at + REF] = FREE;
        const held = this.slots[at + HELD];
        this.slots[at + HELD] = -1;
        if (held !== -1)
            this.drop(held);
    }
    /** A free slot of the set, made so if need be. `withoutFlow`: none that is of a flow is to go for it. */
    room(first, withoutFlow, now) {
        const { slots } = this;
        let lesser = -1;
        for (let slot = first; slot < first + WAYS; slot++) {
            const at = slot * WORDS;
            const ref = slots[at + REF];
            if (ref === FREE)
                return slot;
            if (slots[at + DEADLINE] <= now)
                lesser = slot;
            else if (ref < 0 && (lesser === -1 || this.isOlder(slot, lesser)))
                lesser = slot;
        }
        if (lesser === -1 && !withoutFlow)
            lesser = this.ofWhoHasMost(first);
        if (lesser !== -1)
            this.free(lesser);
        return lesser;
    }
    isOlder(a, b) {
        return ((this.slots[a * WORDS + ORDER] - this.slots[b * WORDS + ORDER]) | 0) < 0; // seconds are too long to tell
    }
    /** In a full set, the oldest datagram of the source that has most of them there. */
    ofWhoHasMost(first) {
        const { slots } = this;
        let found = first;
        let most = 0;
        for (let slot = first; slot < first + WAYS; slot++) {
            let same = 0;
            for (let other = first; other < first + WAYS; other++)
                if (slots[other * WORDS + SRC] === slots[slot * WORDS + SRC])
                    same++;
            if (same < most || (same === most && !this.isOlder(slot, found)))
                continue;
            most = same;
            found = slot;
        }
        return found;
    }
    /** How many of the units `from` to `to` have been seen. */
    count(slot, from, to) {
        let n = 0;
        for (let word = from >> 5; word << 5 < to; word++)
            n += ones(this.bits[slot * BIT_WORDS + word] & within(word, from, to));
        return n;
    }
    mark(slot, from, to) {
        for (let word = from >> 5; word << 5 < to; word++) {
            const at = slot * BIT_WORDS + word;
            this.bits[at] = this.bits[at] | within(word, from, to);
        }
    }
    /** First slot of the set. */
    setOf(src) {
        const h = Math.imul(src ^ this.seed, 0x9e3779b1);
        return (Math.imul(h ^ (h >>> 15), 0x85ebca6b) >>> (32 - SET_BITS)) * WAYS;
    }
}
/** The bits of word `word` that stand for units `from` to `to`. */
function within(word, from, to) {
    const low = Math.max(from - (word << 5), 0);
    const high = Math.min(to - (word << 5), 32);
    return (high === 32 ? -1 : (1 << high) - 1) & (-1 << low);
}
/** Bits that are set. */
function ones(word) {
    let n = word - ((word >>> 1) & 0x55555555);
    n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
    return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
//# sourceMappingURL=fragments.js.map