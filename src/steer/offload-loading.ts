/**
 * When the programs that carry flows are loaded: with the steering, or, as that takes a while, after it, beside everything else. What the kernel refused is
 * told once all is known.
 */
import fs from "node:fs";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import type { Descriptors } from "./descriptors.js";
import { emitProgram } from "./emit-program.js";
import { CARRYING_LINKS, loadPastBridge, type OffloadState, offloadToCome, tellOffload, useOffload } from "./offload.js";
import type { MapFds } from "./program.js";
import type { SteeredDevices } from "./steered-devices.js";
import type { SteeringOptions } from "./steering-options.js";

export class OffloadLoading {
  /** Changes once, by `loadLater`. */
  readonly state: OffloadState;
  /** Programs that the kernel has refused to let go past bridges. */
  private withoutPast = 0;
  private isAwaited = false;
  private closed = false;

  /** `TSP_ERR_OFFLOAD`: the kernel knows too little. */
  constructor(
    private readonly options: SteeringOptions,
    private readonly maps: MapFds,
    private readonly descriptors: Descriptors,
    private readonly devices: SteeredDevices,
  ) {
    const { offload: mode = "never" } = options;
    if (mode === "auto" && options.offloadLater === true) {
      this.state = offloadToCome(options);
      devices.expectCarrying(CARRYING_LINKS);
      this.isAwaited = true;
    } else {
      const found = bpf.now(useOffload(mode, this.toLoad(), maps, descriptors.all));
      this.state = found.state;
      devices.useCarrying(found.programs);
    }
  }

  /** Descriptor of the program that takes what the engine writes to an uplink; it is to be there before `tell`. */
  loadingEmit(uplink: number): bpf.Steps<number> {
    const { maps, options, descriptors } = this;
    const load = (pastBridge: boolean): bpf.Steps<number> =>
      descriptors.loading("emit", emitProgram(uplink, maps, { ...options, pastBridge }));
    return loadPastBridge(this.toLoad(), load);
  }

  /** What is known at the start. */
  tell(): void {
    this.state.refused += this.withoutPast;
    tellOffload(this.state);
  }

  /**
   * Loads what `offloadLater` has left for later, beside everything else, and has it take the place of what is attached. Nothing is lost by that: a flow is
   * entered as it will be carried, and until then its packets come to the engine. False when there was nothing to load. `loadMore`: what else is loaded
   * once the state is known, before it is told.
   */
  async loadLater(loadMore: () => Promise<void>): Promise<boolean> {
    if (!this.isAwaited || this.closed) return false;
    this.isAwaited = false;
    const fds: number[] = [];
    const found = await bpf.apart(useOffload("auto", this.toLoad(), this.maps, fds));
    if (this.closed) {
      for (const fd of fds) fs.closeSync(fd);
      return false;
    }
    this.descriptors.all.push(...fds);
    delete this.state.loading;
    Object.assign(this.state, found.state, { refused: found.state.refused + this.withoutPast });
    const replaced = this.devices.useCarrying(found.programs);
    await loadMore();
    if (this.closed) return false; // meanwhile
    for (const fd of replaced) this.descriptors.closeOne(fd);
    tellOffload(this.state);
    return true;
  }

  close(): void {
    this.closed = true;
  }

  private toLoad(): SteeringOptions & { refused(reason: string): void } {
    const refused = (reason: string): void => {
      if (this.withoutPast++ === 0) log.warn(reason);
    };
    return { ...this.options, refused };
  }
}
