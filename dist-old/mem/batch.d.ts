/**
 * A batch of frames on their way through the stages: columns of integers over one packet memory, made once and reused.
 *
 * Life of frame i: the engine fills `ingress`, `len`, `tail` and `device` and sets `egress` to UNDECIDED; `parse` says what it is; each later
 * stage looks only at frames whose `egress` is still its business and decides it further; at last `egress` is a port, FLOOD, FLOOD_ENDPOINTS,
 * KEPT or DROPPED.
 * The virtio-net header is at `at[i]`, the Ethernet header at `at[i] + 10`, the IP header at `at[i] + 24` (or 4 later behind a VLAN tag, where
 * it is not looked at).
 */
import { type PacketMemory } from "./packet-memory.js";
/** Values of `egress` that are no port. */
export declare const DROPPED = -1, UNDECIDED = -2, FLOOD = -3, ROUTE = -4, FLOOD_ENDPOINTS = -5, // to every bridge port but the host's
KEPT = -6, // copied, to go on later (`held-frames.ts`)
FRAGMENTS = -7, // to the uplink, in fragments of `mark` bytes
SEGMENTS = -8, // to another node, in segments that it stands for
JOINED = -9;
/** What `parse` found: something else; ARP; IPv4; IPv6. */
export declare const KIND_OTHER = 0, KIND_ARP = 1, KIND_IPV4 = 2, KIND_IPV6 = 3;
/** Bytes of a frame, from its Ethernet header on, that lie in the head and so can be looked at. */
export declare const HEAD_ROOM: number;
/** Bit of `mark` above EGRESS_*: an IPv6 packet that may be fragmented, since we stand for its sender. */
export declare const MARK_MAY_FRAGMENT: number;
/** No conntrack entry. */
export declare const NO_FLOW = -1;
export declare class Batch {
    readonly memory: PacketMemory;
    count: number;
    readonly at: Int32Array;
    readonly ingress: Int32Array;
    readonly len: Int32Array;
    readonly tail: Int32Array;
    readonly device: Int32Array;
    readonly egress: Int32Array;
    readonly kind: Int32Array;
    readonly src: Int32Array;
    readonly dst: Int32Array;
    readonly l4: Int32Array;
    readonly proto: Int32Array;
    readonly ports: Int32Array;
    readonly flow: Int32Array;
    readonly hash: Int32Array;
    readonly reason: Int32Array;
    readonly mark: Int32Array;
    readonly returned: Int32Array;
    readonly routed: Int32Array;
    readonly node: Int32Array;
    /** Some frame of the batch does not start at `headAt`. */
    moved: boolean;
    constructor(memory: PacketMemory);
    /** The next batch: all frames start where they were received. */
    reset(): void;
    drop(i: number, reason: number): void;
}
