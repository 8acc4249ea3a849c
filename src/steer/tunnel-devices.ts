/** The devices by which the engine sends to other nodes of overlay networks, and has what comes from them. */
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
import type { Attacher, Attachment } from "./attach.js";
import { emitProgram } from "./emit-program.js";
import type { MapFds } from "./program.js";
import type { Stations, TunnelEnd } from "./stations.js";
import type { SteeringOptions } from "./steering-options.js";

export class TunnelDevices {
  private readonly attachments = new Map<number, Attachment>();

  constructor(
    private readonly options: SteeringOptions,
    private readonly maps: MapFds,
    private readonly attacher: Attacher,
    private readonly stations: Stations,
  ) {}

  has(ifindex: number): boolean {
    return this.attachments.has(ifindex);
  }

  /** Interface indices. */
  get all(): readonly number[] {
    return [...this.attachments.keys()];
  }

  /**
   * What the engine writes to the device of tunnels, which is set up as an uplink is, finds its way out as from there; what comes in at its UDP
   * port may be from nodes that are entered without theirs. Answers how to end that.
   */
  add(tunnel: TunnelEnd): () => void {
    const { device: ifindex } = tunnel;
    const progFd = bpf.loadProgram(
      "tsproxy_tunnel",
      emitProgram(ifindex, this.maps, { ...this.options, givesBack: false, pastBridge: false }),
    );
    try {
      this.attachments.set(ifindex, this.attacher.attachUplink(ifindex, progFd));
    } finally {
      fs.closeSync(progFd); // the kernel keeps it as long as it is attached
    }
    const close = this.stations.open(tunnel);
    return () => {
      close();
      this.attachments.get(ifindex)?.detach();
      this.attachments.delete(ifindex);
    };
  }

  close(): void {
    for (const attachment of this.attachments.values()) attachment.detach();
    this.attachments.clear();
  }
}
