/**
 * One run of the main job: from a configuration to published ports, and back to a host as it was. A failure half-way and an orderly end
 * take the same way back.
 */

import { serveApi } from "../api/server.js";
import type { MappingView, StatsView } from "../api/types.js";
import { version } from "../api/version.js";
import { Controller } from "../control/controller.js";
import { formatMapping } from "../control/port-spec.js";
import { Undo } from "../control/undo.js";
import { views } from "../control/views.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { sweep } from "../model/sweep.js";
import { Relay, type RelayHandle } from "../relay/relay.js";
import type { RunConfig } from "./config.js";

export class MainJob {
  readonly mappings: MappingView[] = [];
  private readonly undo = new Undo();
  private readonly relays: RelayHandle[] = [];
  private controller: Controller | undefined;
  private stopped: Promise<void> | undefined;

  private constructor() {}

  /** Starts everything, or throws with everything undone. `onDeath`: the dataplane died by itself later. */
  static async start(config: RunConfig, onDeath: (error: Error) => void): Promise<MainJob> {
    const job = new MainJob();
    try {
      if (config.relay) await job.startRelay(config);
      else await job.startDataplane(config, onDeath);
      const served = { version: version(), mappings: () => job.mappings, relayed: () => job.relayed() };
      const api = await serveApi(views(job.controller, served), { role: "standalone" });
      job.undo.add("API socket", () => api.close());
      return job;
    } catch (error) {
      await job.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.undo.run();
    return this.stopped;
  }

  private async startDataplane(config: RunConfig, onDeath: (error: Error) => void): Promise<void> {
    let controller: Controller;
    try {
      sweep();
      controller = await Controller.start(config, onDeath);
    } catch (error) {
      const relayable =
        error instanceof TsproxyError &&
        (error.kind === "permission" || error.kind === "unavailable") &&
        error.code !== "TSP_ERR_OFFLOAD" && // without it the dataplane would start
        config.network === undefined;
      if (!relayable) throw error;
      log.warn(`${error.describe()}; falling back to the socket relay: the target sees this host as the client`);
      return this.startRelay(config);
    }
    this.controller = controller;
    this.undo.add("dataplane", () => controller.stop());
    if (config.network !== undefined) {
      const network = controller.networks.add(config.network);
      for (const endpoint of config.endpoints) network.endpoints.add(endpoint);
    }
    for (const spec of config.publish) this.mappings.push({ ...controller.publisher.publish(spec).mapping, via: "dataplane" });
    await controller.settled();
  }

  private async startRelay(config: RunConfig): Promise<void> {
    if (config.network !== undefined)
      throw new TsproxyError(
        "TSP_ERR_RELAY",
        "invalid",
        "--relay cannot serve a --network: it only relays to targets that the host reaches",
        "leave one of both out",
      );
    for (const spec of config.publish) {
      const relay = await Relay.start(spec, { allowFrom: config.allowFrom });
      this.undo.add(`relay of ${formatMapping(spec)}`, () => relay.close());
      this.relays.push(relay);
      const count = spec.pickFromRange ? 1 : Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
      const { hostIp, targetIp, targetPort, proto } = spec;
      const hostPortEnd = relay.hostPort + count - 1;
      this.mappings.push({
        hostIp,
        hostPort: relay.hostPort,
        hostPortEnd,
        targetIp,
        targetPort,
        targetPortEnd: targetPort + count - 1,
        proto,
        via: "relay",
      });
    }
  }

  /** Packets and bytes received so far: for a live display, without asking the workers. */
  totals(): { packets: number; bytes: number } {
    const sum = { packets: 0, bytes: 0 };
    for (const port of this.controller?.portStats() ?? []) {
      sum.packets += port.rxPackets;
      sum.bytes += port.rxBytes;
    }
    for (const relay of this.relays) sum.bytes += relay.stats().bytesIn + relay.stats().bytesOut;
    return sum;
  }

  /** Flows; of the relay its connections and sessions. */
  async summary(): Promise<StatsView["flows"]> {
    return (await this.controller?.summary()) ?? this.relayed();
  }

  private relayed(): StatsView["flows"] {
    const sum = { active: 0, capacity: 0, created: 0, expired: 0, refused: 0 };
    for (const relay of this.relays) {
      const stats = relay.stats();
      sum.active += stats.active;
      sum.created += stats.total;
      sum.refused += stats.refused;
    }
    return sum;
  }
}
