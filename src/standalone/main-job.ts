/**
 * One run of the main job: from a configuration to published ports, and back to a host as it was. A failure half-way and an orderly end
 * take the same way back.
 */

import { runDir } from "../api/paths.js";
import { serveApi } from "../api/server.js";
import type { InfoView, MappingView, StatsView } from "../api/types.js";
import { version } from "../api/version.js";
import type { BalanceOptions } from "../control/balance-options.js";
import { Balancer, type TargetEvent } from "../control/balancer.js";
import { countPorts, discardBegun } from "../control/begin.js";
import { Controller, type ControllerOptions, type OffloadState } from "../control/controller.js";
import { checkPortFamilies } from "../control/families.js";
import { HealthChecks } from "../control/health.js";
import { knockAt } from "../control/knock.js";
import { eachHostAddress, formatMapping, mappingText, type PortSpec, type TargetAddress } from "../control/mapping.js";
import type { Reach } from "../control/network/network.js";
import { giveBackSpareMemory } from "../control/spare-memory.js";
import type { Balanced } from "../control/target-views.js";
import { Undo } from "../control/undo.js";
import { views } from "../control/views.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { sweep } from "../model/sweep.js";
import { Relay, type RelayHandle } from "../relay/relay.js";
import { hostFamilies } from "../sys/host-families.js";
import { formatIp, formatPrefix, type IpAddress, parseIp, prefixOf, unmapped } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import type { RunConfig } from "./config.js";
import { RAW_SOCKETS } from "./raw-sockets.js";

/** The network of `--network`, as it is announced. */
export interface OwnNetwork {
  /** `10.44.0.0/24` */
  subnet: string;
  gateway: string;
  /** The host's device in it. */
  device: string;
  mtu: number;
}

export type MainJobConfig = RunConfig & Pick<ControllerOptions, "begun">;

export class MainJob {
  readonly mappings: MappingView[] = [];
  network: OwnNetwork | undefined;
  readonly endpoints: { netns: string; address: string }[] = [];
  /** What it answers at /v1/info; undefined: its API cannot be served. */
  info: InfoView | undefined;
  private readonly undo = new Undo();
  private readonly relays: RelayHandle[] = [];
  private readonly checks = new HealthChecks(knockAt);
  private readonly relayedTargets: Balanced[] = [];
  private controller: Controller | undefined;
  private stopped: Promise<void> | undefined;

  private constructor(private readonly onTarget: (event: TargetEvent) => void) {}

  /**
   * Starts everything, or throws with everything undone. `onDeath`: the dataplane died by itself later; `onTarget`: one of several targets goes up or
   * down.
   */
  static async start(
    config: MainJobConfig,
    onDeath: (error: Error) => void,
    onTarget: (event: TargetEvent) => void = () => {},
  ): Promise<MainJob> {
    const job = new MainJob(onTarget);
    try {
      const families = hostFamilies();
      for (const spec of config.publish) checkPortFamilies(spec, families);
      if (config.relay) await job.startRelay(config);
      else await job.startDataplane(config, onDeath);
      await job.startApi();
      job.undo.add(
        "spare memory",
        giveBackSpareMemory(() => job.totals().packets),
      );
      return job;
    } catch (error) {
      await job.stop();
      if (config.begun !== undefined) await discardBegun(config.begun);
      throw error;
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.undo.run();
    return this.stopped;
  }

  /** Ports are published without it too, so another user, who may have no folder for it, is only warned. */
  private async startApi(): Promise<void> {
    const balanced = (): Balanced[] => [...(this.controller?.publisher.balanced ?? []), ...this.relayedTargets];
    const served = { version: version(), mappings: () => this.mappings, balanced, relayed: () => this.relayed() };
    try {
      const api = await serveApi(views(this.controller, served), { role: "standalone" }, undefined, RAW_SOCKETS);
      this.undo.add("API socket", () => api.close());
      this.info = api.info;
    } catch (error) {
      if (!(error instanceof TsproxyError) || error.code !== "TSP_ERR_API_SOCKET") throw error;
      log.warn(`${error.message}: 'tsproxy stats' and the like cannot ask this instance; set TSPROXY_RUN_DIR to a folder of your own`);
    }
  }

  private async startDataplane(config: MainJobConfig, onDeath: (error: Error) => void): Promise<void> {
    let controller: Controller;
    try {
      await sweep();
      const continuity = { dir: runDir(), role: "standalone" } as const;
      controller = await Controller.start({ ...config, continuity, fixedPorts: countPorts(config.publish) }, onDeath);
    } catch (error) {
      const relayable =
        error instanceof TsproxyError &&
        (error.kind === "permission" || error.kind === "unavailable") &&
        config.offload !== "always" && // which only the dataplane can do
        config.network === undefined;
      if (!relayable) throw error;
      if (config.begun !== undefined) await discardBegun(config.begun);
      await this.startRelay(config);
      log.warn(`${error.describe()}; falling back to the socket relay: the target sees this host as the client`);
      return;
    }
    this.controller = controller;
    controller.publisher.onTarget(this.onTarget);
    this.undo.add("dataplane", () => controller.stop());
    if (config.network !== undefined) {
      const network = controller.networks.add(config.network);
      const subnets = eachFamily(config.network.subnets);
      const { hostDevice: device, mtu } = network;
      const [subnet, gateway] = [subnets.map(({ prefix }) => formatPrefix(prefix)), subnets.map((each) => formatIp(each.gateway))];
      this.network = { subnet: subnet.join(","), gateway: gateway.join(","), device, mtu };
      for (const endpoint of config.endpoints) {
        network.endpoints.add(endpoint);
        this.endpoints.push({ netns: endpoint.netns, address: eachFamily(endpoint.addresses).map(formatIp).join(",") });
      }
    }
    for (const spec of config.publish) {
      if (controller.publisher.serves(spec))
        for (const mapping of controller.publisher.publish(spec, undefined, config.balance).mappings)
          this.mappings.push({ ...mappingText(mapping), via: "dataplane" });
      else {
        for (const one of eachHostAddress(spec, hostFamilies())) controller.publisher.reach(one, one.targetIp); // throws when there is no way
        await this.relay(spec, config);
        log.warn(
          `${formatMapping(spec)} is relayed by sockets, as net.ipv6.conf cannot be written here: the target sees this host as the client`,
        );
      }
    }
    await controller.takeUp(true);
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
    for (const spec of config.publish) await this.relay(spec, config);
  }

  private async relay(spec: PortSpec, { allowFrom, balance }: RunConfig): Promise<void> {
    const hosts = eachHostAddress(spec, hostFamilies());
    const balancer = spec.several === undefined ? undefined : this.relayBalancer(spec.several, spec, balance);
    const choose = balancer && ((clientIp: string) => balancer.choose(clientOf(clientIp)));
    const relay = await Relay.start({ ...spec, hosts, ...(choose !== undefined && { choose }) }, { allowFrom });
    balancer?.start(relay.hostPort);
    this.undo.add(`relay of ${formatMapping(spec)}`, () => relay.close());
    this.relays.push(relay);
    const count = spec.pickFromRange ? 1 : Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
    const ports = { hostPort: relay.hostPort, hostPortEnd: relay.hostPort + count - 1, targetPortEnd: spec.targetPort + count - 1 };
    const mappings = hosts.map((host) => ({ ...host, ...ports }));
    for (const mapping of mappings) this.mappings.push({ ...mappingText(mapping), via: "relay" });
    if (balancer !== undefined) this.relayedTargets.push({ mappings, balancer });
  }

  /** The relay is told nothing: it asks with each connection. */
  private relayBalancer(targets: readonly TargetAddress[], { proto }: PortSpec, options: BalanceOptions): Balancer {
    const reach = (ip: IpAddress): Reach => ({ snatSource: ip, network: prefixOf(ip, 0), own: 0 });
    const balancer = new Balancer(targets, proto, options, this.checks, {
      reach,
      post: () => {},
      onEvent: (event) => this.onTarget(event),
    });
    this.undo.add("targets", () => balancer.close());
    return balancer;
  }

  /** Whether the kernel carries flows; undefined: there is no dataplane. */
  get offload(): OffloadState | undefined {
    return this.controller?.offload;
  }

  /** To be called when it was said that all is ready: as `Controller.finishStart`. */
  async finishStart(): Promise<OffloadState | undefined> {
    return this.controller?.finishStart();
  }

  /** Packets and bytes received so far, and those that the kernel carried: for a live display, without asking the workers. */
  totals(): { packets: number; bytes: number } {
    const sum = this.controller?.carried() ?? { packets: 0, bytes: 0 };
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

/** A client's address as a socket tells it. */
function clientOf(text: string): IpAddress {
  return unmapped(parseIp(text.replace(/%.*$/, "")) ?? { family: 4, value: 0n });
}
