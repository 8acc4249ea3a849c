/**
 * Tells the steering programs which flows they may carry, and asks them what they saw: entries of the `flows` map (steer/program.ts).
 * An offloaded flow has two, one for what answers each direction. What the kernel forgets by itself comes to the engine again.
 */
import type { State } from "../dataplane/state.js";
import { OFFLOAD_MAX } from "../dataplane/state.js";
import { deleteBatch, getElement, putBatch } from "../sys/bpf.js";
import { EGRESS_OFFLOADED, UNREPLIED } from "../table/conntrack.js";
import {
  FLOW_ADDRESS_AT,
  FLOW_KEY_SIZE,
  FLOW_OFFLOAD_AT,
  FLOW_PACKETS_AT,
  FLOW_PORT_AT,
  FLOW_SEEN_AT,
  FLOW_VALUE_SIZE,
  OFFLOAD_DESTINATION,
  OFFLOAD_SOURCE,
} from "../wire/flow-entry.js";

const KEY_WORDS = FLOW_KEY_SIZE / 4,
  VALUE_WORDS = FLOW_VALUE_SIZE / 4;

/** A map of the kernel as the engine uses it; a test has one of its own. */
export interface FlowMap {
  put(keys: Uint8Array, values: Uint8Array, count: number): void;
  /** False: there is none. */
  get(key: Uint8Array, value: Uint8Array): boolean;
  delete(keys: Uint8Array, count: number): void;
}

export function kernelMap(fd: number): FlowMap {
  return {
    put: (keys, values, count) => void putBatch(fd, keys, values, count),
    get: (key, value) => getElement(fd, key, value) === 0,
    delete: (keys, count) => void deleteBatch(fd, keys, FLOW_KEY_SIZE, count),
  };
}

export class Offload {
  private readonly putKeys = new Int32Array(2 * OFFLOAD_MAX * KEY_WORDS);
  private readonly values = new Int32Array(2 * OFFLOAD_MAX * VALUE_WORDS);
  private readonly goneKeys = new Int32Array(OFFLOAD_MAX * KEY_WORDS);
  private readonly key = new Int32Array(KEY_WORDS);
  private readonly value = new Int32Array(VALUE_WORDS);
  private readonly putBytes = new Uint8Array(this.putKeys.buffer);
  private readonly valuesBytes = new Uint8Array(this.values.buffer);
  private readonly goneBytes = new Uint8Array(this.goneKeys.buffer);
  private readonly keyBytes = new Uint8Array(this.key.buffer);
  private readonly valueBytes = new Uint8Array(this.value.buffer);

  /** `uplink`: interface index of this worker's. */
  constructor(
    private readonly state: State,
    private readonly map: FlowMap,
    private readonly uplink: number,
  ) {}

  /** Carries out what `state.offload` lists; sets its count to 0. */
  apply(): void {
    const { state, map, values } = this;
    const { conntrack } = state;
    let put = 0;
    let gone = 0;
    for (let k = 0; k < state.offloadCount; k++) {
      const id = state.offload[k]!;
      if (!conntrack.isLive(id)) continue; // its entries are forgotten with it
      const offloaded = (conntrack.egress(id, 0) & EGRESS_OFFLOADED) !== 0;
      for (let dir = 0; dir < 2; dir++) conntrack.addPackets(id, dir, this.packets(id, dir));
      if (!offloaded) this.keyOf(this.goneKeys, gone++ * KEY_WORDS, id, 0);
      for (let dir = offloaded ? 0 : 1; dir < 2; dir++) {
        this.keyOf(this.putKeys, put * KEY_WORDS, id, dir);
        const at = put++ * VALUE_WORDS;
        values.fill(0, at, at + VALUE_WORDS);
        values[at] = this.uplink;
        if (!offloaded || (dir === 1 && conntrack.state(id) === UNREPLIED)) continue; // the first answer is ours to see
        // The client's packets are sent on to another destination, the target's answers come from another source.
        values[at + FLOW_ADDRESS_AT / 4] = dir === 0 ? conntrack.newDst(id, 0) : conntrack.newSrc(id, 1);
        const port = dir === 0 ? conntrack.newPorts(id, 0) >>> 16 : conntrack.newPorts(id, 1) & 0xffff;
        values[at + FLOW_PORT_AT / 4] = port | ((dir === 0 ? OFFLOAD_DESTINATION : OFFLOAD_SOURCE) << (8 * (FLOW_OFFLOAD_AT & 3)));
      }
    }
    state.offloadCount = 0;
    if (put > 0) map.put(this.putBytes, this.valuesBytes, put);
    if (gone > 0) map.delete(this.goneBytes, gone);
  }

  /** Monotonic second in which the kernel last carried a packet of the flow; 0: it has not. */
  lastSeen(id: number): number {
    return Math.max(this.read(id, 0, FLOW_SEEN_AT), this.read(id, 1, FLOW_SEEN_AT));
  }

  /** Packets of direction `dir` that the kernel carried; wraps at 2^32. */
  packets(id: number, dir: number): number {
    return this.read(id, dir, FLOW_PACKETS_AT);
  }

  private read(id: number, dir: number, at: number): number {
    this.keyOf(this.key, 0, id, dir);
    return this.map.get(this.keyBytes, this.valueBytes) ? this.value[at / 4]! >>> 0 : 0;
  }

  /** Key under which `steer` finds packets of direction `dir`: what the engine sends the other way. */
  private keyOf(keys: Int32Array, at: number, id: number, dir: number): void {
    const { conntrack } = this.state;
    keys[at] = conntrack.newSrc(id, dir ^ 1);
    keys[at + 1] = conntrack.newDst(id, dir ^ 1);
    keys[at + 2] = conntrack.newPorts(id, dir ^ 1);
    keys[at + 3] = conntrack.protocol(id);
  }
}
