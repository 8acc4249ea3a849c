/**
 * The host as the dataplane must know it: its addresses, its routes, and the interfaces whose traffic is steered. Read at the start and
 * again whenever the kernel reports a change, so interfaces and addresses that come later count too.
 */
import type { HostRoute } from "../engine/messages.js";
import { log } from "../log.js";
import { isSteerable, type Steering, UPLINK_ADDRESS, UPLINK_CONF } from "../steer/steering.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import type { Address, Link, Route } from "../sys/rtnetlink-entries.js";
import type { Ipv4Conf } from "../sys/rtnetlink-link.js";
import {
  GROUP_IPV4_ADDRESS,
  GROUP_IPV4_CONF,
  GROUP_IPV4_ROUTE,
  GROUP_IPV4_RULE,
  GROUP_LINK,
  GROUP_NEXTHOP,
  RouteMonitor,
} from "../sys/rtnetlink-monitor.js";
import {
  addressBits,
  formatIp,
  formatPrefix,
  type IpAddress,
  type IpPrefix,
  ofIpv4,
  parseIp,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  prefixOf,
  sameIp,
} from "../wire/ip-address.js";
import { contains, parseIpv4 } from "../wire/ipv4-address.js";
import { isStubBridge } from "./stub-bridge.js";
import { addUplinkAddress } from "./uplink.js";
import type { Workers } from "./workers.js";

const GROUPS = (GROUP_LINK | GROUP_IPV4_ADDRESS | GROUP_IPV4_ROUTE | GROUP_IPV4_RULE | GROUP_IPV4_CONF | GROUP_NEXTHOP) >>> 0;
const RT_TABLE_MAIN = 254;
const IFF_LOOPBACK = 0x8;
const LOOPBACK = parsePrefix("127.0.0.0/8")!;

export class Host {
  private readonly monitor: RouteMonitor;
  private links: Link[] = [];
  private addresses: Address[] = [];
  private routes: Route[] = [];
  /** Devices that routes of any table lead out of, by interface index. */
  private routed = new Set<number>();
  private closed = false;
  /** Our devices by interface index, which are not steered, and the settings that they must have. */
  private readonly ownDevices: Map<number, Partial<Ipv4Conf>>;
  private readonly listeners = new Set<() => void>();

  /** `uplinks`: their interface indices; `onUplinkGone`: one is no more in this namespace. */
  constructor(
    private readonly socket: RouteSocket,
    private readonly workers: Workers,
    private readonly steering: Steering,
    uplinks: readonly number[],
    private readonly onUplinkGone: () => void = () => {},
  ) {
    this.ownDevices = new Map(uplinks.map((ifindex) => [ifindex, UPLINK_CONF]));
    this.monitor = new RouteMonitor(-1, GROUPS);
    workers.watch(this.monitor.fd);
    this.refresh();
  }

  /** The device with this interface index is ours, until it is disowned. */
  own(ifindex: number, conf: Partial<Ipv4Conf>): void {
    this.ownDevices.set(ifindex, conf);
  }

  disown(ifindex: number): void {
    this.ownDevices.delete(ifindex);
  }

  /** To be called when the worker says that the monitor's descriptor is readable. */
  onReadable(): void {
    if (this.closed) return;
    if (this.monitor.drain().length > 0) this.refresh();
  }

  /** Rereads the host and tells steering and worker. */
  refresh(): void {
    this.links = this.socket.links();
    this.addresses = this.socket.addresses().filter((a) => a.family === "ipv4");
    this.mendDevices();
    const routes = this.socket.routes().filter((r) => r.family === "ipv4");
    this.routes = routes.filter((r) => r.table === RT_TABLE_MAIN);
    this.routed = new Set(routes.filter((r) => r.type === "unicast").flatMap((r) => r.oifs ?? r.oif ?? []));
    const locals = this.addresses.map((a) => ofIpv4(parseIpv4(a.address)!));
    this.workers.post({ type: "locals", addresses: locals, broadcasts: this.broadcasts().map(ofIpv4) });
    // Of IPv4 the workers ask the kernel itself. Bridges of other containers are refused to endpoints.
    const refused = this.links.filter((link) => isStubBridge(link, this.links, this.routes)).map(({ index }) => index);
    const routes6 = this.routes.filter(({ family }) => family === "ipv6").flatMap((route) => this.routeEntry(route) ?? []);
    this.workers.post({ type: "routes", routes: routes6, refused, exact: this.socket.routesByPorts() });
    this.steer();
    for (const listener of this.listeners) listener();
  }

  /**
   * Sets right what others have changed in our own devices. Writing net.ipv4.ip_forward, for one, sets every device's `forwarding`: steering needs
   * it on the uplinks, internal networks must not have it. Without an uplink nothing is served any more, so it must be up, and be there.
   */
  private mendDevices(): void {
    for (const [ifindex, conf] of this.ownDevices) {
      const now = this.socket.ipv4Conf(ifindex);
      if (now === null) continue;
      const changed = (Object.keys(conf) as (keyof Ipv4Conf)[]).some((key) => now[key] !== undefined && now[key] !== conf[key]);
      if (changed) this.socket.setLink(ifindex, { ipv4Conf: conf });
    }
    for (const ifindex of this.steering.uplinks) {
      const uplink = this.links.find(({ index }) => index === ifindex);
      if (uplink === undefined) {
        this.onUplinkGone();
        return;
      }
      if (!uplink.up) {
        log.warn(`somebody has set ${uplink.name} down; it is set up again`);
        this.socket.setLink(ifindex, { up: true });
      }
      if (!this.addresses.some((a) => a.ifindex === ifindex && a.address === UPLINK_ADDRESS)) addUplinkAddress(this.socket, ifindex);
    }
  }

  /** Calls whenever the host was read again. Answers how to end that. */
  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Whether others can reach the host by this address. */
  has(address: IpAddress): boolean {
    return !prefixContains(LOOPBACK, address) && this.addresses.some((a) => sameIp(parseIp(a.address)!, address));
  }

  /** The host's address next to `target` and their common network, or null when it lies behind a gateway. */
  neighborOf(target: IpAddress, oif: number): { address: IpAddress; network: IpPrefix } | null {
    for (const a of this.addresses) {
      const address = parseIp(a.address)!;
      const network = prefixOf(address, a.prefixLength);
      if (a.ifindex === oif && prefixContains(network, target)) return { address, network };
    }
    return null;
  }

  /** The network that the host's routes say to be on the link where it reaches `target`; the target alone if they do not. */
  onLink(target: IpAddress, oif: number): IpPrefix {
    let best = prefixOf(target, 0);
    for (const { type, gateway, dst, prefixLength, oif: device } of this.routes) {
      if (type !== "unicast" || gateway !== undefined || device !== oif || prefixLength <= best.prefixLength) continue;
      const network = prefixOf(parseIp(dst)!, prefixLength);
      if (prefixContains(network, target)) best = network;
    }
    return best.prefixLength === 0 ? prefixOf(target, addressBits(target.family)) : best;
  }

  /** The last address of each of its networks (RFC 1122 §3.2.1.3); int32, host order. */
  private broadcasts(): number[] {
    return this.addresses.filter((a) => a.prefixLength < 31).map((a) => parseIpv4(a.address)! | (-1 >>> a.prefixLength));
  }

  close(): void {
    this.closed = true;
    this.monitor.close();
  }

  /** What comes in at our own devices is not to be steered, but packets for their addresses must find their way. */
  private steer(): void {
    const wanted = new Map<number, Link>();
    for (const link of this.links) {
      if (this.steering.uplinks.includes(link.index)) continue;
      // Also without an address, if the host routes by it: links to single containers, uplinks with the address on another device.
      const addressed = this.addresses.some((a) => a.ifindex === link.index) || this.routed.has(link.index);
      if ((addressed || (link.flags & IFF_LOOPBACK) !== 0) && isSteerable(link.type)) wanted.set(link.index, link);
    }
    for (const link of wanted.values()) {
      try {
        if (this.ownDevices.has(link.index)) this.steering.attachOwn(link.index);
        else this.steering.attach(link.index, link.type);
      } catch (error) {
        // It may have gone since it was listed; anything else is worth a word, but no reason to stop serving the others.
        if (this.socket.link(link.index) !== null) log.warn(`cannot steer ${link.name}: ${(error as Error).message}`);
      }
    }
    this.steering.setLocals(this.addresses.map((a) => ({ address: parseIp(a.address)!, ifindex: a.ifindex })));
    for (const ifindex of this.steering.attached()) if (!wanted.has(ifindex)) this.steering.detach(ifindex);
  }

  /** The route with the source address that the kernel would use on it. Bridges of other containers are refused to endpoints (`stub-bridge.ts`). */
  private routeEntry(route: Route): HostRoute | null {
    const base = { prefix: prefixOf(ofIpv4(parseIpv4(route.dst)!), route.prefixLength), metric: route.metric };
    if (route.type !== "unicast") return route.type === "local" || route.type === "broadcast" ? null : { ...base, source: null };
    const link = this.links.find(({ index }) => index === route.oif);
    if (link !== undefined && isStubBridge(link, this.links, this.routes)) return { ...base, source: null };
    const source = route.prefSrc ?? this.sourceOn(route);
    return source === undefined ? null : { ...base, source: ofIpv4(parseIpv4(source)!) };
  }

  /** First address of the route's device, preferably of the gateway's network (as `inet_select_addr` picks). */
  private sourceOn(route: Route): string | undefined {
    const candidates = this.addresses.filter((a) => a.ifindex === route.oif);
    const near = parseIpv4(route.gateway ?? "");
    const match = candidates.find(
      (a) =>
        near !== null && contains({ address: parseIpv4(a.address)! & (-1 << (32 - a.prefixLength)), prefixLength: a.prefixLength }, near),
    );
    return (match ?? candidates[0])?.address;
  }

  /** The device of the default route, for its MTU; null without one. */
  defaultLink(): Link | null {
    const route = this.routes.filter((r) => r.prefixLength === 0 && r.oif !== undefined).sort((a, b) => a.metric - b.metric)[0];
    return this.links.find((link) => link.index === route?.oif) ?? null;
  }

  /**
   * The address or route of the host that overlaps the network, in words, or null. The default route does not count, nor does what belongs to the
   * device `except`.
   */
  overlap(network: IpPrefix, except?: string): string | null {
    const own = this.links.find((link) => link.name === except)?.index;
    for (const a of this.addresses) {
      const address = parseIp(a.address)!;
      const name = this.links.find((link) => link.index === a.ifindex)?.name ?? `device ${a.ifindex}`;
      if (a.ifindex !== own && prefixesOverlap(prefixOf(address, a.prefixLength), network))
        return `address ${formatIp(address)}/${a.prefixLength} of ${name}`;
    }
    for (const r of this.routes) {
      const route = prefixOf(parseIp(r.dst)!, r.prefixLength);
      const isOwn = own !== undefined && r.oif === own;
      if (r.prefixLength > 0 && !isOwn && prefixesOverlap(route, network)) return `route ${formatPrefix(route)}`;
    }
    return null;
  }
}
