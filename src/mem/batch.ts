/**
 * A batch of frames on their way through the stages: columns of integers over one packet memory, made once and reused.
 *
 * Life of frame i: the engine fills `ingress`, `len`, `tail` and `device` and sets `egress` to UNDECIDED; `parse` says what it is; each later
 * stage looks only at frames whose `egress` is still its business and decides it further; at last `egress` is a port, FLOOD, FLOOD_ENDPOINTS,
 * KEPT or DROPPED.
 * The virtio-net header is at `at[i]`, the Ethernet header at `at[i] + 10`, the IP header at `at[i] + 24` (or 4 later behind a VLAN tag, where
 * it is not looked at).
 */
import { HEAD_SIZE, headAt, type PacketMemory } from "./packet-memory.js";

/** Values of `egress` that are no port. */
export const DROPPED = -1,
  UNDECIDED = -2,
  FLOOD = -3,
  ROUTE = -4,
  FLOOD_ENDPOINTS = -5, // to every bridge port but the host's
  KEPT = -6, // copied, to go on later (`held-frames.ts`)
  FRAGMENTS = -7, // to the uplink, in fragments of `mark` bytes
  SEGMENTS = -8, // to another node, in segments that it stands for
  JOINED = -9, // part of another frame by now (`coalesce.ts`)
  SEALED = -10, // to another node in an encrypted network, in datagrams that are to be sealed (`datagrams-out.ts`)
  CARRIED = -11; // the kernel has sent the frame itself on

/** What `parse` found: something else; ARP; IPv4; IPv6. */
export const KIND_OTHER = 0,
  KIND_ARP = 1,
  KIND_IPV4 = 2,
  KIND_IPV6 = 3;

/** Bytes of a frame, from its Ethernet header on, that lie in the head and so can be looked at. */
export const HEAD_ROOM = HEAD_SIZE - 10;

/** Bit of `mark` above EGRESS_*: an IPv6 packet that may be fragmented, since we stand for its sender. */
export const MARK_MAY_FRAGMENT = 1 << 16;

/** No conntrack entry. */
export const NO_FLOW = -1;

export class Batch {
  count = 0;
  readonly at: Int32Array; // byte offset of the virtio-net header; another than `headAt` of a frame that `translate` has moved, or that has come or goes through a tunnel
  readonly ingress: Int32Array; // port that the frame came in by
  readonly len: Int32Array; // bytes from the Ethernet header on
  readonly tail: Int32Array; // index of the tail that the frame goes on in, or -1
  readonly device: Int32Array; // interface index that the host's kernel accepted it from for a published port; 0: it did not come that way
  readonly egress: Int32Array;
  readonly kind: Int32Array;
  readonly src: Int32Array; // source and destination address as words (`wire/address-word.ts`; KIND_IPV4, KIND_IPV6)
  readonly dst: Int32Array;
  readonly l4: Int32Array; // byte offset of the layer-4 header (KIND_IPV4, KIND_IPV6)
  readonly proto: Int32Array; // IP protocol; 0 if there is no layer-4 header to look at: later fragments
  readonly ports: Int32Array; // raw ports word, for ICMP echo the identifier twice
  readonly flow: Int32Array; // conntrack reference, or NO_FLOW
  readonly hash: Int32Array; // of the tuple, from `flow-lookup`
  readonly reason: Int32Array; // drop reason once DROPPED
  readonly mark: Int32Array; // EGRESS_* bits for the way out (`table/conntrack.ts`)
  readonly returned: Int32Array; // not 0: the uplink's program has given it back, and why (`wire/flow-entry.ts`)
  readonly routed: Int32Array; // 1: needs a new Ethernet header
  readonly node: Int32Array; // of a frame that came from another node, or goes to one: which (`table/remotes.ts`)
  readonly isCopy: Uint8Array; // 1: the kernel carries the frame itself (`wire/order.ts`)
  readonly acked: Uint16Array; // of a copy: upper half of what the other end has acknowledged, raw; 0: not known
  /** Some frame of the batch does not start at `headAt`. */
  moved = false;
  /** Some frame is a copy; else `isCopy` is 0 throughout. */
  hasCopies = false;

  constructor(readonly memory: PacketMemory) {
    const column = (): Int32Array => new Int32Array(memory.slots);
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
    this.isCopy = new Uint8Array(memory.slots);
    this.acked = new Uint16Array(memory.slots);
  }

  /** The next batch: all frames start where they were received. */
  reset(): void {
    this.moved = false;
    for (let i = 0; i < this.at.length; i++) this.at[i] = headAt(i);
  }

  /** `acked`: upper half of what the other end has acknowledged, raw; 0: not known. */
  noteCopy(i: number, acked: number): void {
    this.isCopy[i] = 1;
    this.acked[i] = acked;
    this.hasCopies = true;
  }

  drop(i: number, reason: number): void {
    this.egress[i] = DROPPED;
    this.reason[i] = reason;
  }
}
