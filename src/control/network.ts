/**
 * The own networks: bridges in userspace. In each the host gets a TAP with the gateway's address, and each endpoint's namespace a TAP with
 * its address, a default route and the MTU. These devices end with their descriptors, so also with a killed process. An endpoint of a
 * container engine is a bare TAP instead, which the engine moves into a sandbox and sets up there; it outlives us, so that a container keeps
 * its network while tsproxy restarts.
 */
import { closeSync } from "node:fs";
import { openTap, type Tap } from "../device/tap.js";
import { TsproxyError } from "../errors.js";
import type { Steering } from "../steer/steering.js";
import { native } from "../sys/native.js";
import { openNetns, sameNetns } from "../sys/netns.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { INTERNAL, MAX_NETWORKS, NO_ICC, NO_MASQUERADE } from "../table/networks.js";
import { ENDPOINT, HOST } from "../table/ports.js";
import { formatMac, macHi, macLo } from "../wire/ethernet.js";
import { type Cidr, contains, formatCidr, formatIpv4 } from "../wire/ipv4-address.js";
import { rawWord } from "../wire/raw.js";
import type { PortInfo } from "./controller.js";
import type { Host } from "./host.js";
import { Undo } from "./undo.js";
import type { Workers } from "./workers.js";

/** Default name of an endpoint's device in its namespace. */
const ENDPOINT_DEVICE = "eth0";
const DEFAULT_MTU = 1500;

export interface NetworkSpec {
  cidr: Cidr;
  /** int32, host order. */
  gateway: number;
  /** Undefined: that of the host's default route. */
  mtu?: number | undefined;
  /** Nothing is routed out of it or into it. */
  internal?: boolean;
  /** Whether endpoints reach each other; else only the gateway and beyond. Default: yes. */
  icc?: boolean;
  /** Whether what leaves gets an address of the host. Default: yes. */
  masquerade?: boolean;
  /** int32, host order: address that what leaves is given instead of the route's. */
  outside?: number | undefined;
  /** Name of the host's device; may hold `%d`. */
  hostDevice?: string | undefined;
}

export interface EndpointSpec {
  /** A name in /run/netns, a process id in decimal, or an absolute path. */
  netns: string;
  /** int32, host order. */
  address: number;
}

export interface DeviceSpec {
  /** In namespace `nsFd` (-1: the host's). */
  name: string;
  nsFd: number;
  /** int32, host order. */
  address: number;
  mac: Uint8Array;
  /** It is there already, from an earlier process. */
  existing?: { multiQueue: boolean } | undefined;
  /** It ended, with the namespace that it was in. */
  onGone(): void;
}

/** A TAP for a container engine. */
export interface Device {
  /** Made for several workers. */
  readonly multiQueue: boolean;
  /** Ends it, wherever it is. */
  remove(): Promise<void>;
}

/** Takes a port number for `info`, or gives the number back. `onGone`: its device ended by itself. */
type TakePort = (info: Omit<PortInfo, "port"> | number, onGone?: () => void) => number;

export class Network {
  readonly mtu: number;
  /** Name of the host's device. */
  readonly hostDevice: string;
  private readonly undo = new Undo();
  private readonly endpoints = new Map<number, { word: string; nsFd: number; undo: Undo }>();
  private readonly devices = new Set<Undo>();

  /** Makes the host's port. */
  constructor(
    readonly id: number,
    readonly spec: NetworkSpec,
    private readonly socket: RouteSocket,
    private readonly workers: Workers,
    private readonly steering: Steering,
    private readonly host: Host,
    ownDevices: Set<number>,
    private readonly takePort: TakePort,
  ) {
    this.mtu = spec.mtu ?? host.defaultLink()?.mtu ?? DEFAULT_MTU;
    const { address, prefixLength } = spec.cidr;
    const gateway = rawWord(spec.gateway);
    try {
      workers.post({
        type: "add-network",
        network: id,
        address: rawWord(address),
        prefixLength,
        gateway,
        flags: (spec.internal ? INTERNAL : 0) | (spec.icc === false ? NO_ICC : 0) | (spec.masquerade === false ? NO_MASQUERADE : 0),
        outside: spec.outside === undefined ? 0 : rawWord(spec.outside),
      });
      this.undo.add(`network ${formatCidr(spec.cidr)}`, () => workers.post({ type: "remove-network", network: id }));
      const tap = this.open({ name: spec.hostDevice ?? "tsphost%d" }, this.undo);
      const { index } = socket.link(tap.name)!;
      ownDevices.add(index);
      this.undo.add("own device", () => ownDevices.delete(index));
      // The same MAC after a restart, or endpoints that live on would send to the old one until their ARP entry is stale.
      const mac = endpointMac(spec.gateway);
      socket.setLink(index, { mac: macText(mac), mtu: this.mtu, addrGenMode: "none" });
      this.attach(tap, { name: tap.name, kind: "host" }, mac, gateway, this.undo);
      socket.addAddress(index, formatIpv4(spec.gateway), prefixLength);
      socket.setLink(index, { up: true });
      this.hostDevice = tap.name;
    } catch (error) {
      void this.undo.run();
      throw error;
    }
    host.refresh(); // the gateway's address is the host's now
  }

  /** Puts the namespace into the network; on failure nothing is left of it. */
  addEndpoint(spec: EndpointSpec): void {
    const address = formatIpv4(spec.address);
    const word = `--endpoint ${spec.netns}=${address}`;
    const { fd: nsFd } = openNetns(spec.netns);
    const undo = new Undo();
    undo.add(`namespace ${spec.netns}`, () => closeSync(nsFd));
    try {
      this.checkNamespace(word, spec.netns, nsFd);
      const socket = new RouteSocket(nsFd);
      try {
        this.makeEndpoint(socket, word, spec, nsFd, undo);
      } finally {
        socket.close();
      }
    } catch (error) {
      void undo.run();
      throw error;
    }
    this.endpoints.set(spec.address, { word, nsFd, undo });
  }

  /**
   * Makes a persistent TAP in the host's namespace, with MAC and MTU, or takes up one again; the container engine does the rest. On failure
   * no new device is left.
   */
  addDevice(spec: DeviceSpec): Device {
    if (spec.existing?.multiQueue === false && this.workers.count > 1)
      throw new TsproxyError(
        "TSP_ERR_ENDPOINT",
        "conflict",
        `device '${spec.name}' was made for one worker`,
        "restart its container, or run with --workers 1",
      );
    const undo = new Undo();
    try {
      const tap = this.open(spec, undo);
      if (spec.existing === undefined) this.socket.setLink(this.socket.link(tap.name)!.index, { mac: macText(spec.mac), mtu: this.mtu });
      const info = { name: spec.name, kind: "endpoint", address: formatIpv4(spec.address) } as const;
      this.attach(tap, info, spec.mac, rawWord(spec.address), undo, spec.onGone);
      native.tapPersist(tap.fds[0]!, 1);
      this.devices.add(undo);
      const remove = async (): Promise<void> => {
        if (!this.devices.delete(undo)) return;
        try {
          native.tapPersist(tap.fds[0]!, 0);
        } catch {
          // EBADFD: it ended with its namespace
        }
        await undo.run();
      };
      return { multiQueue: tap.fds.length > 1 || spec.existing?.multiQueue === true, remove };
    } catch (error) {
      void undo.run();
      throw error;
    }
  }

  /** Devices of container engines stay, without us. */
  async close(): Promise<void> {
    for (const undo of this.devices) await undo.run();
    this.devices.clear();
    for (const { undo } of [...this.endpoints.values()].reverse()) await undo.run();
    this.endpoints.clear();
    await this.undo.run();
    this.host.refresh();
  }

  private makeEndpoint(socket: RouteSocket, word: string, spec: EndpointSpec, nsFd: number, undo: Undo): void {
    if (socket.link(ENDPOINT_DEVICE) !== null)
      throw new TsproxyError(
        "TSP_ERR_ENDPOINT",
        "conflict",
        `${word}: the namespace has a device '${ENDPOINT_DEVICE}' already`,
        "give a namespace without one, like that of 'docker run --network none'",
      );
    const tap = this.open({ name: ENDPOINT_DEVICE, nsFd }, undo);
    const mac = endpointMac(spec.address);
    const { index } = socket.link(ENDPOINT_DEVICE)!;
    socket.setLink(index, { mac: macText(mac), mtu: this.mtu });
    const address = formatIpv4(spec.address);
    this.attach(tap, { name: `${spec.netns}/${ENDPOINT_DEVICE}`, kind: "endpoint", address }, mac, rawWord(spec.address), undo);
    socket.addAddress(index, address, this.spec.cidr.prefixLength);
    socket.setLink(index, { up: true });
    socket.addRoute({ dst: "0.0.0.0", prefixLength: 0, gateway: formatIpv4(this.spec.gateway), oif: index });
  }

  /** A TAP with a queue a worker. */
  private open({ name, nsFd = -1, existing }: Pick<DeviceSpec, "name"> & Partial<DeviceSpec>, undo: Undo): Tap {
    const tap = openTap({ name, nsFd, existing, queues: this.workers.count });
    undo.add(`device ${tap.name}`, () => tap.close());
    if (tap.fds.length > 1) native.tapSteering(tap.fds[0]!, this.steering.queueFd);
    return tap;
  }

  private attach(tap: Tap, info: Omit<PortInfo, "port">, mac: Uint8Array, address: number, undo: Undo, onGone?: () => void): void {
    const port = this.takePort(info, onGone);
    undo.add(`number of ${info.name}`, () => this.takePort(port));
    this.workers.addPort({ port, kind: info.kind === "host" ? HOST : ENDPOINT, mac, address, network: this.id }, tap.fds);
    undo.add(`port ${info.name}`, () => this.workers.removePort(port));
  }

  private checkNamespace(word: string, netns: string, nsFd: number): void {
    if (sameNetns(nsFd, -1))
      throw new TsproxyError(
        "TSP_ERR_ENDPOINT",
        "conflict",
        `${word}: that is the namespace tsproxy itself runs in`,
        "name the container's namespace",
      );
    for (const other of this.endpoints.values())
      if (sameNetns(nsFd, other.nsFd))
        throw new TsproxyError(
          "TSP_ERR_ENDPOINT",
          "conflict",
          `${word}: '${netns}' is the same namespace as in '${other.word}'`,
          "give each namespace one endpoint",
        );
  }
}

export class Networks {
  private readonly byId = new Map<number, Network>();

  constructor(
    private readonly socket: RouteSocket,
    private readonly workers: Workers,
    private readonly steering: Steering,
    private readonly host: Host,
    private readonly ownDevices: Set<number>,
    private readonly takePort: TakePort,
  ) {}

  /** Throws TSP_ERR_NETWORK (conflict) when the host, or another network, has addresses in it. */
  add(spec: NetworkSpec): Network {
    const { address, prefixLength } = spec.cidr;
    const overlap = this.host.overlap(address, prefixLength);
    if (overlap !== null)
      throw new TsproxyError(
        "TSP_ERR_NETWORK",
        "conflict",
        `network ${formatCidr(spec.cidr)} overlaps the host's ${overlap}`,
        "use a network that the host does not know",
      );
    let id = 0;
    while (this.byId.has(id)) id++;
    if (id >= MAX_NETWORKS)
      throw new TsproxyError("TSP_ERR_NETWORK", "unavailable", `there are ${MAX_NETWORKS} networks already`, "remove one");
    const network = new Network(id, spec, this.socket, this.workers, this.steering, this.host, this.ownDevices, this.takePort);
    this.byId.set(id, network);
    return network;
  }

  async remove(network: Network): Promise<void> {
    if (this.byId.delete(network.id)) await network.close();
  }

  /** The network that the address (int32, host order) belongs to. */
  of(address: number): Network | undefined {
    return [...this.byId.values()].find((network) => contains(network.spec.cidr, address));
  }

  async close(): Promise<void> {
    for (const network of [...this.byId.values()].reverse()) await this.remove(network);
  }
}

/** Locally administered, with the IPv4 address in it, as Docker's bridge made them: the same endpoint keeps its MAC. */
export function endpointMac(address: number): Uint8Array {
  return Uint8Array.of(0x02, 0x42, address >>> 24, address >>> 16, address >>> 8, address);
}

export function macText(mac: Uint8Array): string {
  return formatMac(macHi(mac), macLo(mac));
}
