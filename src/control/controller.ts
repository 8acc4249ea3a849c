/**
 * The dataplane as the control side sees it: uplinks with their steering, workers, and on top of them networks, endpoints and published
 * ports, which come and go while it runs. Each `add…` and `publish` answers with how to undo it.
 */

import type { PortStats } from "../api/types.js";
import { openTap } from "../device/tap.js";
import type { FdbRow, FlowRow, Summary } from "../engine/views.js";
import { log } from "../log.js";
import { Steering, UPLINK_ADDRESS, UPLINK_CONF } from "../steer/steering.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { MAX_PORTS, UPLINK } from "../table/ports.js";
import { parseMac } from "../wire/ethernet.js";
import type { Cidr } from "../wire/ipv4-address.js";
import { rawMask, rawWord } from "../wire/raw.js";
import { Host } from "./host.js";
import { Networks } from "./network.js";
import { Publisher } from "./publisher.js";
import { Undo } from "./undo.js";
import { Workers } from "./workers.js";

/** The uplink's port number in every worker. */
const UPLINK_PORT = 0;
/** Frames that may wait in an uplink: enough for a burst while the worker wakes. */
const UPLINK_QUEUE = 2000;
/** drivers/net/tun.c: 65535 less the Ethernet header. The uplink carries what other devices let through, so its own limit must not be one. */
const MAX_MTU = 65_521;
const RT_SCOPE_HOST = 254;

export interface DataplaneOptions {
  workers: number;
  conntrackMax: number;
  masqueradePorts: { first: number; last: number };
  /** Clients that may use published ports; empty: all. */
  allowFrom: Cidr[];
  /** Flows to published ports are carried by the steering programs, decided here still. */
  offload: boolean;
}

/** A port of the dataplane as people know it. */
export interface PortInfo {
  port: number;
  name: string;
  kind: PortStats["kind"];
  address?: string;
}

export class Dataplane {
  readonly networks: Networks;
  readonly publisher: Publisher;
  private readonly ports = new Map<number, PortInfo>();
  private readonly onGone = new Map<number, () => void>();

  private constructor(
    private readonly undo: Undo,
    private readonly workers: Workers,
    private readonly steering: Steering,
    private readonly host: Host,
    socket: RouteSocket,
    ownDevices: Set<number>,
  ) {
    this.networks = new Networks(socket, workers, steering, host, ownDevices, (info, onGone) => this.takePort(info, onGone));
    this.publisher = new Publisher(socket, host, workers, steering, this.networks);
  }

  /** Throws with everything undone: TSP_ERR_BPF or TSP_ERR_SYSCALL of kind permission where the kernel does not let us. */
  static async start(options: DataplaneOptions, onDeath: (error: Error) => void): Promise<Dataplane> {
    const undo = new Undo();
    try {
      const socket = new RouteSocket();
      undo.add("route socket", () => socket.close());
      const uplinks = Array.from({ length: options.workers }, () => openUplink(socket, undo));
      const { masqueradePorts, workers: count, conntrackMax, offload } = options;
      const indices = uplinks.map((u) => u.ifindex);
      const steering = new Steering({ uplinks: indices, flowCapacity: conntrackMax, offload, routeSocket: socket });
      undo.add("steering", () => steering.close());
      let plane: Dataplane | undefined;
      const workers = new Workers(
        { workers: count, conntrackMax, masqueradeFirst: masqueradePorts.first, masqueradeLast: masqueradePorts.last, offload },
        { portGone: (port, errno) => plane?.onPortGone(port, errno), readable: () => plane?.host.onReadable(), onDeath },
      );
      undo.add("workers", () => workers.stop());
      workers.post({ type: "steering", flowsFd: steering.flowsFd });
      workers.post({
        type: "allow",
        pairs: Int32Array.from(options.allowFrom.flatMap((c) => [rawWord(c.address), rawMask(c.prefixLength)])),
      });
      for (const [i, { fd, mac }] of uplinks.entries())
        workers.addPortOf(i, { port: UPLINK_PORT, kind: UPLINK, mac, address: 0, network: 0 }, fd);
      undo.add("uplink port", () => workers.removePort(UPLINK_PORT));
      const own = new Set(indices);
      const host = new Host(socket, workers, steering, own);
      undo.add("host monitor", () => host.close());
      plane = new Dataplane(undo, workers, steering, host, socket, own);
      plane.ports.set(UPLINK_PORT, { port: UPLINK_PORT, name: uplinks.map((u) => u.name).join(","), kind: "uplink" });
      await workers.ready();
      return plane;
    } catch (error) {
      await undo.run();
      throw error;
    }
  }

  /** Resolves once all that was asked for so far is in force. */
  settled(): Promise<void> {
    return this.workers.settled();
  }

  /** Undoes what is left of networks and ports, then the rest. */
  async stop(): Promise<void> {
    await this.publisher.close();
    await this.networks.close();
    await this.undo.run();
  }

  flows(): Promise<FlowRow[]> {
    return this.workers.flows();
  }

  async fdb(): Promise<(FdbRow & { name: string })[]> {
    return (await this.workers.fdb()).map((row) => ({ ...row, name: this.ports.get(row.port)?.name ?? "" }));
  }

  summary(): Promise<Summary> {
    return this.workers.summary();
  }

  portStats(): PortStats[] {
    return [...this.ports.values()].map((info) => ({ ...info, ...this.workers.counters(info.port) }));
  }

  steeringStats(): Record<string, number> {
    return this.steering.stats();
  }

  /** Gives the port a number that no other has; a number instead of `info` is given back. */
  private takePort(info: Omit<PortInfo, "port"> | number, onGone?: () => void): number {
    if (typeof info === "number") {
      this.ports.delete(info);
      this.onGone.delete(info);
      return info;
    }
    let port = UPLINK_PORT + 1;
    while (this.ports.has(port)) port++;
    if (port >= MAX_PORTS) throw new RangeError(`more than ${MAX_PORTS} ports`);
    this.ports.set(port, { port, ...info });
    if (onGone !== undefined) this.onGone.set(port, onGone);
    return port;
  }

  private onPortGone(port: number, errno: number): void {
    log.warn(`${this.ports.get(port)?.name ?? `port ${port}`} is gone (errno ${errno}): its namespace ended`);
    this.workers.post({ type: "remove-port", port });
    this.onGone.get(port)?.();
  }
}

/** A worker's device in the host's namespace. */
function openUplink(socket: RouteSocket, undo: Undo): { fd: number; name: string; ifindex: number; mac: Uint8Array } {
  const tap = openTap({ name: "tspup%d" });
  undo.add(`device ${tap.name}`, () => tap.close());
  const { index, mac } = socket.link(tap.name)!;
  socket.setLink(index, { mtu: MAX_MTU, txQueueLen: UPLINK_QUEUE, addrGenMode: "none", ipv4Conf: UPLINK_CONF });
  socket.addAddress(index, UPLINK_ADDRESS, 32, RT_SCOPE_HOST);
  socket.setLink(index, { up: true });
  return { fd: tap.fds[0]!, name: tap.name, ifindex: index, mac: parseMac(mac)! };
}
