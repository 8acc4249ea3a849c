/**
 * The host that is fuzzed: an engine in memory with four networks of different rules, ports published to endpoints and to a container that the
 * host's kernel reaches. `World` also says, independently of the engine, who has which address: the oracle asks it.
 *
 *   clients 198.51.100.0/24 --- uplink 192.0.2.1 --- net 0: A, B (plain)        net 1: C, D (internal)
 *                               kernel: 10.0.0.4     net 2: E, F (without icc)  net 3: G (without masquerade)
 *
 * In half of the worlds all of them have IPv6 too, and ports are published across the families: clients 2001:db8:9::/64, uplink 2001:db8::1, networks
 * fd00:N::/64, kernel: fd00:10::4.
 */
import { State } from "../../../src/dataplane/state.js";
import { Commands } from "../../../src/engine/commands.js";
import { createCounters } from "../../../src/engine/counters.js";
import { Engine } from "../../../src/engine/engine.js";
import type { PublishedRange, ToWorker } from "../../../src/engine/messages.js";
import { PacketMemory } from "../../../src/mem/packet-memory.js";
import { INTERNAL, NO_ICC, NO_MASQUERADE } from "../../../src/table/networks.js";
import { ENDPOINT, HOST, UPLINK } from "../../../src/table/ports.js";
import { TAKES } from "../../../src/table/selection.js";
import { REFUSED_NO_ROUTE } from "../../../src/wire/route-answer.js";
import { addPort, ip, locals, prefix, subnet } from "../../support/host.js";
import { Random } from "../../support/random.js";
import { defaults, FakeRouting } from "../../table/fake-routing.js";
import { FuzzIo } from "./fuzz-io.js";
import { addressOf, forgetAddresses, isIpv6, linkLocalOf } from "./packet.js";

export const UP = 0;
/** Port of what the host's kernel has accepted. In events HELD_LO stands for what it accepted by lo. */
export const HELD = 12,
  HELD_LO = 13;
const UPLINK_DEVICE = 7;
export const ETH0 = 5,
  LO = 1;
export const HOST_IP = "192.0.2.1",
  KERNEL_TARGET = "10.0.0.4",
  KERNEL_GATEWAY = "10.0.0.1";
export const HOST_IP6 = "2001:db8::1",
  KERNEL_TARGET6 = "fd00:10::4",
  KERNEL_GATEWAY6 = "fd00:10::1",
  CLIENTS6 = "2001:db8:9::";
export const MAC_UP = "02:00:00:00:00:00";

export interface Network {
  gateway: string;
  net: string;
  prefixLength: number;
  /** Of IPv6, of 64 bits, and the gateway there. */
  net6: string;
  gateway6: string;
  flags: number;
  hostPort: number;
}

export interface Endpoint {
  name: string;
  network: number;
  address: string;
  address6: string;
}

export const NETWORKS: readonly Network[] = [
  { gateway: "172.17.0.1", net: "172.17.0.0", net6: "fd00::", gateway6: "fd00::1", prefixLength: 16, flags: 0, hostPort: 1 },
  { gateway: "172.18.0.1", net: "172.18.0.0", net6: "fd00:1::", gateway6: "fd00:1::1", prefixLength: 16, flags: INTERNAL, hostPort: 4 },
  { gateway: "172.19.0.1", net: "172.19.0.0", net6: "fd00:2::", gateway6: "fd00:2::1", prefixLength: 16, flags: NO_ICC, hostPort: 7 },
  {
    gateway: "172.20.0.1",
    net: "172.20.0.0",
    net6: "fd00:3::",
    gateway6: "fd00:3::1",
    prefixLength: 24,
    flags: NO_MASQUERADE,
    hostPort: 10,
  },
];

/** By port number. */
export const ENDPOINTS: ReadonlyMap<number, Endpoint> = new Map([
  [2, { name: "A", network: 0, address: "172.17.0.4", address6: "fd00::4" }],
  [3, { name: "B", network: 0, address: "172.17.0.5", address6: "fd00::5" }],
  [5, { name: "C", network: 1, address: "172.18.0.2", address6: "fd00:1::2" }],
  [6, { name: "D", network: 1, address: "172.18.0.3", address6: "fd00:1::3" }],
  [8, { name: "E", network: 2, address: "172.19.0.2", address6: "fd00:2::2" }],
  [9, { name: "F", network: 2, address: "172.19.0.3", address6: "fd00:2::3" }],
  [11, { name: "G", network: 3, address: "172.20.0.2", address6: "fd00:3::2" }],
]);
export const PORT_COUNT = 14;

/** The MAC that an address has in its network, as the product makes it. */
export function macOf(address: string): string {
  return `02:42:${address
    .split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join(":")}`;
}

const TCP = 6,
  UDP = 17;

export interface Published {
  proto: number;
  port: number;
  target: string;
  targetPort: number;
  /** Port of the dataplane that the target is behind. */
  behind: number;
  /** For clients of IPv6; such, and those with a target of IPv6, are in worlds with IPv6 alone. */
  from6?: true;
}

export const PUBLISHED: readonly Published[] = [
  { proto: TCP, port: 8999, target: "172.17.0.4", targetPort: 8080, behind: 2 },
  { proto: UDP, port: 8999, target: "172.17.0.4", targetPort: 8080, behind: 2 },
  { proto: TCP, port: 9000, target: "172.19.0.2", targetPort: 80, behind: 8 },
  { proto: TCP, port: 7000, target: KERNEL_TARGET, targetPort: 7001, behind: UP },
  { proto: UDP, port: 7000, target: KERNEL_TARGET, targetPort: 7001, behind: UP },
  { proto: TCP, port: 8999, target: "fd00::4", targetPort: 8080, behind: 2, from6: true },
  { proto: UDP, port: 8999, target: "fd00::4", targetPort: 8080, behind: 2, from6: true },
  { proto: TCP, port: 9000, target: "fd00:2::2", targetPort: 80, behind: 8, from6: true },
  { proto: TCP, port: 7000, target: KERNEL_TARGET6, targetPort: 7001, behind: UP, from6: true },
  // An IPv6 client's of an IPv4 target, and the reverse.
  ...[TCP, UDP].flatMap((proto): Published[] => [
    { proto, port: 9100, target: "172.17.0.4", targetPort: 8080, behind: 2, from6: true },
    { proto, port: 9101, target: "fd00::4", targetPort: 8080, behind: 2 },
    { proto, port: 7100, target: KERNEL_TARGET, targetPort: 7001, behind: UP, from6: true },
    { proto, port: 7101, target: KERNEL_TARGET6, targetPort: 7001, behind: UP },
  ]),
];

/** Whether it is in a world of that configuration. */
export function isIn(p: Published, { ipv6 = false }: Config): boolean {
  return ipv6 || !(p.from6 === true || p.target.includes(":"));
}

export interface Config {
  seed: number;
  conntrackMax: number;
  masqueradePorts: number;
  offload: boolean;
  /** Clients in 198.51.100.0/24 alone may open flows to published ports. */
  allowFrom: boolean;
  promiscuous: boolean;
  /** The host's firewall is bypassed: what comes by the uplink may open flows. */
  bypass: boolean;
  /** Beside IPv4. */
  ipv6?: boolean;
}

export function configOf(seed: number): Config {
  const random = new Random(seed);
  return {
    seed,
    conntrackMax: random.pick([32, 300, 5000]),
    masqueradePorts: random.pick([64, 1024]),
    offload: random.below(3) === 0,
    allowFrom: random.below(3) === 0,
    promiscuous: false,
    bypass: random.below(3) === 0,
    ipv6: random.below(2) === 0,
  };
}

export class World {
  /** Addresses that tables are made with; all others are of one world. */
  private static forGood: number | undefined;
  readonly memory = new PacketMemory();
  readonly io: FuzzIo;
  readonly state: State;
  readonly commands: Commands;
  readonly engine: Engine;
  readonly counters = createCounters();
  /** Which of PUBLISHED are published now. */
  readonly published = new Set<Published>();
  /** As in `packet.ts`. */
  readonly locals: ReadonlySet<number>;

  constructor(readonly config: Config) {
    const { ipv6 = false } = config;
    World.forGood ??= forgetAddresses();
    forgetAddresses(World.forGood);
    this.io = new FuzzIo(this.memory);
    this.state = new State({
      conntrackMax: config.conntrackMax,
      masqueradeFirst: 61_000,
      masqueradeLast: 61_000 + config.masqueradePorts - 1,
      offload: config.offload,
      bypass: config.bypass,
      random: new Random(config.seed ^ 0x5eed).int32,
      // A bridge of the host's is nobody's way out.
      routing: new FakeRouting(
        ...defaults(HOST_IP, ...(ipv6 ? [HOST_IP6] : [])),
        { dst: "10.0.0.0/24", source: REFUSED_NO_ROUTE },
        { dst: "fd00:10::/64", source: REFUSED_NO_ROUTE },
      ),
    });
    this.commands = new Commands(this.state, this.io, this.counters, {
      tell() {},
      watch() {},
      openFlowMap: () => ({ lookup: () => false, put: (_, __, count) => count, delete() {} }),
      mapOrder: () => new ArrayBuffer(0),
      readFormer: () => [],
      openStationPairs: () => ({ put: (_keys, _values, count) => count, delete: () => {} }),
    });
    this.engine = new Engine(this.io, this.memory, this.state, this.counters, this.commands);
    const own = [HOST_IP, KERNEL_GATEWAY, ...NETWORKS.map(({ gateway }) => gateway)];
    if (ipv6) own.push(...OWN6);
    this.locals = new Set(own.map(addressOf));
    this.say(
      {
        type: "steering",
        flowsFd: 3,
        flows6Fd: ipv6 ? 4 : -1,
        acrossFd: ipv6 ? 5 : -1,
        orderFd: -1,
        uplinkDevice: UPLINK_DEVICE,
        isNew: true,
        offload: { ipv4: config.offload, ipv6: config.offload },
      },
      addPort(UP, UPLINK, MAC_UP),
    );
    this.say({ type: "add-held", port: HELD, fd: -1, size: 4096 });
    for (const [network, { net, prefixLength, gateway, net6, gateway6, flags, hostPort }] of NETWORKS.entries()) {
      const subnets = [subnet(`${net}/${prefixLength}`, gateway), ...(ipv6 ? [subnet(`${net6}/64`, gateway6)] : [])];
      this.say({ type: "add-network", network, subnets, flags });
      this.say(addPort(hostPort, HOST, macOf(gateway), gateway, network));
    }
    for (const port of ENDPOINTS.keys()) this.addEndpoint(port);
    this.say(locals(own));
    if (config.allowFrom) this.say({ type: "allow", prefixes: [prefix("198.51.100.0/24"), ...(ipv6 ? [prefix(`${CLIENTS6}/64`)] : [])] });
    for (const published of PUBLISHED) if (isIn(published, config)) this.publish(published);
    this.io.clock[0] = 1000;
  }

  say(...messages: ToWorker[]): void {
    for (const message of messages) this.commands.carryOut(message);
  }

  addEndpoint(port: number): void {
    const { address, address6, network } = ENDPOINTS.get(port)!;
    this.say(addPort(port, ENDPOINT, macOf(address), this.config.ipv6 === true ? `${address} ${address6}` : address, network));
  }

  removeEndpoint(port: number): void {
    this.say({ type: "remove-port", port });
  }

  publish(p: Published): void {
    const endpoint = ENDPOINTS.get(p.behind);
    const network = endpoint === undefined ? undefined : NETWORKS[endpoint.network];
    const rule: PublishedRange = {
      proto: p.proto,
      hostIp: ip(p.from6 === true ? "::" : "0.0.0.0"),
      firstPort: p.port,
      lastPort: p.port,
      targets: [
        {
          id: 1,
          duty: TAKES,
          address: ip(p.target),
          port: p.targetPort,
          network: endpoint?.network ?? -1,
          snatSource: ip(gatewayOf(p)),
          onlink: prefix(
            p.target.includes(":") ? `${network?.net6 ?? "fd00:10::"}/64` : `${network?.net ?? "10.0.0.0"}/${network?.prefixLength ?? 24}`,
          ),
        },
      ],
      selection: null,
    };
    this.published.add(p);
    this.say({ type: "publish", id: PUBLISHED.indexOf(p), rule });
  }

  withdraw(p: Published): void {
    this.published.delete(p);
    this.say({ type: "withdraw", id: PUBLISHED.indexOf(p) });
  }

  isLocal(address: number): boolean {
    return this.locals.has(address) || isLoopback(address);
  }
}

/** Whom the target of a published port sees instead of those who cannot be seen there: the host, next to it. */
export function gatewayOf({ behind, target }: Published): string {
  const endpoint = ENDPOINTS.get(behind);
  const network = endpoint === undefined ? undefined : NETWORKS[endpoint.network];
  if (target.includes(":")) return network?.gateway6 ?? KERNEL_GATEWAY6;
  return network?.gateway ?? KERNEL_GATEWAY;
}

const LOOPBACK6 = addressOf("::1");

/** 127.0.0.0/8, ::1. */
export function isLoopback(address: number): boolean {
  return isIpv6(address) ? address === LOOPBACK6 : (address & 0xff) === 127;
}

/** The host's own of IPv6, link-local ones in its networks among them. */
const OWN6 = [HOST_IP6, KERNEL_GATEWAY6, ...NETWORKS.flatMap(({ gateway, gateway6 }) => [gateway6, linkLocalOf(macOf(gateway))])];
