/**
 * Which flow the later fragments of a datagram belong to, as the first one told, which alone has ports. Key: source, destination,
 * identification and protocol (RFC 791 §3.2).
 *
 * One slot a hash: of two datagrams that meet there the newer stays. Memory taken up front. Time in seconds, passed in.
 */

/** How long the rest of a datagram may take; Linux waits as long for it (net.ipv4.ipfrag_time). */
const FRAGMENT_SEC = 30;
const SLOTS = 1024,
  WORDS = 8;
/** Words of a slot. */
const SRC = 0,
  DST = 1,
  DATAGRAM = 2,
  REF = 3,
  DEADLINE = 4,
  PORTS = 5;

export class Fragments {
  private readonly slots = new Int32Array(SLOTS * WORDS);

  /** `seed`: int32, random per process, so that collisions are hard to aim. */
  constructor(private readonly seed: number) {}

  /** `datagram`: identification and protocol (`ipv4.datagram`); `ref`: of the flow, >= 0; `ports`: of the first fragment. Addresses and ports raw. */
  remember(src: number, dst: number, datagram: number, ref: number, now: number, ports = 0): void {
    const { slots } = this;
    const at = this.slotOf(src, dst, datagram);
    slots[at + SRC] = src;
    slots[at + DST] = dst;
    slots[at + DATAGRAM] = datagram;
    slots[at + REF] = ref;
    slots[at + DEADLINE] = now + FRAGMENT_SEC;
    slots[at + PORTS] = ports;
  }

  /** The flow's ref, or -1. The flow may be over by now. */
  find(src: number, dst: number, datagram: number, now: number): number {
    const { slots } = this;
    const at = this.slotOf(src, dst, datagram);
    const same = slots[at + SRC] === src && slots[at + DST] === dst && slots[at + DATAGRAM] === datagram;
    return same && slots[at + DEADLINE]! > now ? slots[at + REF]! : -1;
  }

  /** Ports of the first fragment of a datagram that `find` has found. */
  ports(src: number, dst: number, datagram: number): number {
    return this.slots[this.slotOf(src, dst, datagram) + PORTS]!;
  }

  private slotOf(src: number, dst: number, datagram: number): number {
    let h = Math.imul(src ^ this.seed, 0x9e3779b1);
    h = Math.imul(h ^ (h >>> 15) ^ dst, 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13) ^ datagram, 0xc2b2ae35);
    return (h >>> 22) * WORDS;
  }
}
