/**
 * Entries that the steering's map `flows` is to get (`wire/flow-entry.ts`): collected by the stages, written by the engine in one call a
 * batch. Keys and values lie one after another, as the kernel takes them. Memory taken up front: a batch cannot have more than it fits.
 */
import { FLOW_KEY_SIZE, FLOW_VALUE_SIZE } from "../wire/flow-entry.js";

const KEY_WORDS = FLOW_KEY_SIZE / 4,
  VALUE_WORDS = FLOW_VALUE_SIZE / 4;

export class FlowEntries {
  /** Words: source, destination, ports, protocol. */
  readonly keys: Int32Array;
  readonly values: Int32Array;
  readonly valueBytes: Uint8Array;
  readonly valueHalves: Uint16Array;
  /** Set it back to 0 when they are written. */
  count = 0;

  /** `capacity`: entries at a time. */
  constructor(readonly capacity: number) {
    this.keys = new Int32Array(capacity * KEY_WORDS);
    this.values = new Int32Array(capacity * VALUE_WORDS);
    this.valueBytes = new Uint8Array(this.values.buffer);
    this.valueHalves = new Uint16Array(this.values.buffer);
  }

  /** Adds a key with a value of zeros; answers where the value lies, in bytes. */
  add(src: number, dst: number, ports: number, proto: number): number {
    const { keys, values, count } = this;
    const at = count * KEY_WORDS;
    keys[at] = src;
    keys[at + 1] = dst;
    keys[at + 2] = ports;
    keys[at + 3] = proto;
    values.fill(0, count * VALUE_WORDS, (count + 1) * VALUE_WORDS);
    this.count = count + 1;
    return count * FLOW_VALUE_SIZE;
  }
}
