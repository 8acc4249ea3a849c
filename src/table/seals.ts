/**
 * Keys of nodes, as a worker knows them: by which it seals what it sends to a node, and by which it opens what the node sends. What a key is, only the
 * sealer knows (`mem/sealer.ts`); here it is a number, and the numbers of the two nodes' keys that it was made of, which are in each datagram.
 *
 * A counter is never used twice under a key: it begins at 0 when the key gets its number here, and goes up alone. Who gives numbers
 * (`control/network/key-ring.ts`) never gives a second one to the same key. At `MOST_COUNTERS` the key is used up: nothing is sent then.
 * Nodes are known by their address in the underlay, a word that is held here.
 */
import type { Addresses } from "./addresses.js";
import { PairMap } from "./pair-map.js";
import type { RandomInt32 } from "./random.js";
import { ReplayWindows } from "./replay-window.js";

/** No key. */
export const NO_KEY = -1;
/**
 * Datagrams under one key. Of AES-GCM, an attacker's advantage grows with the square of the blocks: with 2^40 datagrams of 1,500 bytes it is 2^-35 at most
 * (RFC 9001 appendix B has the same reckoning). At 10 Gbit/s they take 14 days; keys change each hour.
 */
export const MOST_COUNTERS = 2 ** 40;

interface Node {
  send: number;
  receive: readonly number[];
  /** Of `receive`: numbers of keys in datagrams. */
  pairs: readonly number[];
  /** That it has. */
  workers: number;
}

export class Seals {
  /** Nodes whose keys are known. */
  size = 0;
  /** By key: what is in datagrams. */
  private pair = new Int32Array(64);
  /** By key: counter of the next datagram. */
  private counters = new Float64Array(64);
  private readonly windows: (ReplayWindows | undefined)[] = [];
  private readonly sendBy: PairMap;
  private readonly receiveBy: PairMap;
  private readonly nodes = new Map<number, Node>();

  constructor(
    private readonly addresses: Addresses,
    random: RandomInt32,
  ) {
    this.sendBy = new PairMap(random());
    this.receiveBy = new PairMap(random());
  }

  /** The key for what is sent to the node, or NO_KEY: there is none, or it is used up. */
  toNode(address: number): number {
    const key = this.sendBy.get(address, 0);
    return key !== NO_KEY && this.counters[key]! >= MOST_COUNTERS ? NO_KEY : key;
  }

  /** The key for what a node has sealed with this pair of keys (`sealed.keyPair`), or NO_KEY. */
  fromNode(address: number, pair: number): number {
    return this.receiveBy.get(address, pair);
  }

  /** Workers of the node, among which its flows are; of one that is not known 1. */
  workersOf(address: number): number {
    return this.nodes.get(address)?.workers ?? 1;
  }

  pairOf(key: number): number {
    return this.pair[key]!;
  }

  /** Of the next datagram under the key; it is used by that. */
  takeCounter(key: number): number {
    const counter = this.counters[key]!;
    this.counters[key] = counter + 1;
    return counter;
  }

  /** Takes note of a datagram that was authentic; false: it has come already, or it has a counter that nobody reaches under one key. */
  accept(key: number, worker: number, counter: number): boolean {
    const windows = this.windows[key]!;
    return counter < MOST_COUNTERS && worker < windows.count && windows.accept(worker, counter);
  }

  /** `windows`: of a key that opens. The number must be one that no key has. */
  set(key: number, pair: number, windows: SharedArrayBuffer | null): void {
    if (key >= this.pair.length) this.grow(key);
    this.pair[key] = pair;
    this.counters[key] = 0;
    this.windows[key] = windows === null ? undefined : new ReplayWindows(windows);
  }

  /** No node may have it any more. */
  drop(key: number): void {
    this.counters[key] = MOST_COUNTERS;
    this.windows[key] = undefined;
  }

  /** What is used for the node from now on. `address`: held by the caller, once a call. NO_KEY and none: it is unknown from now on. */
  setNode(address: number, send: number, receive: readonly number[], workers: number): void {
    const before = this.nodes.get(address);
    if (before !== undefined) {
      for (const pair of before.pairs) this.receiveBy.delete(address, pair);
      this.sendBy.delete(address, 0);
      this.nodes.delete(address);
      this.addresses.release(address);
    }
    if (send === NO_KEY && receive.length === 0) {
      this.addresses.release(address);
    } else {
      const pairs = receive.map((key) => this.pair[key]!);
      for (const [i, key] of receive.entries()) this.receiveBy.set(address, pairs[i]!, key);
      if (send !== NO_KEY) this.sendBy.set(address, 0, send);
      this.nodes.set(address, { send, receive, pairs, workers });
    }
    this.size = this.nodes.size;
  }

  private grow(key: number): void {
    const length = 2 ** Math.ceil(Math.log2(key + 1));
    const pair = new Int32Array(length);
    pair.set(this.pair);
    this.pair = pair;
    const counters = new Float64Array(length);
    counters.set(this.counters);
    this.counters = counters;
  }
}
