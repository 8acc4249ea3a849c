import { FrameQueue, GONE } from "../mem/frame-queue.js";
import { headAt } from "../mem/packet-memory.js";
import { createBuckets } from "../table/bandwidth.js";
import { MAX_PORTS } from "../table/ports.js";
import * as vnet from "../wire/vnet.js";
/** What `admit` answers when it is no port. */
export const PASSES = -1, WAITS = -2;
const FROM = 1, TO = 2;
const NS_PER_SEC = 1e9;
const NS_PER_MS = 1e6;
const MAX_WAIT_NS = 25 * NS_PER_MS;
/** At low rates the queue still takes the first window of a connection, ten segments (RFC 6928). */
const MIN_QUEUE = 16 * 1024;
/** What MAX_WAIT is at 1.3 Gbit/s. */
const MAX_QUEUE = 4 << 20;
/** The loop looks after what waits once in a millisecond. A shorter burst would be given away in between. */
const MIN_BURST_NS = 5 * NS_PER_MS;
/** On a busy machine it is late. What waits makes up for so much of that. */
const MAX_LATE_NS = 100 * NS_PER_MS;
export class Shaper {
    constructor(buckets = createBuckets()) {
        /** Limits that there are. */
        this.limits = 0;
        /** Frames that wait. */
        this.waiting = 0;
        /** By port: FROM, TO. */
        this.limited = new Uint8Array(MAX_PORTS);
        /** By port, twice: FROM, then TO. */
        this.queues = new Array(MAX_PORTS * 2).fill(undefined);
        this.nsPerByte = new Float64Array(MAX_PORTS * 2);
        this.burstNs = new Float64Array(MAX_PORTS * 2);
        this.mostBytes = new Float64Array(MAX_PORTS * 2);
        /** Numbers of queues that are in use, `limits` of them. */
        this.inUse = new Int32Array(MAX_PORTS * 2);
        /** Monotonic nanoseconds, as of the last `setTime`. */
        this.now = new Float64Array(1);
        this.due = new Float64Array(buckets);
    }
    set(port, { egress, ingress }) {
        if (egress !== undefined)
            this.add(port, FROM, egress);
        if (ingress !== undefined)
            this.add(port, TO, ingress);
    }
    /** The port is gone: what waits of it and for it is lost. */
    clear(port) {
        for (let k = this.limits - 1; k >= 0; k--) {
            const n = this.inUse[k];
            if (n >> 1 === port) {
                this.waiting -= this.queues[n].count;
                this.queues[n] = undefined;
                this.inUse[k] = this.inUse[--this.limits];
            }
            else
                this.queues[n].forget(port);
        }
        this.limited[port] = 0;
    }
    setTime(sec, ns) {
        this.now[0] = sec * NS_PER_SEC + ns;
    }
    /** Whether some frame of the batch is of or for a port with a limit, if all go to `to`. */
    concerns(b, to) {
        let any = this.limited[to] & TO;
        for (let i = 0; i < b.count; i++)
            any |= this.limited[b.ingress[i]] & FROM;
        return any !== 0;
    }
    /**
     * Whether frame `i` of the batch may go to `to`: PASSES; WAITS, it was copied; else the port whose limit it was dropped by. `from`: the port that it
     * came by; -1: of that it was asked before.
     */
    admit(b, i, from, to) {
        const size = b.len[i] + vnet.HEADER_SIZE;
        const at = b.at[i];
        const cost = vnet.wireLength(b.memory.bytes, b.memory.halves, at, b.len[i]);
        if (from >= 0 && (this.limited[from] & FROM) !== 0) {
            const result = this.pass(from * 2, b.memory, at, b.tail[i], size, to, cost);
            if (result !== PASSES)
                return result;
        }
        return (this.limited[to] & TO) === 0 ? PASSES : this.pass(to * 2 + 1, b.memory, at, b.tail[i], size, to, cost);
    }
    /** Of a frame that goes to several ports, what it takes of its sender's limit: PASSES, or the port whose limit it was dropped by. */
    admitFlood(b, i) {
        const from = b.ingress[i];
        if ((this.limited[from] & FROM) === 0)
            return PASSES;
        const n = from * 2;
        if (this.queues[n].count > 0 || !this.conforms(n))
            return from;
        this.charge(n, vnet.wireLength(b.memory.bytes, b.memory.halves, b.at[i], b.len[i]));
        return PASSES;
    }
    /**
     * Takes out frames whose time has come, into heads and tails of packet memory from 0 on, which must be free. `send` gets the slot, the port and the
     * size with the virtio-net header; `lost` gets a port to count a drop at, and whether that is since the other port is gone. False: there are more.
     */
    release(memory, send, lost) {
        let slot = 0;
        for (let k = 0; k < this.limits; k++) {
            const n = this.inUse[k];
            const queue = this.queues[n];
            while (queue.count > 0 && this.conforms(n)) {
                if (slot === memory.slots)
                    return false;
                const { port: to, size, cost } = queue;
                queue.read(memory, slot);
                queue.shift();
                this.waiting--;
                if (to === GONE) {
                    lost(n >> 1, true);
                    continue;
                }
                this.due[n] = Math.max(this.due[n], this.now[0] - MAX_LATE_NS) + cost * this.nsPerByte[n];
                const next = (n & 1) === 0 && (this.limited[to] & TO) !== 0;
                const result = next ? this.pass(to * 2 + 1, memory, headAt(slot), slot, size, to, cost) : PASSES;
                if (result === PASSES)
                    send(slot++, to, size);
                else if (result >= 0)
                    lost(result, false);
            }
        }
        return true;
    }
    /** Milliseconds, 1 to `most` (-1: for ever), until something that waits may go. */
    waitMs(most) {
        let first = Number.POSITIVE_INFINITY;
        for (let k = 0; k < this.limits; k++) {
            const n = this.inUse[k];
            if (this.queues[n].count > 0)
                first = Math.min(first, this.due[n] - this.burstNs[n] - this.now[0]);
        }
        const ms = Math.max(1, Math.ceil(first / NS_PER_MS));
        return most < 0 ? ms : Math.min(ms, most);
    }
    add(port, direction, { rate, burst }) {
        const n = port * 2 + (direction === FROM ? 0 : 1);
        const nsPerBit = NS_PER_SEC / rate;
        this.nsPerByte[n] = nsPerBit * 8;
        this.burstNs[n] = Math.max(burst * nsPerBit, MIN_BURST_NS);
        this.mostBytes[n] = Math.min(Math.max(MAX_WAIT_NS / (nsPerBit * 8), MIN_QUEUE), MAX_QUEUE);
        this.due[n] = 0;
        this.queues[n] = new FrameQueue(this.mostBytes[n]);
        this.limited[port] = this.limited[port] | direction;
        this.inUse[this.limits++] = n;
    }
    pass(n, memory, at, tail, size, to, cost) {
        const queue = this.queues[n];
        if (queue.count === 0 && this.conforms(n)) {
            this.charge(n, cost);
            return PASSES;
        }
        if (queue.backlog >= this.mostBytes[n] || !queue.put(memory, at, tail, size, to, cost))
            return n >> 1;
        this.waiting++;
        return WAITS;
    }
    conforms(n) {
        return this.due[n] - this.now[0] <= this.burstNs[n];
    }
    charge(n, cost) {
        this.due[n] = Math.max(this.due[n], this.now[0]) + cost * this.nsPerByte[n];
    }
}
//# sourceMappingURL=shaper.js.map