/**
 * Pairs of stations of LANs whose unicast frames the kernel carries, as the engine has decided (`dataplane/lan-forward.ts`): each is an entry of the steering's
 * map `lan_pairs` (`wire/lan-pair.ts`). Those of a batch wait here to be entered. What was entered is kept in mind, so that all of it can be taken back, as on
 * any change of what the decision was made of; when there is no more room, all is taken back too, and what is still in use is decided anew.
 */
import { LAN_PAIR_FROM_AT, LAN_PAIR_KEY_SIZE, LAN_PAIR_MAC_AT, LAN_PAIR_VALUE_SIZE } from "../wire/lan-pair.js";

const KEY_WORDS = LAN_PAIR_KEY_SIZE / 4,
  VALUE_WORDS = LAN_PAIR_VALUE_SIZE / 4;

/** What the pairs are entered into. */
export interface LanPairMap {
  /** Answers how many were. */
  put(keys: Uint8Array, values: Uint8Array, count: number): number;
  delete(keys: Uint8Array, count: number): void;
}

export class LanPairs {
  /** Pairs that wait to be entered. */
  waiting = 0;
  /** Pairs that are entered. */
  entered = 0;
  /** Where they are entered; undefined: nowhere, and none are. */
  map: LanPairMap | undefined;
  /** Where the value of what was added last lies; -1: nothing was. */
  private added = -1;
  private readonly keys: Int32Array;
  private readonly values: Int32Array;

  /** `capacity`: entered and waiting, together. */
  constructor(private readonly capacity: number) {
    this.keys = new Int32Array(capacity * KEY_WORDS);
    this.values = new Int32Array(capacity * VALUE_WORDS);
  }

  /**
   * Frames from one MAC to the other go out of, or into what is behind, the device with that interface index; `how`: LAN_TO_…. MACs as halves and words in network
   * order. `setOut` says the rest.
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
    if (this.map === undefined || this.entered + this.waiting === this.capacity) return;
    const k = (this.entered + this.waiting) * KEY_WORDS;
    // Of several frames in a row one says it.
    const macs = dstHi | (srcHi << 16);
    if (this.waiting > 0 && keys[k - 3] === dstLo && keys[k - 2] === srcLo && keys[k - 4] === macs && keys[k - 1] === network) return;
    keys[k] = macs;
    keys[k + 1] = dstLo;
    keys[k + 2] = srcLo;
    keys[k + 3] = network;
    this.added = (this.entered + this.waiting) * VALUE_WORDS;
    values.fill(0, this.added, this.added + VALUE_WORDS);
    values[this.added] = how;
    values[this.added + 1] = device;
    values[this.added + LAN_PAIR_FROM_AT / 4] = from | (to << 16);
    this.waiting++;
  }

  /** Of what was added last: it gets that source MAC, if its `how` says so, and the VLAN's tag; 0: none. */
  setOut(macHi: number, macLo: number, vlan: number): void {
    if (this.added === -1) return;
    this.values[this.added + LAN_PAIR_MAC_AT / 4] = macHi | (macLo << 16);
    this.values[this.added + LAN_PAIR_MAC_AT / 4 + 1] = (macLo >>> 16) | (vlan << 16);
  }

  /** After each batch with `waiting` pairs. */
  enter(): void {
    const { keys, values, map, entered, waiting } = this;
    if (map === undefined) return;
    const key = new Uint8Array(keys.buffer, entered * LAN_PAIR_KEY_SIZE, waiting * LAN_PAIR_KEY_SIZE);
    const value = new Uint8Array(values.buffer, entered * LAN_PAIR_VALUE_SIZE, waiting * LAN_PAIR_VALUE_SIZE);
    map.put(key, value, waiting);
    this.entered += waiting;
    this.waiting = 0;
    if (this.entered === this.capacity) this.takeBack();
  }

  /** From now on each frame is decided on again. */
  takeBack(): void {
    this.waiting = 0;
    if (this.entered > 0) this.map?.delete(new Uint8Array(this.keys.buffer, 0, this.entered * LAN_PAIR_KEY_SIZE), this.entered);
    this.entered = 0;
  }
}
