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

  /** Adds a key with a value of zeros; answers where the value lies, in bytes. Addresses are words (`wire/address-word.ts`). */
  add(src: number, dst: number, ports: number, proto: number): number {
    const { values, count, valueWords } = this;
    this.addKey(src, dst, ports, proto);
    values.fill(0, count * valueWords, (count + 1) * valueWords);
    return count * valueWords * 4;
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
}
