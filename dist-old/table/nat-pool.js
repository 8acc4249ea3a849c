import { NONE, PortRing } from "./port-ring.js";
/** Number of a mapping: its ring above, the port's place in the range below. */
const RING_SHIFT = 16, PORT_BITS = 0xffff;
/** Most mappings at a time, all outside addresses together. */
const MAX_MAPPINGS = 1 << 17;
/** At most half full, so that every probe ends; mostly so empty that the first one hits. */
const SLOTS = MAX_MAPPINGS * 2;
/** Rings in use at a time, an outside address and protocol each. */
const MAX_RINGS = 256;
/** Rings that stay though idle: 400 KB each with the default range. */
const RINGS_KEPT = 16;
/** Ports in use that are looked at to find out whether one address has more than half of them. */
const SAMPLES = 64;
export class NatPool {
    /** Ports `first`..`last` of each outside address, of them those that lead back to this worker; `seed` int32. */
    constructor(first, last, seed, random, worker = 0, workers = 1, addresses) {
        this.first = first;
        this.last = last;
        this.seed = seed;
        this.random = random;
        this.worker = worker;
        this.workers = workers;
        this.addresses = addresses;
        /** Ports in use. */
        this.used = 0;
        this.rings = [];
        this.slots = new Int32Array(SLOTS); // mapping + 1, or 0
    }
    /**
     * The mapping of the inside endpoint on `outside`, made if need be; one more flow holds it. -1: there is no port left, not even of an address
     * that has too many. Addresses and `port` raw.
     */
    acquire(proto, inside, port, outside) {
        const at = this.ringOf(proto, outside);
        if (at === NONE)
            return NONE;
        const ring = this.rings[at];
        let slot = this.find(at, inside, port);
        const known = this.slots[slot] - 1;
        if (known !== NONE) {
            ring.hold(known & PORT_BITS);
            return known;
        }
        if (this.used === MAX_MAPPINGS)
            return NONE;
        let taken = ring.take();
        if (taken === NONE) {
            taken = this.tooMuch(ring, inside);
            if (taken === NONE)
                return NONE;
            this.vacate((at << RING_SHIFT) | taken, ring.holder(taken), ring.holderPort(taken));
            slot = this.find(at, inside, port);
        }
        else {
            this.used++;
        }
        return this.assign(slot, at, taken, inside, port);
    }
    /** The mapping of the inside endpoint, if it is, or can be, this very port of `outside` (raw); one more flow holds it. Else -1. */
    reacquire(proto, inside, port, outside, outsidePort) {
        const at = this.ringOf(proto, outside);
        if (at === NONE)
            return NONE;
        const ring = this.rings[at];
        const slot = this.find(at, inside, port);
        const known = this.slots[slot] - 1;
        if (known !== NONE) {
            if (this.portOf(known) !== outsidePort)
                return NONE;
            ring.hold(known & PORT_BITS);
            return known;
        }
        const taken = this.used === MAX_MAPPINGS ? NONE : ring.takeThis(outsidePort);
        if (taken === NONE)
            return NONE;
        this.used++;
        return this.assign(slot, at, taken, inside, port);
    }
    /** Whether but one flow holds the mapping. */
    isNew(id) {
        return this.rings[id >>> RING_SHIFT].flows(id & PORT_BITS) === 1;
    }
    /** One flow of the inside endpoint less holds the mapping, if it is that endpoint's still; with the last one its port is free again. */
    release(id, inside, port) {
        const ring = this.rings[id >>> RING_SHIFT];
        const index = id & PORT_BITS;
        if (!ring.isOf(index, inside, port) || !ring.release(index))
            return;
        this.vacate(id, inside, port);
        this.used--;
    }
    /** Outside port of a mapping or candidate, raw. */
    portOf(id) {
        return this.rings[id >>> RING_SHIFT].portOf(id & PORT_BITS);
    }
    /** A port of the one address, other than `inside`, that has more than half of them all; -1: there is none. By a vote of random ports (Boyer and Moore's). */
    tooMuch(ring, inside) {
        let found = NONE;
        let votes = 0;
        for (let n = 0; n < SAMPLES; n++) {
            const port = ring.any();
            const holder = ring.holder(port);
            if (holder === 0)
                continue; // another worker's
            if (votes === 0)
                found = port;
            votes += holder === ring.holder(found) ? 1 : -1;
        }
        if (found === NONE || ring.holder(found) === inside)
            return NONE;
        let ofIt = 0;
        let all = 0;
        for (let n = 0; n < SAMPLES; n++) {
            const holder = ring.holder(ring.any());
            if (holder !== 0)
                all++;
            if (holder === ring.holder(found))
                ofIt++;
        }
        return ofIt * 2 > all ? found : NONE;
    }
    assign(slot, ring, index, inside, port) {
        const id = (ring << RING_SHIFT) | index;
        this.slots[slot] = id + 1;
        this.rings[ring].assign(index, inside, port);
        return id;
    }
    /** Index of the ring, made with the first flow that needs it; -1: there are too many. */
    ringOf(proto, outside) {
        for (let i = 0; i < this.rings.length; i++)
            if (this.rings[i].address === outside && this.rings[i].proto === proto)
                return i;
        return this.addRing(proto, outside);
    }
    addRing(proto, outside) {
        const { rings } = this;
        const idle = rings.length < RINGS_KEPT ? NONE : rings.findIndex((ring) => ring.isIdle());
        const i = idle === NONE ? rings.length : idle;
        if (i === MAX_RINGS)
            return NONE;
        const { addresses } = this;
        if (i < rings.length)
            addresses?.release(rings[i].address);
        addresses?.hold(outside); // a ring may outlive its flows
        const spread = addresses?.spread(outside) ?? outside;
        rings[i] = new PortRing(proto, outside, this.first, this.last, this.random, this.worker, this.workers, spread);
        return i;
    }
    home(ring, inside, port) {
        const h = Math.imul(Math.imul(inside ^ this.seed, 0x9e3779b1) ^ port ^ (ring << 24), 0x85ebca6b);
        return (h ^ (h >>> 15)) & (SLOTS - 1);
    }
    /** Slot of the mapping, or the empty one where it would go. */
    find(ring, inside, port) {
        const { slots, rings } = this;
        for (let i = this.home(ring, inside, port);; i = (i + 1) & (SLOTS - 1)) {
            const id = slots[i] - 1;
            if (id === NONE || (id >>> RING_SHIFT === ring && rings[ring].isOf(id & PORT_BITS, inside, port)))
                return i;
        }
    }
    /** Takes out the mapping of this inside endpoint. */
    vacate(id, inside, port) {
        const { slots, rings } = this;
        let hole = this.home(id >>> RING_SHIFT, inside, port);
        while (slots[hole] !== id + 1)
            hole = (hole + 1) & (SLOTS - 1);
        for (let i = (hole + 1) & (SLOTS - 1); slots[i] !== 0; i = (i + 1) & (SLOTS - 1)) {
            const other = slots[i] - 1;
            const its = rings[other >>> RING_SHIFT];
            const home = this.home(other >>> RING_SHIFT, its.holder(other & PORT_BITS), its.holderPort(other & PORT_BITS));
            if (((i - home) & (SLOTS - 1)) < ((i - hole) & (SLOTS - 1)))
                continue;
            slots[hole] = slots[i];
            hole = i;
        }
        slots[hole] = 0;
    }
}
//# sourceMappingURL=nat-pool.js.map