/** A host of text, for `Host`: what the kernel would list, and notes of what steering and workers are told. */
import { Host } from "../../src/control/host.js";
import type { Workers } from "../../src/control/workers.js";
import type { ToWorker } from "../../src/engine/messages.js";
import type { Steering } from "../../src/steer/steering.js";
import type { RouteSocket } from "../../src/sys/rtnetlink.js";
import type { Address, Link, Route } from "../../src/sys/rtnetlink-entries.js";
import { formatIp, type IpAddress } from "../../src/wire/ip-address.js";

export const UPLINK_INDEX = 90;
const ETHERNET = 1,
  LOOPBACK = 772;
const IFF_LOOPBACK = 0x8;

export function link(index: number, name: string, more: Partial<Link> = {}): Link {
  const lo = name === "lo";
  const common = {
    mac: "",
    mtu: 1500,
    up: true,
    flags: lo ? IFF_LOOPBACK : 0,
    type: lo ? LOOPBACK : ETHERNET,
    kind: "",
    master: 0,
    link: 0,
  };
  return { index, name, ...common, ...more };
}

export function address(ifindex: number, text: string, flags = 0): Address {
  const [at = "", length] = text.split("/");
  return { ifindex, family: at.includes(":") ? "ipv6" : "ipv4", address: at, prefixLength: Number(length), scope: 0, label: "", flags };
}

/** `"10.0.0.0/8"` by a device. */
export function route(dst: string, oif: number | undefined, more: Partial<Route> = {}): Route {
  const [at = "", length] = dst.split("/");
  return {
    family: at.includes(":") ? "ipv6" : "ipv4",
    type: "unicast",
    dst: at,
    prefixLength: Number(length),
    oif,
    metric: 0,
    table: 254,
    ...more,
  };
}

/** lo, a LAN with a default route, Docker's bridge with a container, and our uplink. */
export class HostFixture {
  links = [
    link(1, "lo"),
    link(2, "eth0", { mtu: 9000 }),
    link(3, "docker0", { kind: "bridge" }),
    link(4, "veth1", { kind: "veth", master: 3 }),
    link(5, "wg0", { type: 65534 }),
    link(6, "can0", { type: 280 }),
    link(UPLINK_INDEX, "tspup0", { kind: "tun" }),
  ];
  addresses = [
    address(1, "127.0.0.1/8"),
    address(2, "192.0.2.1/24"),
    address(2, "192.0.2.2/24"),
    address(3, "172.17.0.1/16"),
    address(5, "10.99.0.1/31"),
    address(2, "2001:db8::1/64"),
    address(UPLINK_INDEX, "127.84.83.80/32"),
  ];
  routes = [
    route("0.0.0.0/0", 2, { gateway: "192.0.2.254", metric: 100 }),
    route("192.0.2.0/24", 2, { prefSrc: "192.0.2.1" }),
    route("172.17.0.0/16", 3, { prefSrc: "172.17.0.1" }),
  ];
  /** net.ipv4.conf.*.forwarding that the kernel has, by device; and what was set. */
  readonly forwarding = new Map<number, number>();
  readonly set: [ifindex: number, change: object][] = [];
  readonly attached = new Map<number, string>();
  /** Devices that cannot be steered, and why. */
  readonly unsteerable = new Map<number, string>();
  /** Devices that are listed and, when asked for one by one, gone. */
  readonly gone = new Set<number>();
  /** Whether IPv6 is steered. */
  ipv6 = false;
  locals: string[] = [];
  told: ToWorker[] = [];
  watched = -1;
  uplinkGone = false;
  /** Ways depend on ports. */
  byPorts = false;
  readonly host: Host;

  constructor(change: (fixture: HostFixture) => void = () => {}) {
    change(this);
    const attach = (how: string) => (ifindex: number, type?: number) => {
      const why = this.unsteerable.get(ifindex);
      if (why !== undefined) throw new Error(why);
      this.attached.set(ifindex, type === undefined ? how : `${how} ${type}`);
    };
    const steering = {
      uplinks: [UPLINK_INDEX],
      tunnels: [],
      isUplink: (ifindex: number) => ifindex === UPLINK_INDEX,
      ipv6: this.ipv6,
      attach: attach("steer"),
      bareDevices: [],
      attachOwn: attach("own"),
      detach: (ifindex: number) => this.attached.delete(ifindex),
      attached: () => [...this.attached.keys()],
      allAttached: () => {},
      setLocals: (all: { address: IpAddress; ifindex: number }[]) => {
        this.locals = all.map((each) => `${formatIp(each.address)} ${each.ifindex}`);
      },
    };
    const socket = {
      links: () => this.links,
      link: (index: number) => this.links.find((each) => each.index === index && !this.gone.has(index)) ?? null,
      addresses: () => this.addresses,
      routes: () => this.routes,
      routesByPorts: () => this.byPorts,
      addAddress: (index: number, text: string) => {
        if (this.gone.has(index)) throw new Error("ENODEV");
        this.set.push([index, { address: text }]);
      },
      ipv4Conf: (index: number) => (this.forwarding.has(index) ? { forwarding: this.forwarding.get(index) } : null),
      setLink: (index: number, conf: object) => {
        if (this.gone.has(index)) throw new Error("ENODEV");
        this.set.push([index, conf]);
      },
    };
    const workers = {
      post: (message: ToWorker) => this.told.push(message),
      watch: (fd: number) => {
        this.watched = fd;
      },
    };
    this.host = new Host(
      socket as unknown as RouteSocket,
      workers as unknown as Workers,
      steering as unknown as Steering,
      [UPLINK_INDEX],
      () => {
        this.uplinkGone = true;
      },
    );
  }

  /** The last message of its kind. */
  last<T extends ToWorker["type"]>(type: T): Extract<ToWorker, { type: T }> {
    return this.told.findLast((message) => message.type === type) as Extract<ToWorker, { type: T }>;
  }
}
