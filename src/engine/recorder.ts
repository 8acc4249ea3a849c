/**
 * Writes flows into the steering's map `flows` or `flows6` (`dataplane/record.ts`). What an entry has counted is kept: one that the map has already
 * is left as it is, and one that is to say something else takes the counts over.
 */
import type { Addresses } from "../table/addresses.js";
import { FlowEntries } from "../table/flow-entries.js";
import { FLOW_DESTINATION_AT, FLOW_ORDER_AT, FLOW_SEEN_AT } from "../wire/flow-entry.js";

/** One of the steering's maps `flows` and `flows6`. Its entries are laid out in `wire/flow-entry.ts`. */
export interface FlowMap {
  /** Copies the value of `key` into `value`; false, and nothing is copied, when there is none. */
  lookup(key: Uint8Array, value: Uint8Array): boolean;
  /**
   * Adds or replaces the first `count` entries; keys and values lie one behind the other. Answers how many were written; if fewer, the kernel has refused the one
   * behind them, and the rest were not tried.
   */
  put(keys: Uint8Array, values: Uint8Array, count: number): number;
  /** Deletes the first `count` of `keys`, which lie one behind the other; those that are not there are passed over. */
  delete(keys: Uint8Array, count: number): void;
}

/** Words of a value that the kernel writes: second and packets, which are kept, and how many wait, which begins anew with what is written. */
const COUNTS = FLOW_SEEN_AT / 4,
  COUNTS_END = FLOW_ORDER_AT / 4,
  OWN_END = FLOW_DESTINATION_AT / 4;

export class Recorder {
  /** Room for one entry. */
  private readonly one: FlowEntries;

  /** `refused`: the kernel has refused entry `k`. `addresses`: of IPv6 entries. */
  constructor(
    private readonly refused: (entries: FlowEntries, k: number) => void,
    addresses?: Addresses,
  ) {
    this.one = new FlowEntries(1, addresses);
  }

  /** Puts all entries into the map, if there is one, and empties them. */
  record(entries: FlowEntries, map: FlowMap | undefined): void {
    if (map !== undefined && entries.mayBeThere) this.keepCounts(entries, map);
    if (map !== undefined) this.put(entries, map);
    entries.count = 0;
    entries.mayBeThere = false;
  }

  /** One that is refused keeps none of the others out. */
  private put(entries: FlowEntries, map: FlowMap): void {
    while (entries.count > 0) {
      const written = map.put(entries.keyBytes, entries.valueBytes, entries.count);
      if (written === entries.count) return;
      this.refused(entries, written);
      entries.dropFirst(written + 1);
    }
  }

  private keepCounts(entries: FlowEntries, map: FlowMap): void {
    const { one } = this;
    const { keys, values, keyWords, valueWords } = entries;
    let kept = 0;
    for (let k = 0; k < entries.count; k++) {
      const key = k * keyWords;
      const value = k * valueWords;
      for (let i = 0; i < keyWords; i++) one.keys[i] = keys[key + i]!;
      if (map.lookup(one.keyBytes, one.valueBytes)) {
        if (saysTheSame(values, value, one.values)) continue;
        for (let i = COUNTS; i < COUNTS_END; i++) values[value + i] = one.values[i]!;
      }
      keys.copyWithin(kept * keyWords, key, key + keyWords);
      values.copyWithin(kept * valueWords, value, value + valueWords);
      kept++;
    }
    entries.count = kept;
  }
}

function saysTheSame(values: Int32Array, at: number, there: Int32Array): boolean {
  for (let i = 0; i < there.length; i++) if ((i < COUNTS || i >= OWN_END) && values[at + i] !== there[i]) return false;
  return true;
}
