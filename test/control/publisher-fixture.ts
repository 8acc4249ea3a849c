/** A publisher with real sockets on loopback, over a host, steering and workers that merely take notes. */
import fs from "node:fs";
import type { Host } from "../../src/control/host.js";
import type { PortSpec } from "../../src/control/mapping.js";
import type { NetworkRegistry } from "../../src/control/network/registry.js";
import { Publisher } from "../../src/control/publisher.js";
import type { Workers } from "../../src/control/workers.js";
import type { ToWorker } from "../../src/engine/messages.js";
import type { Steering } from "../../src/steer/steering.js";
import { native } from "../../src/sys/native.js";
import type { RouteSocket } from "../../src/sys/rtnetlink.js";
import type { Route } from "../../src/sys/rtnetlink-entries.js";
import { formatIp, type IpAddress, prefixOf } from "../../src/wire/ip-address.js";
import { ip, prefix } from "../support/ip.js";

export const TARGET = "172.17.0.4",
  OWN_TARGET = "10.44.0.2",
  FAR_TARGET = "203.0.113.80",
  /** On a link without an address of the host's. */
  UNNUMBERED_TARGET = "10.65.0.7";
const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

export class PublisherFixture {
  /** What was said to steering and workers, in order. */
  readonly notes: string[] = [];
  readonly rules: Extract<ToWorker, { type: "publish" }>[] = [];
  /** The next call of it throws. */
  failing: "steering" | undefined;
  /** The kernel's answer about a target. */
  readonly routes = new Map<string, Partial<Route> | null>([
    [TARGET, { type: "unicast", oif: 3, prefSrc: "172.17.0.1" }],
    [FAR_TARGET, { type: "unicast", oif: 2, gateway: "192.0.2.254", prefSrc: "192.0.2.1" }],
    [UNNUMBERED_TARGET, { type: "unicast", oif: 9, prefSrc: "192.0.2.1" }],
    ["192.0.2.1", { type: "local", oif: 1 }],
  ]);
  /** Of the host's addresses. */
  readonly families: (4 | 6)[] = [4];
  /** The host's address on device 3. */
  bridgeAddress = "172.17.0.1";
  /** The host was read again. */
  change: (() => void) | undefined;
  readonly publisher: Publisher;

  constructor() {
    const routes = { routeTo: (target: string) => this.routes.get(target) ?? null, link: () => null };
    const host = {
      families: this.families,
      ipv6: true,
      onChange: (listener: () => void) => {
        this.change = listener;
        return () => {
          this.change = undefined;
        };
      },
      onLink: (target: IpAddress) => prefixOf(target, 24),
      neighborOf: (_target: IpAddress, oif: number) =>
        oif === 3 ? { address: ip(this.bridgeAddress), network: prefix("172.17.0.0/16") } : null,
    };
    const workers = {
      post: (message: ToWorker) => {
        if (message.type === "publish") this.rules.push(message);
        this.notes.push(`${message.type} ${(message as { id: number }).id}`);
      },
    };
    const steering = {
      acceptFd: -1,
      offload: { ipv4: false },
      publish: (...args: [number, IpAddress, number, number]) => {
        if (this.failing === "steering") {
          this.failing = undefined;
          throw new Error("no room in the map");
        }
        this.notes.push(`steer ${described(args)}`);
      },
      withdraw: (...args: [number, IpAddress, number, number]) => this.notes.push(`leave ${described(args)}`),
    };
    const gateway = ip("10.44.0.1");
    const networks = {
      of: (target: IpAddress) =>
        formatIp(target).startsWith("10.44.0.")
          ? { reach: () => (target.value === gateway.value ? null : { snatSource: gateway, network: prefix("10.44.0.0/24"), own: 5 }) }
          : undefined,
    };
    this.publisher = new Publisher(
      routes as unknown as RouteSocket,
      host as unknown as Host,
      workers as unknown as Workers,
      steering as unknown as Steering,
      networks as unknown as NetworkRegistry,
    );
  }
}

const described = ([proto, hostIp, first, last]: [number, IpAddress, number, number]): string =>
  `${proto} ${formatIp(hostIp)} ${first}-${last}`;

/** For `count` ports from `port` on of 127.0.0.1. */
export function spec(port: number, count = 1, more: Partial<PortSpec> = {}): PortSpec {
  return {
    hostIp: ip("127.0.0.1"),
    hostPort: port,
    hostPortEnd: port + count - 1,
    pickFromRange: false,
    targets: { ipv4: ip(TARGET) },
    targetPort: 8080,
    targetPortEnd: 8080 + count - 1,
    proto: "tcp",
    ...more,
  };
}

/** First of `count` ports of 127.0.0.1 that were free a moment ago, for TCP and UDP. */
export function freePorts(count: number): number {
  for (let first = 20_000 + Math.floor(Math.random() * 10_000); ; first = 20_000 + ((first + 97) % 12_000)) {
    const fds: number[] = [];
    for (let port = first; port < first + count; port++)
      for (const proto of [6, 17]) fds.push(native.holdPort(proto, LOOPBACK, port, -1, 0));
    for (const fd of fds) release(fd);
    if (fds.every((fd) => fd >= 0)) return first;
  }
}

/** Another program takes the port; its descriptor. */
export function take(port: number, proto = 6): number {
  const fd = native.holdPort(proto, LOOPBACK, port, -1, 0);
  if (fd < 0) throw new Error(`port ${port} is taken (${fd})`);
  return fd;
}

/** Whether nobody has the port. */
export function isFree(port: number, proto = 6): boolean {
  const fd = native.holdPort(proto, LOOPBACK, port, -1, 0);
  release(fd);
  return fd >= 0;
}

export function release(fd: number): void {
  if (fd >= 0) fs.closeSync(fd);
}

export function openDescriptors(): number {
  return fs.readdirSync("/proc/self/fd").length;
}
