/**
 * tsproxy as a library: `import { Dataplane } from "tsproxy"`. A dataplane publishes ports of the host and makes networks, as the command does, and
 * is gone with the process, however that ends. It needs root, or CAP_NET_ADMIN and CAP_BPF. Words have the form that the command line has, and errors
 * name its options. What is not here is not for others to use.
 */
import type { PortStats } from "./api/types.js";
import { Controller } from "./control/controller.js";
import { mappingText } from "./control/mapping.js";
import type { BridgeSpec } from "./control/network/bridge.js";
import type { Network as Mechanism } from "./control/network/network.js";
import { parsePortSpec } from "./control/port-spec.js";
import type { Publication } from "./control/publisher.js";
import { drainTargets, resumeTargets } from "./control/target-views.js";
import { type ErrorKind, TsproxyError } from "./errors.js";
import { setLogSink } from "./log.js";
import { sweep } from "./model/sweep.js";
import { parseBalance, parseDataplane } from "./standalone/config.js";
import { parseEndpoint, parseNetwork, withMissing } from "./standalone/network-config.js";
import { textOf } from "./standalone/options.js";
import { formatIp, type IpAddress, sameIp } from "./wire/ip-address.js";
import { eachFamily, type PerFamily, perFamily } from "./wire/per-family.js";

export type { Network, PublishedPort };
export { type ErrorKind, TsproxyError };

export interface DataplaneOptions {
  /** Clients that may use published ports, such as `192.0.2.0/24` or `2001:db8::/32`; default: all. The host itself always may. */
  allowFrom?: readonly string[];
  /** Worker threads, 1 to the number of cores; default: 1. */
  workers?: number;
  /** Flows that are tracked at once, 1 to 1,048,576; default: 250,000. */
  conntrackMax?: number;
  /** Seconds that a flow stays without a packet, 1 to 8190, by the states that `tsproxy flows` shows; default: what the RFCs say. */
  timeouts?: Readonly<Record<string, number>>;
  /** Source ports of what leaves a network; default: 10240 to 32767. */
  masqueradePorts?: { first: number; last: number };
  /** Whether clients of published ports must pass the host's firewall and what else its kernel checks; default: `honour`. */
  firewall?: "honour" | "bypass";
  /** Flows that one may have at a time; default: what there is room for, but of the last eighth none once it has half. */
  maxFlows?: Limits;
  /** Flows that one may open a second; default: 50,000 a client or endpoint, 200,000 a port. */
  maxNewFlows?: Limits;
  /**
   * Whether the kernel carries flows that are decided on; default: `auto`, where it takes the programs (Linux 5.11). `always` (or true): throws where it
   * does not. `never` (or false): TypeScript moves every packet.
   */
  offload?: "auto" | "always" | "never" | boolean;
  /** Whether containers of kernel bridges get packets past these, where nobody could tell; default: `auto`. Linux 6.7. */
  pastBridge?: "auto" | "never";
  /** The dataplane ended by itself, which is a fault: nothing is forwarded any more. Default: the error is thrown, uncaught. */
  onDeath?: (error: Error) => void;
}

/** How connections are spread over several targets, as docs/balancing.md has it. */
export interface PublishOptions {
  /** `client`, or with a time `client:10m`: a client keeps its target. Default: targets take turns. */
  affinity?: string;
  /** `off`, or some of `interval=2s,timeout=1s,rise=2,fall=3,port=8080`. */
  healthCheck?: string;
}

/** One of several targets. */
export interface Target {
  ip: string;
  /** Its first port. */
  port: number;
  /** `down`: its health check failed. */
  state: "up" | "down" | "draining" | "drained";
}

/** A number for each who can have a limit: address of a client, endpoint, published port (its number and protocol). */
export interface Limits {
  client?: number;
  endpoint?: number;
  port?: number;
}

export interface NetworkOptions {
  /**
   * Such as `172.30.0.0/16` (/8 to /30), `fd00:30::/64` (/32 to /126), or one of each with a comma between; unknown to the host. Its first address
   * is the gateway, which is the host.
   */
  subnet: string;
  /** Bytes, 68 to 65,521; default: that of the host's default route. */
  mtu?: number;
  /** Nothing is routed out of it or into it; default: no. */
  internal?: boolean;
  /** Whether endpoints reach each other; default: yes. */
  icc?: boolean;
  /** Endpoints may send from other addresses than their own. Default: no. */
  promiscuous?: boolean;
  /** How endpoints hang on it: by a TAP, by a veth pair, or by the better one; default: auto. */
  attach?: "auto" | "veth" | "tap";
  /** Whether what leaves gets an address of the host; default: yes. */
  masquerade?: boolean;
}

export interface EndpointOptions {
  /** Network namespace: a name in /run/netns, a process id, or an absolute path. It must have no `eth0`. */
  netns: string;
  /**
   * An address of the network, such as `172.30.0.4` or `fd00:30::4`, or one of each family with a comma between. Of a family that is not named it
   * is given the lowest that is free.
   */
  address: string;
}

/** What the dataplane counts, since it started. */
export interface Counters {
  /** One entry for each device that packets come and go by. */
  ports: PortCounters[];
  /** What the kernel has carried of flows to published ports, beside what came to `ports`. */
  offloaded: { packets: number; bytes: number };
  /** Packets dropped, by reason, such as `ttl-exceeded`; reasons that happened. docs/security.md says what a reason means. */
  drops: Record<string, number>;
  /** `active` flows are tracked now, of `capacity`; `refused`: the table was full; `evicted` made room for others before their time. */
  flows: { active: number; capacity: number; created: number; expired: number; refused: number; evicted: number };
  /** Packets that the BPF programs took from the host, handed back, offloaded, … */
  steering: Record<string, number>;
}

export interface PortCounters {
  /** Of the device, as in `ip link`; of an endpoint `NETNS/eth0`. */
  name: string;
  /** `uplink`: the host's interfaces. `held`: sockets that hold published ports. `host`: the host's device in a network. */
  kind: "uplink" | "held" | "host" | "endpoint" | "tunnel" | "remote" | "lan";
  /** An endpoint's. */
  address?: string;
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
  drops: Record<string, number>;
}

/** A connection, with both sides of its translation. Ends are `ADDRESS:PORT`, for ICMP echo `ADDRESS:ID`. */
export interface Flow {
  proto: "tcp" | "udp" | "sctp" | "icmp" | "icmpv6";
  /** TCP: `syn-sent`, `established`, `closing`, …; else `unreplied`, `assured` or `echo`. */
  state: string;
  /** As the one who began sees it. */
  original: { src: string; dst: string };
  /** As the other side sees its answers. */
  reply: { src: string; dst: string };
  /** Until it ends, unless a packet comes. */
  timeoutSec: number;
  /** The kernel carries its packets. */
  offloaded: boolean;
  /** In original and in reply direction. */
  packets: [number, number];
}

export class Dataplane {
  private closing: Promise<void> | undefined;

  private constructor(private readonly controller: Controller) {}

  /**
   * Starts one; on failure everything is undone. Throws a TsproxyError: TSP_ERR_OPTION (invalid), TSP_ERR_BPF or TSP_ERR_SYSCALL (permission) where the
   * kernel does not let us, TSP_ERR_OFFLOAD (unavailable).
   */
  static async start(options: DataplaneOptions = {}): Promise<Dataplane> {
    const { allowFrom, workers, conntrackMax, masqueradePorts: ports, ...rest } = options;
    const parsed = parseDataplane({
      allowFrom: allowFrom?.map((clients) => textOf("allowFrom", clients, "192.0.2.0/24")),
      workers: workers?.toString(),
      conntrackMax: conntrackMax?.toString(),
      timeout: Object.entries(rest.timeouts ?? {}).map(([state, sec]) => `${state}=${sec}`),
      masqueradePorts: ports === undefined ? undefined : `${ports.first}-${ports.last}`,
      firewall: rest.firewall,
      offload: rest.offload,
      pastBridge: rest.pastBridge,
      maxFlows: limitWords(rest.maxFlows),
      maxNewFlows: limitWords(rest.maxNewFlows),
    });
    await sweep(); // what a killed process left behind
    const controller = await Controller.start(parsed, rest.onDeath ?? throwUncaught);
    await controller.takeUp(true);
    void controller.finishStart();
    return new Dataplane(controller);
  }

  /** Makes a network. Throws TSP_ERR_OPTION (invalid) or TSP_ERR_NETWORK (conflict: the host knows addresses in it). */
  async addNetwork({ subnet, mtu, attach, ...behavior }: NetworkOptions): Promise<Network> {
    const spec: BridgeSpec = { ...parseNetwork(textOf("subnet", subnet, "172.30.0.0/24"), { mtu: mtu?.toString(), attach }), ...behavior };
    const controller = this.open();
    const network = new Network(controller, controller.networks.add(spec), spec);
    await controller.settled();
    return network;
  }

  /**
   * Publishes a port, or a range: `[HOST_IP:]HOST_PORT[-END]:TARGET_IP[,TARGET_IP…]:TARGET_PORT[-END][/tcp|udp|sctp]`, an empty HOST_PORT for a free one,
   * IPv6 addresses in brackets. Throws TSP_ERR_PORT_SPEC, TSP_ERR_OPTION (invalid), TSP_ERR_PORT_TAKEN (conflict), TSP_ERR_TARGET (a target cannot be
   * reached).
   */
  async publish(mapping: string, options: PublishOptions = {}): Promise<PublishedPort> {
    const controller = this.open();
    const spec = parsePortSpec(textOf("mapping", mapping, "8999:172.17.0.4:8080"));
    const port = new PublishedPort(controller, controller.publisher.publish(spec, undefined, parseBalance(options)));
    await controller.settled();
    return port;
  }

  async counters(): Promise<Counters> {
    const controller = this.open();
    const ports = controller.portStats().map(({ port: _, ...counters }: PortStats): PortCounters => counters);
    const drops: Record<string, number> = {};
    for (const port of ports) for (const [reason, count] of Object.entries(port.drops)) drops[reason] = (drops[reason] ?? 0) + count;
    return { ports, offloaded: controller.carried(), drops, flows: await controller.summary(), steering: controller.steeringStats() };
  }

  flows(): Promise<Flow[]> {
    return this.open().flows();
  }

  /** Ends it, with its networks and published ports, and leaves the host as it was. May be called again. */
  close(): Promise<void> {
    this.closing ??= this.controller.stop();
    return this.closing;
  }

  private open(): Controller {
    if (this.closing !== undefined)
      throw new TsproxyError("TSP_ERR_INSTANCE", "unavailable", "the dataplane is closed", "start another: Dataplane.start()");
    return this.controller;
  }
}

/** A bridge with a gateway, which is the host, and a way out; `Dataplane.addNetwork` makes one. */
class Network {
  /** Such as `172.30.0.1`; of a network with IPv6 alone `fd00:30::1`. */
  readonly gateway: string;
  /** Of each family. */
  readonly gateways: readonly string[];
  /** Bytes. */
  readonly mtu: number;
  /** Name of the host's device in it. */
  readonly hostDevice: string;
  private readonly taken: { netns: string; addresses: PerFamily<IpAddress> }[] = [];

  /** @internal */
  constructor(
    private readonly controller: Controller,
    private readonly mechanism: Mechanism,
    private readonly spec: BridgeSpec,
  ) {
    this.gateways = eachFamily(spec.subnets).map(({ gateway }) => formatIp(gateway));
    this.gateway = this.gateways[0]!;
    this.mtu = mechanism.mtu;
    this.hostDevice = mechanism.hostDevice;
  }

  /**
   * Puts a namespace into the network: gives it an `eth0` with the address, and a default route. It leaves with the network. Throws TSP_ERR_OPTION
   * (invalid), TSP_ERR_NETNS (not-found), TSP_ERR_ENDPOINT (conflict: the address or the namespace has an endpoint already).
   */
  async addEndpoint({ netns, address }: EndpointOptions): Promise<void> {
    const { subnets } = this.spec;
    const words = `${textOf("netns", netns, "web")}=${textOf("address", address, "172.30.0.4")}`;
    const asked = eachFamily(parseEndpoint(words, subnets).addresses);
    for (const each of asked) {
      const owner = this.taken.find(({ addresses }) => eachFamily(addresses).some((other) => sameIp(other, each)));
      if (owner !== undefined)
        throw new TsproxyError(
          "TSP_ERR_ENDPOINT",
          "conflict",
          `${formatIp(each)} is the address of '${owner.netns}' already`,
          "give each endpoint one of its own",
        );
    }
    const taken = this.taken.map(({ addresses }) => addresses);
    const endpoint = { netns, addresses: withMissing(`endpoint of '${netns}'`, perFamily(asked), subnets, taken) };
    this.mechanism.endpoints.add(endpoint);
    this.taken.push(endpoint);
    await this.controller.settled();
  }

  /** Takes it away, with its endpoints' devices. May be called again. */
  async close(): Promise<void> {
    await this.controller.networks.remove(this.mechanism);
  }
}

/** A port of the host, or a range, that leads to a target; `Dataplane.publish` makes one. */
class PublishedPort {
  /** `0.0.0.0`: every IPv4 address of the host; `::`: every IPv6 one. Where it is published on both: the first of `addresses`. */
  readonly hostIp: string;
  /** What it is published on, and which address of the target that leads to. */
  readonly addresses: readonly { hostIp: string; targetIp: string }[];
  /** First port; the one that was picked, where it was left open. */
  readonly hostPort: number;
  readonly hostPortEnd: number;
  readonly targetIp: string;
  readonly targetPort: number;
  readonly targetPortEnd: number;
  readonly proto: "tcp" | "udp" | "sctp";
  /** Of a port with several targets: all of them; `targetIp` is the first's address. */
  get targets(): readonly Target[] {
    return (this.publication.balancer?.status() ?? []).map(({ ip, port, state }) => ({ ip: formatIp(ip), port, state }));
  }

  /** @internal */
  constructor(
    private readonly controller: Controller,
    private readonly publication: Publication,
  ) {
    const mappings = publication.mappings.map(mappingText);
    const mapping = mappings[0]!;
    this.addresses = mappings.map(({ hostIp, targetIp }) => ({ hostIp, targetIp }));
    this.hostIp = mapping.hostIp;
    this.hostPort = mapping.hostPort;
    this.hostPortEnd = mapping.hostPortEnd;
    this.targetIp = mapping.targetIp;
    this.targetPort = mapping.targetPort;
    this.targetPortEnd = mapping.targetPortEnd;
    this.proto = mapping.proto;
  }

  /**
   * Gives one of several targets no new connections: `172.18.0.3`, or `172.18.0.3:8080`. After `sec` seconds, 0 to 86,400, those that it has end; default:
   * 30. Throws TSP_ERR_OPTION (invalid), TSP_ERR_TARGET (not-found).
   */
  async drain(target: string, sec?: number): Promise<void> {
    drainTargets([this.publication], textOf("target", target, "172.18.0.3"), sec);
    await this.controller.settled();
  }

  /** Gives it new connections again. Throws as `drain`. */
  async resume(target: string): Promise<void> {
    resumeTargets([this.publication], textOf("target", target, "172.18.0.3"));
    await this.controller.settled();
  }

  /** Takes it back; its connections end. May be called again. */
  async close(): Promise<void> {
    await this.publication.close();
    await this.controller.settled();
  }
}

/** Calls `listener` with what is noteworthy but no error, in this whole process; until then nobody is told. */
export function onWarning(listener: (message: string) => void): void {
  setLogSink((level, message) => {
    if (level === "warn") listener(message);
  });
}

/** As the command line has them. */
function limitWords(limits: Limits | undefined): string[] {
  return Object.entries(limits ?? {}).flatMap(([who, n]) => (n === undefined ? [] : [`${who}=${n}`]));
}

function throwUncaught(error: Error): void {
  setImmediate(() => {
    throw error;
  });
}
