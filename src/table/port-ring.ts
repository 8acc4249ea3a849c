/**
 * The source ports of one outside address and protocol: which are in use, and whose each one is.
 *
 * A port is by its place in the range. Those not in use are a ring: taken near its head, given back at its tail, so that a port rests before it is
 * used again. Which one of the older half is taken is random (RFC 6056 §3.1: hard to guess). All operations are O(1); memory, four words a
 * port and a half in the ring, is taken when the ring is made.
 */
import { rawHalf } from "../wire/raw.js";
import { workerOf } from "../wire/spread.js";
import { below, type RandomInt32 } from "./random.js";

export const NONE = -1;
/** Words of a port: flows that hold it, or FOREIGN; whose it is (inside address and port, raw), while it is in use; 1 if it is in the ring. */
const REFS = 0,
  ADDRESS = 1,
  INSIDE = 2,
  IN_RING = 3;
const WORDS_SHIFT = 2;
/** It leads to another worker. */
const FOREIGN = -1;

export class PortRing {
  /** Ports in use. */
  used = 0;
  private readonly ports: Int32Array;
  private readonly order: Uint16Array; // the ring; what is in it and in use is skipped
  private head = 0;
  private left = 0;

  constructor(
    readonly proto: number,
    readonly address: number,
    private readonly first: number,
    last: number,
    private readonly random: RandomInt32,
    worker: number,
    workers: number,
  ) {
    const range = last - first + 1;
    this.ports = new Int32Array(range << WORDS_SHIFT);
    this.order = new Uint16Array(range);
    for (let port = 0; port < range; port++) {
      const at = port << WORDS_SHIFT;
      if (workerOf(address, this.portOf(port), workers) === worker) {
        this.order[this.left++] = port;
        this.ports[at + IN_RING] = 1;
      } else {
        this.ports[at + REFS] = FOREIGN;
      }
    }
    for (let i = this.left - 1; i > 0; i--) {
      const j = below(random, i + 1);
      const port = this.order[i]!;
      this.order[i] = this.order[j]!;
      this.order[j] = port;
    }
  }

  /** Raw. */
  portOf(port: number): number {
    return rawHalf(this.first + port);
  }

  /** Whether the port is in use, for this inside endpoint. */
  isOf(port: number, address: number, inside: number): boolean {
    const at = port << WORDS_SHIFT;
    return this.ports[at + ADDRESS] === address && this.ports[at + INSIDE] === inside && this.ports[at + REFS]! > 0;
  }

  /** Inside address that the port is in use for, raw; 0: it is not in use. */
  holder(port: number): number {
    const at = port << WORDS_SHIFT;
    return this.ports[at + REFS]! > 0 ? this.ports[at + ADDRESS]! : 0;
  }

  /** Inside port that the port is in use for, raw. */
  holderPort(port: number): number {
    return this.ports[(port << WORDS_SHIFT) + INSIDE]!;
  }

  /** Flows that hold the port. */
  flows(port: number): number {
    return Math.max(0, this.ports[(port << WORDS_SHIFT) + REFS]!);
  }

  /** A port not in use, a random one of the half that has rested for longer; -1: there is none. To be assigned, or given back. */
  take(): number {
    while (this.left > 0) {
      const gap = this.at(below(this.random, (this.left + 1) >> 1));
      const port = this.order[gap]!;
      this.order[gap] = this.order[this.head]!; // the one that has rested for longest
      this.head = this.at(1);
      this.left--;
      this.ports[(port << WORDS_SHIFT) + IN_RING] = 0;
      if (this.ports[(port << WORDS_SHIFT) + REFS] === 0) return port;
    }
    return NONE;
  }

  /** This very raw port, if it is not in use; else -1. To be assigned, or given back. */
  takeThis(rawPort: number): number {
    const port = rawHalf(rawPort) - this.first;
    return this.ports[(port << WORDS_SHIFT) + REFS] === 0 ? port : NONE; // its place in the ring is skipped later
  }

  /** Gives back a port that has no flow. */
  give(port: number): void {
    const at = port << WORDS_SHIFT;
    if (this.ports[at + IN_RING] === 1) return;
    this.ports[at + IN_RING] = 1;
    this.order[this.at(this.left++)] = port;
  }

  /** Any port at all, in use or not. */
  any(): number {
    return below(this.random, this.order.length);
  }

  /** The port is the inside endpoint's from now on, for one flow, whose ever it was. */
  assign(port: number, address: number, inside: number): void {
    const { ports } = this;
    const at = port << WORDS_SHIFT;
    if (ports[at + REFS] === 0) this.used++;
    ports[at + REFS] = 1;
    ports[at + ADDRESS] = address;
    ports[at + INSIDE] = inside;
  }

  /** One more flow holds a port that is in use. */
  hold(port: number): void {
    const at = (port << WORDS_SHIFT) + REFS;
    this.ports[at] = this.ports[at]! + 1;
  }

  /** One flow less. Answers whether it was the last; then the port is to be given back. */
  release(port: number): boolean {
    const at = (port << WORDS_SHIFT) + REFS;
    const flows = this.ports[at]! - 1;
    this.ports[at] = flows;
    if (flows === 0) this.used--;
    return flows === 0;
  }

  /** Place in `order` of the n-th from the head. */
  private at(n: number): number {
    const i = this.head + n;
    return i < this.order.length ? i : i - this.order.length;
  }
}
