/**
 * The source ports of one outside address and protocol: which are in use, and whose each one is.
 *
 * A port is by its place in the range. Those not in use are a ring: taken near its head, given back at its tail, so that a port rests before it is
 * used again. Which one of the older half is taken is random (RFC 6056 §3.1: hard to guess). Whose a port was is remembered until somebody
 * else gets it: an inside endpoint that comes again soon has the port that it had. All operations are O(1); memory is taken when the ring is made.
 */
import { rawHalf } from "../wire/raw.js";
import { workerOf } from "../wire/spread.js";
import { below, type RandomInt32 } from "./random.js";

export const NONE = -1;
/** In `refs`: a port that leads to another worker. */
const FOREIGN = -1;

export class PortRing {
  /** How many ports there are, in use or not. */
  readonly size: number;
  private readonly order: Uint16Array; // the ring of those not in use
  private readonly place: Uint16Array; // where in it each is
  private head = 0;
  private left = 0;
  private readonly refs: Int32Array; // flows that hold the port
  private readonly ownerAddress: Int32Array; // inside, raw; 0: it was nobody's yet
  private readonly ownerPort: Uint16Array; // raw
  private readonly slots: Uint16Array; // hash of owner to port, plus one; 0: empty
  private readonly mask: number;

  constructor(
    readonly proto: number,
    readonly address: number,
    private readonly first: number,
    last: number,
    private readonly seed: number,
    private readonly random: RandomInt32,
    worker: number,
    workers: number,
  ) {
    const range = last - first + 1;
    this.order = new Uint16Array(range);
    this.place = new Uint16Array(range);
    this.refs = new Int32Array(range);
    this.ownerAddress = new Int32Array(range);
    this.ownerPort = new Uint16Array(range);
    this.slots = new Uint16Array(1 << (32 - Math.clz32(range * 2)));
    this.mask = this.slots.length - 1;
    for (let port = 0; port < range; port++) {
      if (workerOf(address, this.portOf(port), workers) === worker) this.order[this.left++] = port;
      else this.refs[port] = FOREIGN;
    }
    this.size = this.left;
    for (let i = this.left - 1; i > 0; i--) {
      const j = below(random, i + 1);
      const port = this.order[i]!;
      this.order[i] = this.order[j]!;
      this.order[j] = port;
    }
    for (let i = 0; i < this.left; i++) this.place[this.order[i]!] = i;
  }

  /** No port is in use. */
  get idle(): boolean {
    return this.left === this.size;
  }

  /** Raw. */
  portOf(port: number): number {
    return rawHalf(this.first + port);
  }

  /** Inside address that the port is in use for, raw; 0: it is not in use. */
  holder(port: number): number {
    return this.refs[port]! > 0 ? this.ownerAddress[port]! : 0;
  }

  /** The port that the inside endpoint has, or had last and nobody got since; -1: none. */
  find(address: number, inside: number): number {
    return this.slots[this.slotOf(address, inside)]! - 1;
  }

  /** A port not in use: a random one of the half that has rested for longer; -1: there is none. It stays where it is until it is claimed. */
  candidate(): number {
    return this.left === 0 ? NONE : this.order[this.at(below(this.random, (this.left + 1) >> 1))]!;
  }

  /** Any port at all, in use or not. */
  any(): number {
    return below(this.random, this.refs.length);
  }

  /** One more flow holds the port. Answers whether it was not in use before. */
  hold(port: number): boolean {
    const flows = this.refs[port]!;
    this.refs[port] = flows + 1;
    if (flows === 0) this.take(port);
    return flows === 0;
  }

  /** Makes the port that of the inside endpoint, for one flow, whose ever it was: flows that hold it keep it, but cannot be told from others any more. */
  claim(port: number, address: number, inside: number): void {
    if (this.refs[port] === 0) this.take(port);
    this.refs[port] = 1;
    this.disown(port);
    const former = this.find(address, inside);
    if (former !== NONE) this.disown(former);
    this.ownerAddress[port] = address;
    this.ownerPort[port] = inside;
    this.slots[this.slotOf(address, inside)] = port + 1;
  }

  /** One flow of the inside endpoint less; nothing, if the port is somebody else's by now. Answers whether it is not in use any more. */
  release(port: number, address: number, inside: number): boolean {
    const flows = this.refs[port]!;
    if (flows <= 0 || this.ownerAddress[port] !== address || this.ownerPort[port] !== inside) return false;
    this.refs[port] = flows - 1;
    if (flows > 1) return false;
    const tail = this.at(this.left++);
    this.order[tail] = port;
    this.place[port] = tail;
    return true;
  }

  /** Place in `order` of the n-th from the head. */
  private at(n: number): number {
    const i = this.head + n;
    return i < this.order.length ? i : i - this.order.length;
  }

  /** Takes a port out of the ring; the one at its head, which has rested for longest, goes into the gap. */
  private take(port: number): void {
    const gap = this.place[port]!;
    const oldest = this.order[this.head]!;
    this.order[gap] = oldest;
    this.place[oldest] = gap;
    this.head = this.at(1);
    this.left--;
  }

  private home(address: number, inside: number): number {
    const h = Math.imul(Math.imul(address ^ this.seed, 0x9e3779b1) ^ inside, 0x85ebca6b);
    return (h ^ (h >>> 15)) & this.mask;
  }

  /** Slot of the inside endpoint's port, or the empty one where it would go. */
  private slotOf(address: number, inside: number): number {
    for (let i = this.home(address, inside); ; i = (i + 1) & this.mask) {
      const port = this.slots[i]! - 1;
      if (port === NONE || (this.ownerAddress[port] === address && this.ownerPort[port] === inside)) return i;
    }
  }

  /** Forgets whose the port was. */
  private disown(port: number): void {
    if (this.ownerAddress[port] === 0) return;
    const { slots, mask } = this;
    let hole = this.slotOf(this.ownerAddress[port]!, this.ownerPort[port]!);
    for (let i = (hole + 1) & mask; slots[i] !== 0; i = (i + 1) & mask) {
      const other = slots[i]! - 1;
      const home = this.home(this.ownerAddress[other]!, this.ownerPort[other]!);
      if (((i - home) & mask) < ((i - hole) & mask)) continue;
      slots[hole] = slots[i]!;
      hole = i;
    }
    slots[hole] = 0;
    this.ownerAddress[port] = 0;
  }
}
