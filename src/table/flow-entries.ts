/**
 * Entries of the steering's map `flows`, `flows6` or `across` (`wire/flow-entry.ts`), to be made or taken out: collected by the stages, given to the kernel by
 * the engine in one call. Keys and values lie one after another, as the kernel takes them. Memory taken up front.
 */
import { FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
import type { Addresses } from "./addresses.js";

export class FlowEntries {
  /** Words: source, destination (one or four each), ports, protocol. */
  readonly keys: Int32Array;
  readonly keyBytes: Uint8Array;
  readonly values: Int32Array;
  readonly valueBytes: Uint8Array;
  readonly valueHalves: Uint16Array;
  /** Set it back to 0 when they are given on. */
  count = 0;
  /** Some of them may be in the map already, and have counted. Set it back to false with `count`. */
  mayBeThere = false;
  readonly keyWords: number;
  readonly valueWords: number;

  /** `capacity`: entries at a time. `addresses`: of IPv6 entries, where their addresses' handles are from. `valueSize`: in bytes. */
  constructor(
    readonly capacity: number,
    private readonly addresses?: Addresses,
    valueSize = addresses === undefined ? FLOW_VALUE_SIZE : FLOW6_VALUE_SIZE,
  ) {
    this.keyWords = (addresses === undefined ? FLOW_KEY_SIZE : FLOW6_KEY_SIZE) / 4;
    this.valueWords = valueSize / 4;
    this.keys = new Int32Array(capacity * this.keyWords);
    this.keyBytes = new Uint8Array(this.keys.buffer);
    this.values = new Int32Array(capacity * this.valueWords);
    this.valueBytes = new Uint8Array(this.values.buffer);
    this.valueHalves = new Uint16Array(this.values.buffer);
  }

  get isFull(): boolean {
    return this.count === this.capacity;
  }

  /**
   * Adds a key with a value of zeros; answers where the value lies, in bytes. Addresses are words (`wire/address-word.ts`). A key that is here already
   * is not added again: its value becomes zeros. Each time that an entry of an LRU map is replaced, the kernel uses its memory for the next one at once, and a
   * program that has just found it would read that one's value.
   */
  add(src: number, dst: number, ports: number, proto: number): number {
    const { values, valueWords } = this;
    this.addKey(src, dst, ports, proto);
    const place = this.firstLikeLast();
    this.count = Math.max(this.count - 1, place + 1);
    values.fill(0, place * valueWords, (place + 1) * valueWords);
    return place * valueWords * 4;
  }

  /** The same without a value. */
  addKey(src: number, dst: number, ports: number, proto: number): void {
    const { addresses, keys, keyWords } = this;
    let at = this.count++ * keyWords;
    if (addresses === undefined) {
      keys[at] = src;
      keys[at + 1] = dst;
      at += 2;
    } else {
      addresses.copy(src, keys, at);
      addresses.copy(dst, keys, at + 4);
      at += 8;
    }
    keys[at] = ports;
    keys[at + 1] = proto;
  }

  /** Takes the first `count` out. */
  dropFirst(count: number): void {
    const { keys, keyWords, values, valueWords } = this;
    keys.copyWithin(0, count * keyWords, this.count * keyWords);
    values.copyWithin(0, count * valueWords, this.count * valueWords);
    this.count -= count;
  }

  /** The first place that has the key of the last one: its own, if there is no other. */
  private firstLikeLast(): number {
    const { keys, keyWords } = this;
    const last = (this.count - 1) * keyWords;
    let at = 0;
    while (at < last && !isSame(keys, at, last, keyWords)) at += keyWords;
    return at / keyWords;
  }
}

/** From the end, where the ports are: they tell most keys apart. */
function isSame(keys: Int32Array, one: number, other: number, words: number): boolean {
  for (let i = words - 1; i >= 0; i--) if (keys[one + i] !== keys[other + i]) return false;
  return true;
}
