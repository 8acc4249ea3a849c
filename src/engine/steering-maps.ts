/** The steering's maps of flows, as the worker writes and reads them: `flows`, `flows6`, and `across` for flows of both families. */
import { notEntered } from "../dataplane/entered-flow.js";
import type { State } from "../dataplane/state.js";
import type { FlowEntries } from "../table/flow-entries.js";
import { FLOWS_REFUSED } from "./counters.js";
import { Offload } from "./offload.js";
import { type FlowMap, Recorder } from "./recorder.js";

export class SteeringMaps {
  /** Where steering carries flows by itself. */
  offload: Offload | undefined;
  private flowMap: FlowMap | undefined;
  private flowMap6: FlowMap | undefined;
  private acrossMap: FlowMap | undefined;
  private readonly recorder: Recorder;
  private readonly recorder6: Recorder;
  private readonly acrossRecorder: Recorder;

  /** `openMap`: the map behind the descriptor, with keys of that family. What the kernel refuses is counted in `counters`. */
  constructor(
    private readonly state: State,
    private readonly openMap: (fd: number, family: 4 | 6) => FlowMap,
    private readonly counters: Float64Array,
  ) {
    const refused = (family: 4 | 6) => (entries: FlowEntries, k: number) => {
      this.countRefused();
      notEntered(state, family, entries.keys, k * entries.keyWords);
    };
    this.recorder = new Recorder(refused(4));
    this.recorder6 = new Recorder(refused(6), state.addresses);
    this.acrossRecorder = new Recorder(() => this.countRefused()); // the programs give the engine what they miss there
  }

  /** From now on. A descriptor of -1: there is no such map. */
  use(flowsFd: number, flows6Fd: number, acrossFd: number): void {
    this.flowMap = this.openMap(flowsFd, 4);
    this.flowMap6 = flows6Fd === -1 ? undefined : this.openMap(flows6Fd, 6);
    if (acrossFd !== -1) this.acrossMap = this.openMap(acrossFd, 4);
    if (!this.state.offloads) return;
    this.offload = new Offload(
      this.state,
      (key, value, family) => this.lookup(key, value, family),
      (key, value, family) => this.put(key, value, family),
    );
  }

  /** Copies the entry with that key of the map of that family into `value`; false when there is none. */
  lookup(key: Uint8Array, value: Uint8Array, family: 4 | 6): boolean {
    return this.of(family)?.lookup(key, value) ?? false;
  }

  /** Takes the steering entries of ended flows out of the maps `flows` and `flows6`. */
  forget(): void {
    const { forget, forget6 } = this.state;
    if (forget.count > 0) this.flowMap?.delete(forget.keyBytes, forget.count);
    if (forget6.count > 0) this.flowMap6?.delete(forget6.keyBytes, forget6.count);
    forget.count = 0;
    forget6.count = 0;
  }

  /** Takes the first `count` of `keys` out of the map of that family. */
  delete(keys: Uint8Array, count: number, family: 4 | 6): void {
    this.of(family)?.delete(keys, count);
  }

  /** Writes `state.entries` and `entries6` into the maps. */
  record(): void {
    const { across, entries, entries6 } = this.state;
    this.acrossRecorder.record(across, this.acrossMap); // before what refers to it
    this.recorder.record(entries, this.flowMap);
    this.recorder6.record(entries6, this.flowMap6);
  }

  /** Writes one; false when the kernel refuses it. */
  private put(key: Uint8Array, value: Uint8Array, family: 4 | 6): boolean {
    if (this.of(family)?.put(key, value, 1) === 1) return true;
    this.countRefused();
    return false;
  }

  private countRefused(): void {
    this.counters[FLOWS_REFUSED] = this.counters[FLOWS_REFUSED]! + 1;
  }

  private of(family: 4 | 6): FlowMap | undefined {
    return family === 4 ? this.flowMap : this.flowMap6;
  }
}
