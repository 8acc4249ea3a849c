/**
 * One running tsproxy: from a configuration to published ports, and back to a host as it was. Every step that changes something says at
 * once how to undo it, so a failure half-way and an orderly end take the same way back.
 */
import { openTap, type Tap } from "../device/tap.js";
import { dropsOf, ROW, RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from "../engine/counters.js";
import type { FdbRow, FlowRow, Summary } from "../engine/views.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { type RelayHandle, Relay } from "../relay/relay.js";
import { Steering, UPLINK_ADDRESS, UPLINK_CONF } from "../steer/steering.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { UPLINK } from "../table/ports.js";
import { parseMac } from "../wire/ethernet.js";
import { rawMask, rawWord } from "../wire/raw.js";
import { serveApi } from "./api.js";
import type { FdbView, FlowView, MappingView, PortStats, StatsView } from "./api-types.js";
import type { RunConfig } from "./config.js";
import { Host } from "./host.js";
import { attachEndpoint, attachHost, checkNetwork, openEndpoints, releasePort } from "./network.js";
import { formatMapping } from "./port-spec.js";
import { Publisher } from "./publisher.js";
import { sweep } from "./run-dir.js";
import { Undo } from "./undo.js";
import { version } from "./version.js";
import { WorkerLink } from "./worker-link.js";

const UPLINK_PORT = 0, HOST_PORT = 1, FIRST_ENDPOINT_PORT = 2;
/** Frames that may wait in the uplink: enough for a burst while the worker wakes. */
const UPLINK_QUEUE = 2000;
/** drivers/net/tun.c: 65535 less the Ethernet header. The uplink carries what other devices let through, so its own limit must not be one. */
const MAX_MTU = 65_521;
const DEFAULT_MTU = 1500;
const RT_SCOPE_HOST = 254;

interface PortInfo {
  port: number;
  name: string;
  kind: "uplink" | "host" | "endpoint";
  address?: string;
}

export class Instance {
  readonly mappings: MappingView[] = [];
  private readonly undo = new Undo();
  private readonly relays: RelayHandle[] = [];
  private readonly ports: PortInfo[] = [];
  private readonly startedAt = Date.now();
  private worker: WorkerLink | undefined;
  private steering: Steering | undefined;
  private host: Host | undefined;
  private stopped: Promise<void> | undefined;

  private constructor(private readonly onDeath: (error: Error) => void) {}

  /** Starts everything, or throws with everything undone. `onDeath`: the dataplane died by itself later. */
  static async start(config: RunConfig, onDeath: (error: Error) => void): Promise<Instance> {
    const instance = new Instance(onDeath);
    try {
      if (config.relay) await instance.startRelay(config);
      else await instance.startDataplane(config);
      const api = await serveApi({
        "/v1/stats": () => instance.stats(),
        "/v1/flows": () => instance.flows(),
        "/v1/fdb": () => instance.fdb(),
      });
      instance.undo.add("API socket", () => api.close());
      return instance;
    } catch (error) {
      await instance.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.undo.run();
    return this.stopped;
  }

  private async startDataplane(config: RunConfig): Promise<void> {
    const socket = new RouteSocket();
    this.undo.add("route socket", () => socket.close());
    sweep();
    const opened = this.openUplink(config, socket);
    if (opened === null) return this.startRelay(config);
    const { tap, steering, ifindex } = opened;
    this.steering = steering;
    const worker = new WorkerLink(
      { conntrackMax: config.conntrackMax, masqueradeFirst: config.masqueradePorts.first, masqueradeLast: config.masqueradePorts.last },
      {
        portGone: (port, errno) => this.onPortGone(port, errno),
        readable: () => this.host?.onReadable(),
        onDeath: (error) => this.onDeath(error),
      },
    );
    this.worker = worker;
    this.undo.add("worker", () => worker.stop());
    worker.post({ type: "steering", flowsFd: steering.flowsFd });
    worker.post({ type: "add-port", port: UPLINK_PORT, kind: UPLINK, fd: tap.fd, mac: parseMac(socket.link(ifindex)!.mac)!, address: 0 });
    this.undo.add("uplink port", () => releasePort(worker, UPLINK_PORT));
    this.ports.push({ port: UPLINK_PORT, name: tap.name, kind: "uplink" });
    worker.post({ type: "allow", pairs: Int32Array.from(config.allowFrom.flatMap((c) => [rawWord(c.address), rawMask(c.prefixLength)])) });

    const own = new Set([ifindex]);
    const host = new Host(socket, worker, steering, ifindex, own);
    this.host = host;
    this.undo.add("host monitor", () => host.close());
    if (config.network !== undefined) this.attachNetwork(config, socket, worker, host, own);
    const publisher = new Publisher(socket, host, worker, steering, config.network);
    for (const spec of config.publish) this.mappings.push({ ...publisher.publish(spec, this.undo), via: "dataplane" });
    await worker.ready;
    await worker.settled();
  }

  /** The uplink with its steering; null when the kernel does not let us and the relay can do the job instead. */
  private openUplink(config: RunConfig, socket: RouteSocket): { tap: Tap; steering: Steering; ifindex: number } | null {
    let tap: Tap | undefined;
    try {
      tap = openTap({ name: "tspup%d" });
      const ifindex = socket.link(tap.name)!.index;
      socket.setLink(ifindex, { mtu: MAX_MTU, txQueueLen: UPLINK_QUEUE, addrGenMode: "none", ipv4Conf: UPLINK_CONF });
      socket.addAddress(ifindex, UPLINK_ADDRESS, 32, RT_SCOPE_HOST);
      socket.setLink(ifindex, { up: true });
      const steering = new Steering({ uplinkIfindex: ifindex, flowCapacity: config.conntrackMax, routeSocket: socket });
      const opened = tap;
      this.undo.add(`device ${tap.name}`, () => opened.close());
      this.undo.add("steering", () => steering.close());
      return { tap, steering, ifindex };
    } catch (error) {
      tap?.close();
      if (!(error instanceof TsproxyError) || config.network !== undefined || (error.kind !== "permission" && error.kind !== "unavailable")) throw error;
      log.warn(`${error.describe()}; falling back to the socket relay: the target sees this host as the client`);
      return null;
    }
  }

  private attachNetwork(config: RunConfig, socket: RouteSocket, worker: WorkerLink, host: Host, own: Set<number>): void {
    const network = config.network!;
    checkNetwork(network, host.overlap(network.cidr.address, network.cidr.prefixLength));
    const namespaces = openEndpoints(config.endpoints);
    try {
      const mtu = network.mtu ?? host.defaultLink()?.mtu ?? DEFAULT_MTU;
      const gateway = attachHost(socket, worker, network, mtu, HOST_PORT, this.undo);
      own.add(gateway.ifindex);
      this.ports.push({ port: HOST_PORT, name: gateway.name, kind: "host" });
      config.endpoints.forEach((endpoint, i) => {
        this.ports.push(attachEndpoint(worker, network, endpoint, namespaces.fds[i]!, mtu, FIRST_ENDPOINT_PORT + i, this.undo));
      });
    } finally {
      namespaces.close();
    }
    host.refresh(); // the gateway's address is the host's now
  }

  private async startRelay(config: RunConfig): Promise<void> {
    if (config.network !== undefined) throw new TsproxyError("TSP_ERR_RELAY", "invalid", "--relay cannot serve a --network: it only relays to targets that the host reaches", "leave one of both out");
    for (const spec of config.publish) {
      const relay = await Relay.start(spec, { allowFrom: config.allowFrom });
      this.undo.add(`relay of ${formatMapping(spec)}`, () => relay.close());
      this.relays.push(relay);
      const count = spec.pickFromRange ? 1 : Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
      const { hostIp, targetIp, targetPort, proto } = spec;
      const hostPortEnd = relay.hostPort + count - 1;
      this.mappings.push({ hostIp, hostPort: relay.hostPort, hostPortEnd, targetIp, targetPort, targetPortEnd: targetPort + count - 1, proto, via: "relay" });
    }
  }

  private onPortGone(port: number, errno: number): void {
    const info = this.ports.find((p) => p.port === port);
    log.warn(`${info?.name ?? `port ${port}`} is gone (errno ${errno}): its namespace ended`);
    this.worker?.post({ type: "remove-port", port });
  }

  /** Packets, bytes and flows so far: for a live display, without asking the worker. */
  totals(): { packets: number; bytes: number } {
    let packets = 0;
    let bytes = 0;
    for (const { port } of this.ports) {
      packets += this.worker!.counters[port * ROW + RX_PACKETS]!;
      bytes += this.worker!.counters[port * ROW + RX_BYTES]!;
    }
    for (const relay of this.relays) bytes += relay.stats().bytesIn + relay.stats().bytesOut;
    return { packets, bytes };
  }

  async summary(): Promise<Summary> {
    if (this.worker !== undefined) return this.worker.query<Summary>("summary");
    const sum = { active: 0, capacity: 0, created: 0, expired: 0, refused: 0 };
    for (const relay of this.relays) {
      const stats = relay.stats();
      sum.active += stats.active;
      sum.created += stats.total;
      sum.refused += stats.refused;
    }
    return sum;
  }

  async stats(): Promise<StatsView> {
    const ports = this.ports.map((info) => this.portStats(info));
    const drops: Record<string, number> = {};
    for (const port of ports) for (const [name, n] of Object.entries(port.drops)) drops[name] = (drops[name] ?? 0) + n;
    return {
      pid: process.pid,
      version: version(),
      uptimeSec: Math.floor((Date.now() - this.startedAt) / 1000),
      mappings: this.mappings,
      ports,
      drops,
      flows: await this.summary(),
      steering: this.steering?.stats() ?? {},
    };
  }

  async flows(): Promise<FlowView[]> {
    return (await this.worker?.query<FlowRow[]>("flows")) ?? [];
  }

  async fdb(): Promise<FdbView[]> {
    const rows = (await this.worker?.query<FdbRow[]>("fdb")) ?? [];
    return rows.map((row) => ({ ...row, name: this.ports.find((p) => p.port === row.port)?.name ?? "" }));
  }

  private portStats(info: PortInfo): PortStats {
    const { counters } = this.worker!;
    const at = info.port * ROW;
    return {
      ...info,
      rxPackets: counters[at + RX_PACKETS]!,
      rxBytes: counters[at + RX_BYTES]!,
      txPackets: counters[at + TX_PACKETS]!,
      txBytes: counters[at + TX_BYTES]!,
      drops: dropsOf(counters, info.port),
    };
  }
}
