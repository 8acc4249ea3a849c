/**
 * A batch of frames on their way through the stages: columns of integers over one packet memory, made once and reused.
 *
 * Life of frame i: the engine fills `ingress`, `len`, `tail` and `device` and sets `egress` to UNDECIDED; `parse` says what it is; each later
 * stage looks only at frames whose `egress` is still its business and decides it further; at last `egress` is a port, FLOOD, FLOOD_ENDPOINTS,
 * KEPT or DROPPED.
 * The virtio-net header is at `at[i]`, the Ethernet header at `at[i] + 10`, the IP header at `at[i] + 24` (or 4 later behind a VLAN tag, where
 * it is not looked at).
 */
import { HEAD_SIZE, headAt } from "./packet-memory.js";
/** Values of `egress` that are no port. */
export const DROPPED = -1, UNDECIDED = -2, FLOOD = -3, ROUTE = -4, FLOOD_ENDPOINTS = -5, // to every bridge port but the host's
KEPT = -6, // copied, to go on later (`held-frames.ts`)
FRAGMENTS = -7, // to the uplink, in fragments of `mark` bytes
SEGMENTS = -8, // to another node, in segments that it stands for
JOINED = -9; // part of another frame by now (`coalesce.ts`)
/** What `parse` found: something else; ARP; IPv4; IPv6. */
export const KIND_OTHER = 0, KIND_ARP = 1, KIND_IPV4 = 2, KIND_IPV6 = 3;
/** Bytes of a frame, from its Ethernet header on, that lie in the head and so can be looked at. */
export const HEAD_ROOM = HEAD_SIZE - 10;
/** Bit of `mark` above EGRESS_*: an IPv6 packet that may be fragmented, since we stand for its sender. */
export const MARK_MAY_FRAGMENT = 1 << 16;
/** No conntrack entry. */
export const NO_FLOW = -1;
export class Batch {
    constructor(memory) {
        this.memory = memory;
        this.count = 0;
        /** Some frame of the batch does not start at `headAt`. */
        this.moved = false;
        const column = () => new Int32Array(memory.slots);
        this.at = column().map((_, i) => headAt(i));
        this.ingress = column();
        this.len = column();
        this.tail = column().fill(-1);
        this.device = column();
        this.egress = column();
        this.kind = column();
        this.src = column();
        this.dst = column();
        this.l4 = column();
        this.proto = column();
        this.ports = column();
        this.flow = column();
        this.hash = column();
        this.reason = column();
        this.mark = column();
        this.returned = column();
        this.routed = column();
        this.node = column();
    }
    /** The next batch: all frames start where they were received. */
    reset() {
        this.moved = false;
        for (let i = 0; i < this.at.length; i++)
            this.at[i] = headAt(i);
    }
    drop(i, reason) {
        this.egress[i] = DROPPED;
        this.reason[i] = reason;
    }
}
//# sourceMappingURL=batch.js.map