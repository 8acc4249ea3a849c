/**
 * Pairs of stations of networks whose unicast frames the kernel carries, as the engine has decided (`dataplane/carry-pair.ts`, `dataplane/lan-forward.ts`): each is an entry of the steering's
 * map `station_pairs` (`wire/station-pair.ts`). Those of a batch wait here to be entered. What was entered is kept in mind, so that all of it can be taken back, as on
 * any change of what the decision was made of; when there is no more room, all is taken back too, and what is still in use is decided anew.
 */
import {
  STATION_PAIR_FROM_AT,
  STATION_PAIR_KEY_SIZE,
  STATION_PAIR_MAC_AT,
  STATION_PAIR_ORDER_AT,
  STATION_PAIR_VALUE_SIZE,
} from "../wire/station-pair.js";

const KEY_WORDS = STATION_PAIR_KEY_SIZE / 4,
  VALUE_WORDS = STATION_PAIR_VALUE_SIZE / 4;
/** Pairs, one a slot, that were added this second: a power of two. */
const RECENT = 1024;

/** What the pairs are entered into. */
export interface StationPairMap {
  /** Answers how many were; if fewer than `count`, the kernel has refused the one behind them, and the rest were not tried. */
  put(keys: Uint8Array, values: Uint8Array, count: number): number;
  delete(keys: Uint8Array, count: number): void;
}

export class StationPairs {
  /** Pairs that wait to be entered. */
  waiting = 0;
  /** Pairs that are entered, and those that the kernel has refused. */
  entered = 0;
  /** Times that it has refused one. The next frames say it again. */
  refused = 0;
  /** Where they are entered; undefined: nowhere, and none are. */
  map: StationPairMap | undefined;
  /** Networks whose frames somebody looks at (`engine/captures.ts`): they are not entered. Null: none. */
  withheld: ((network: number) => boolean) | null = null;
  /** Where the value of what was added last lies; -1: nothing was. */
  private added = -1;
  private readonly keys: Int32Array;
  private readonly values: Int32Array;
  private readonly recent = new Int32Array(RECENT * KEY_WORDS);
  private hasRecent = false;

  /** `capacity`: entered and waiting, together. */
  constructor(private readonly capacity: number) {
    this.keys = new Int32Array(capacity * KEY_WORDS);
    this.values = new Int32Array(capacity * VALUE_WORDS);
  }

  /**
   * Frames from one MAC to the other go out of, or into what is behind, the device with that interface index; `how`: PAIR_TO_…. MACs as halves and words in network
   * order. `setOut` and `setOrder` say the rest.
   */
  add(
    network: number,
    dstHi: number,
    dstLo: number,
    srcHi: number,
    srcLo: number,
    how: number,
    device: number,
    from: number,
    to: number,
  ): void {
    const { keys, values } = this;
    this.added = -1;
    if (this.withheld?.(network) === true) return;
    if (this.map === undefined || this.entered + this.waiting === this.capacity) return;
    const k = (this.entered + this.waiting) * KEY_WORDS;
    const macs = dstHi | (srcHi << 16);
    if (this.isRecent(macs, dstLo, srcLo, network)) return;
    keys[k] = macs;
    keys[k + 1] = dstLo;
    keys[k + 2] = srcLo;
    keys[k + 3] = network;
    this.added = (this.entered + this.waiting) * VALUE_WORDS;
    values.fill(0, this.added, this.added + VALUE_WORDS);
    values[this.added] = how;
    values[this.added + 1] = device;
    values[this.added + STATION_PAIR_FROM_AT / 4] = from | (to << 16);
    this.waiting++;
  }

  /** Of the frames that come before the entry is in force, or in spite of it, one a second says it. */
  private isRecent(macs: number, dstLo: number, srcLo: number, network: number): boolean {
    const { recent } = this;
    const hash = Math.imul(dstLo ^ (srcLo >>> 7) ^ (macs << 3) ^ network, 0x9e3779b1);
    const at = (hash >>> 22) * KEY_WORDS; // its upper 10 bits
    if (recent[at] === macs && recent[at + 1] === dstLo && recent[at + 2] === srcLo && recent[at + 3] === network) return true;
    recent[at] = macs;
    recent[at + 1] = dstLo;
    recent[at + 2] = srcLo;
    recent[at + 3] = network;
    this.hasRecent = true;
    return false;
  }

  /** Every second. */
  tick(): void {
    if (this.hasRecent) this.recent.fill(0);
    this.hasRecent = false;
  }

  /** Of what was added last: it gets that source MAC, if its `how` says so, and the VLAN's tag; 0: none. */
  setOut(macHi: number, macLo: number, vlan: number): void {
    if (this.added === -1) return;
    this.values[this.added + STATION_PAIR_MAC_AT / 4] = macHi | (macLo << 16);
    this.values[this.added + STATION_PAIR_MAC_AT / 4 + 1] = (macLo >>> 16) | (vlan << 16);
  }

  /** Frames of what was added last wait for those before them, so many at most (`wire/order.ts`). */
  setOrder(most: number): void {
    if (this.added !== -1) this.values[this.added + STATION_PAIR_ORDER_AT / 4] = most;
  }

  /** After each batch with `waiting` pairs. */
  enter(): void {
    const { keys, values, map } = this;
    if (map === undefined) return;
    while (this.waiting > 0) {
      const { entered, waiting } = this;
      const key = new Uint8Array(keys.buffer, entered * STATION_PAIR_KEY_SIZE, waiting * STATION_PAIR_KEY_SIZE);
      const value = new Uint8Array(values.buffer, entered * STATION_PAIR_VALUE_SIZE, waiting * STATION_PAIR_VALUE_SIZE);
      const written = map.put(key, value, waiting);
      const done = Math.min(written + 1, waiting);
      if (written < waiting) this.refused++;
      this.entered += done;
      this.waiting -= done;
    }
    if (this.entered === this.capacity) this.takeBack();
  }

  /** From now on each frame is decided on again. */
  takeBack(): void {
    this.waiting = 0;
    this.tick();
    if (this.entered > 0) this.map?.delete(new Uint8Array(this.keys.buffer, 0, this.entered * STATION_PAIR_KEY_SIZE), this.entered);
    this.entered = 0;
  }
}
