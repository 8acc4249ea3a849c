/**
 * The source ports of one outside address and protocol: which are in use, and whose each one is.
 *
 * A port is by its place in the range. Those not in use are a ring: taken near its head, given back at its tail, so that a port rests before it is
 * used again. Which one of the older half is taken is random (RFC 6056 §3.1: hard to guess). All operations are O(1); memory, four words a
 * port and a half in the ring, is taken when the ring is made.
 */
import { rawHalf } from "../wire/raw.js";
import { workerOf } from "../wire/spread.js";
import { below } from "./random.js";
export const NONE = -1;
/** Words of a port: how many flows hold it, with IN_RING; whose it is (inside address and port, raw), while it is in use. The fourth is room. */
const FLOWS = 0, ADDRESS = 1, INSIDE = 2;
const WORDS_SHIFT = 2;
/** It is in the ring: not in use, or, if it is, to be skipped there. */
const IN_RING = 1 << 30;
/** In place of the flows: it leads to another worker. */
const FOREIGN = -1;
export class PortRing {
    /** `spread`: what the choice of a worker knows the address by. */
    constructor(proto, address, first, last, random, worker, workers, spread = address) {
        this.proto = proto;
        this.address = address;
        this.first = first;
        this.random = random;
        this.head = 0;
        this.left = 0;
        const range = last - first + 1;
        this.ports = new Int32Array(range << WORDS_SHIFT);
        this.order = new Uint16Array(range);
        for (let port = 0; port < range; port++) {
            const at = port << WORDS_SHIFT;
            if (workerOf(spread, this.portOf(port), workers) === worker) {
                this.order[this.left++] = port;
                this.ports[at + FLOWS] = IN_RING;
            }
            else {
                this.ports[at + FLOWS] = FOREIGN;
            }
        }
        for (let i = this.left - 1; i > 0; i--) {
            const j = below(random, i + 1);
            const port = this.order[i];
            this.order[i] = this.order[j];
            this.order[j] = port;
        }
    }
    /** Raw. */
    portOf(port) {
        return rawHalf(this.first + port);
    }
    /** Flows that hold the port. */
    flows(port) {
        const word = this.ports[(port << WORDS_SHIFT) + FLOWS];
        return word === FOREIGN ? 0 : word & ~IN_RING;
    }
    /** No port is in use. Looks at one after the other. */
    isIdle() {
        for (let port = 0; port < this.order.length; port++)
            if (this.flows(port) > 0)
                return false;
        return true;
    }
    /** Whether the port is in use, for this inside endpoint. */
    isOf(port, address, inside) {
        const at = port << WORDS_SHIFT;
        return this.ports[at + ADDRESS] === address && this.ports[at + INSIDE] === inside && this.flows(port) > 0;
    }
    /** Inside address that the port is in use for, raw; 0: it is not in use. */
    holder(port) {
        return this.flows(port) > 0 ? this.ports[(port << WORDS_SHIFT) + ADDRESS] : 0;
    }
    /** Inside port that the port is in use for, raw. */
    holderPort(port) {
        return this.ports[(port << WORDS_SHIFT) + INSIDE];
    }
    /** A port not in use, a random one of the half that has rested for longer, to be assigned; -1: there is none. */
    take() {
        while (this.left > 0) {
            const gap = this.at(below(this.random, (this.left + 1) >> 1));
            const port = this.order[gap];
            this.order[gap] = this.order[this.head]; // the one that has rested for longest
            this.head = this.at(1);
            this.left--;
            const at = (port << WORDS_SHIFT) + FLOWS;
            this.ports[at] = this.ports[at] & ~IN_RING;
            if (this.ports[at] === 0)
                return port;
        }
        return NONE;
    }
    /** This very raw port, if it is not in use, to be assigned; else -1. */
    takeThis(rawPort) {
        const port = rawHalf(rawPort) - this.first;
        return this.ports[(port << WORDS_SHIFT) + FLOWS] === IN_RING ? port : NONE;
    }
    /** Any port at all, in use or not. */
    any() {
        return below(this.random, this.order.length);
    }
    /** The port is the inside endpoint's from now on, for one flow, whose ever it was. */
    assign(port, address, inside) {
        const { ports } = this;
        const at = port << WORDS_SHIFT;
        ports[at + FLOWS] = (ports[at + FLOWS] & IN_RING) | 1;
        ports[at + ADDRESS] = address;
        ports[at + INSIDE] = inside;
    }
    /** One more flow holds a port that is in use. */
    hold(port) {
        const at = (port << WORDS_SHIFT) + FLOWS;
        this.ports[at] = this.ports[at] + 1;
    }
    /** One flow less. Answers whether it was the last; then the port is not in use any more. */
    release(port) {
        const at = (port << WORDS_SHIFT) + FLOWS;
        const word = this.ports[at] - 1;
        const isLast = (word & ~IN_RING) === 0;
        this.ports[at] = isLast ? IN_RING : word;
        if (word === 0)
            this.order[this.at(this.left++)] = port; // else it is there still
        return isLast;
    }
    /** Place in `order` of the n-th from the head. */
    at(n) {
        const i = this.head + n;
        return i < this.order.length ? i : i - this.order.length;
    }
}
//# sourceMappingURL=port-ring.js.map