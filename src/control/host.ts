/**
 * The host as the dataplane must know it: its addresses, its routes, and the interfaces whose traffic is steered. Read at the start and
 * again whenever the kernel reports a change, so interfaces and addresses that come later count too.
 */
import { log } from "../log.js";
import { isSteerable } from "../steer/link-layers.js";
import type { Steering } from "../steer/steering.js";
import { UPLINK_ADDRESS, UPLINK_CONF, UPLINK_IPV6_CONF } from "../steer/uplink-conf.js";
import { hasIpv6Conf, type Ipv6Conf, setIpv6Conf } from "../sys/ipv6-conf.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { IFA_F_DEPRECATED, IFA_F_TEMPORARY, IFA_F_TENTATIVE, type Link, type Route } from "../sys/rtnetlink-entries.js";
import type { Ipv4Conf } from "../sys/rtnetlink-link.js";
import * as monitor from "../sys/rtnetlink-monitor.js";
import {
  addressBits,
  formatIp,
  formatPrefix,
  type IpAddress,
  type IpPrefix,
  lastOf,
  parseIp,
  parsePrefix,
  prefixContains,
  prefixesOverlap,
  prefixOf,
  sameIp,
} from "../wire/ip-address.js";
import { addressesOf, type HostAddress, hasWay, type Routed } from "./devices-to-steer.js";
import { Reread } from "./reread.js";
import { isStubBridge } from "./stub-bridge.js";
import { addUplinkAddress } from "./uplink.js";
import type { Workers } from "./workers.js";

const UPLINK_IP = parseIp(UPLINK_ADDRESS)!;
const RT_TABLE_MAIN = 254;
const LINK_LOCAL = parsePrefix("fe80::/10")!;
const LOOPBACKS = [parsePrefix("127.0.0.0/8")!, parsePrefix("::1/128")!];
/** Not to be picked as a source for others if there is another one. */
const UNFIT = IFA_F_TEMPORARY | IFA_F_DEPRECATED | IFA_F_TENTATIVE;
const GROUPS =
  (monitor.GROUP_LINK |
    monitor.GROUP_IPV4_ADDRESS |
    monitor.GROUP_IPV4_ROUTE |
    monitor.GROUP_IPV4_RULE |
    monitor.GROUP_IPV4_CONF |
    monitor.GROUP_IPV6_ADDRESS |
    monitor.GROUP_IPV6_ROUTE |
    monitor.GROUP_IPV6_RULE |
    monitor.GROUP_IPV6_CONF |
    monitor.GROUP_NEXTHOP) >>>
  0;
/** What a device of ours must have. */
export interface OwnConf {
  ipv4: Partial<Ipv4Conf>;
  ipv6?: Partial<Ipv6Conf> | undefined;
  addresses?: readonly { address: IpAddress; prefixLength: number }[];
}

interface OwnDevice extends OwnConf {
  /** It is no more in this namespace. */
  onGone(): void;
}

type HostListener = (moved: ReadonlySet<number>) => void;
const NONE: ReadonlySet<number> = new Set();

export class Host {
  private readonly monitor: monitor.RouteMonitor;
  private links: Link[] = [];
  private addresses: HostAddress[] = [];
  private routes: Route[] = [];
  private routed: Routed = { 4: new Set(), 6: new Set() };
  /** Our devices that the host forwards from, without uplinks. */
  private forwarding: Record<4 | 6, number[]> = { 4: [], 6: [] };
  private closed = false;
  /** What the workers know of `Steering.bareDevices`. */
  private bare: readonly number[] = [];
  /** Our devices by interface index, which are not steered, and what they must have. */
  private readonly ownDevices: Map<number, OwnDevice>;
  private readonly listeners = new Set<HostListener>();
  /** Devices of ours without settings of their own: they are there, and up. */
  private readonly watched = new Map<number, () => void>();
  /** Devices whose place in their networks has changed, and nobody has been told of it yet. */
  private readonly moved = new Set<number>();
  private readonly reread = new Reread("what has changed on the host", () => this.catchUp());

  /** `uplinks`: their interface indices; `onUplinkGone`: one is no more in this namespace. */
  constructor(
    private readonly socket: RouteSocket,
    private readonly workers: Workers,
    private readonly steering: Steering,
    uplinks: readonly number[],
    private readonly onUplinkGone: () => void = () => {},
  ) {
    const uplink = { ipv4: UPLINK_CONF, ipv6: steering.ipv6 ? UPLINK_IPV6_CONF : undefined, onGone: onUplinkGone };
    this.ownDevices = new Map(uplinks.map((ifindex) => [ifindex, uplink]));
    this.monitor = new monitor.RouteMonitor(-1, GROUPS);
    workers.watch(this.monitor.fd);
    this.refresh();
  }

  /** The device with this interface index is ours, until it is disowned. `onGone`: somebody else has deleted it, or moved it away. */
  own(ifindex: number, conf: OwnConf, onGone: () => void): void {
    this.ownDevices.set(ifindex, { ...conf, onGone });
  }

  disown(ifindex: number): void {
    this.ownDevices.delete(ifindex);
  }

  /** Keeps the device up. `onGone`: it is no more in this namespace; said once. Answers how to end that. */
  watch(ifindex: number, onGone: () => void = () => {}): () => void {
    this.watched.set(ifindex, onGone);
    return () => this.watched.delete(ifindex);
  }

  /** To be called when the worker says that the monitor's descriptor is readable. */
  onReadable(): void {
    if (this.closed) return;
    this.reread.run(() => {
      const events = this.monitor.drain();
      for (const event of events) if (event.kind === "link" && event.moved) this.moved.add(event.link.index);
      if (events.length > 0) this.catchUp();
    });
  }

  private catchUp(): void {
    this.refresh(new Set(this.moved));
    this.moved.clear();
  }

  /** The same for who has nobody to tell of a failure: it is said, and the host is read once more in a second. */
  readAgain(): void {
    this.reread.run();
  }

  /** Rereads the host and tells steering and worker. `moved`: devices whose place in their networks has changed. */
  refresh(moved: ReadonlySet<number> = NONE): void {
    this.links = this.socket.links();
    this.addresses = addressesOf(this.socket).filter(({ ip }) => this.serves(ip.family));
    this.mendDevices();
    this.mendWatched();
    const routes = this.socket.routes().filter(({ family }) => this.serves(family === "ipv4" ? 4 : 6));
    this.routes = routes.filter((r) => r.table === RT_TABLE_MAIN);
    const out = routes.filter((r) => r.type === "unicast");
    const by = (family: Route["family"]): Set<number> =>
      new Set(out.filter((r) => r.family === family).flatMap((r) => r.oifs ?? r.oif ?? []));
    this.routed = { 4: by("ipv4"), 6: by("ipv6") };
    this.workers.post({ type: "locals", addresses: this.addresses.map(({ ip }) => ip), broadcasts: this.broadcasts() });
    // The workers ask the kernel itself. Bridges of other containers are refused to endpoints.
    const refused = this.links.filter((link) => isStubBridge(link, this.links, this.routes)).map(({ index }) => index);
    const { 4: forwarding, 6: forwarding6 } = this.forwarding;
    this.workers.post({ type: "routes", refused, exact: this.socket.routesByPorts(), forwarding, forwarding6 });
    this.steer();
    for (const listener of this.listeners) listener(moved);
  }

  /**
   * Sets right what others have changed in our own devices. Writing net.ipv4.ip_forward, for one, sets every device's `forwarding`: steering needs
   * it on the uplinks, internal networks must not have it. Without them, or the device of the tunnels, nothing is served, so they must be up, and be
   * there.
   */
  private mendDevices(): void {
    this.forwarding = { 4: [], 6: [] };
    for (const [ifindex, { ipv4, ipv6 }] of this.ownDevices) {
      const now = this.socket.ipv4Conf(ifindex);
      if (now === null) continue;
      const isUplink = this.steering.isUplink(ifindex);
      if ((ipv4.forwarding ?? now.forwarding) === 1 && !isUplink) this.forwarding[4].push(ifindex);
      const changed = (Object.keys(ipv4) as (keyof Ipv4Conf)[]).some((key) => now[key] !== undefined && now[key] !== ipv4[key]);
      if (changed) this.unlessGone(ifindex, () => this.socket.setLink(ifindex, { ipv4Conf: ipv4 }));
      const name = this.links.find(({ index }) => index === ifindex)?.name;
      if (name === undefined || ipv6 === undefined) continue;
      if (!hasIpv6Conf(name, ipv6)) setIpv6Conf(name, ipv6);
      if (!isUplink && hasIpv6Conf(name, { forwarding: 1 })) this.forwarding[6].push(ifindex);
    }
    const tunnels = this.steering.tunnels.map((ifindex): [number, Partial<OwnDevice>] => [ifindex, { onGone: this.onUplinkGone }]);
    for (const [ifindex, { addresses = [], onGone }] of [...this.ownDevices, ...tunnels]) {
      const device = this.links.find(({ index }) => index === ifindex);
      if (device === undefined) {
        onGone?.();
        continue;
      }
      if (!device.up) this.setUpAgain(device);
      const has = (address: IpAddress): boolean => this.addresses.some((a) => a.ifindex === ifindex && sameIp(a.ip, address));
      if (this.steering.isUplink(ifindex) && !has(UPLINK_IP)) this.unlessGone(ifindex, () => addUplinkAddress(this.socket, ifindex));
      for (const { address, prefixLength } of addresses) {
        if (has(address)) continue;
        log.warn(`somebody has taken ${formatIp(address)} from ${device.name}; it is given back`);
        this.unlessGone(ifindex, () => this.socket.addAddress(ifindex, formatIp(address), prefixLength));
      }
    }
  }

  private mendWatched(): void {
    if (this.watched.size === 0) return;
    const links = new Map(this.links.map((link) => [link.index, link]));
    for (const [ifindex, onGone] of this.watched) {
      const link = links.get(ifindex);
      if (link === undefined) {
        this.watched.delete(ifindex);
        onGone();
      } else if (!link.up) this.setUpAgain(link);
    }
  }

  private setUpAgain({ index, name }: Link): void {
    log.warn(`somebody has set ${name} down; it is set up again`);
    this.unlessGone(index, () => this.socket.setLink(index, { up: true }));
  }

  /** Mends a device that may have gone since it was listed, which the kernel tells next. */
  private unlessGone(index: number, mend: () => void): void {
    try {
      mend();
    } catch (error) {
      if (this.socket.link(index) !== null) throw error;
    }
  }

  /** Calls whenever the host was read again, with the devices whose place in their networks has changed. Answers how to end that. */
  onChange(listener: HostListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** The device that has the address, or null. */
  linkOf(address: IpAddress): Link | null {
    const index = this.addresses.find(({ ip }) => sameIp(ip, address))?.ifindex;
    return this.links.find((link) => link.index === index) ?? null;
  }

  /** Whether others can reach the host by this address. */
  has(address: IpAddress): boolean {
    return !LOOPBACKS.some((prefix) => prefixContains(prefix, address)) && this.addresses.some(({ ip }) => sameIp(ip, address));
  }

  /** The host's address next to `target` and their common network, or null when it lies behind a gateway. */
  neighborOf(target: IpAddress, oif: number): { address: IpAddress; network: IpPrefix } | null {
    const near = this.addresses.filter(
      ({ ifindex, ip, prefixLength }) => ifindex === oif && prefixContains(prefixOf(ip, prefixLength), target),
    );
    const best = near.find(({ flags }) => (flags & UNFIT) === 0) ?? near[0];
    return best === undefined ? null : { address: best.ip, network: prefixOf(best.ip, best.prefixLength) };
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

  /** Whether IPv6 packets are served. */
  get ipv6(): boolean {
    return this.steering.ipv6;
  }

  /** Families of which it has addresses and we serve packets. */
  get families(): (4 | 6)[] {
    return ([4, 6] as const).filter((family) => this.addresses.some(({ ip }) => ip.family === family));
  }

  private serves(family: 4 | 6): boolean {
    return family === 4 || this.ipv6;
  }

  /** The last address of each of its IPv4 networks (RFC 1122 §3.2.1.3). */
  private broadcasts(): IpAddress[] {
    const networks = this.addresses.filter(({ ip, prefixLength }) => ip.family === 4 && prefixLength < 31);
    return networks.map(({ ip, prefixLength }) => lastOf(prefixOf(ip, prefixLength)));
  }

  close(): void {
    this.closed = true;
    this.reread.close();
    this.monitor.close();
  }

  /** What comes in at our own devices is not to be steered, but packets for their addresses must find their way. */
  private steer(): void {
    const wanted = new Map<number, Link>();
    for (const link of this.links) {
      if (this.steering.isUplink(link.index)) continue;
      if (hasWay(link, this.links, this.addresses, this.routed) && isSteerable(link.type)) wanted.set(link.index, link);
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
    this.steering.setLocals(this.addresses.map(({ ip, ifindex }) => ({ address: ip, ifindex })));
    for (const ifindex of this.steering.attached()) if (!wanted.has(ifindex)) this.steering.detach(ifindex);
    this.tellBare();
  }

  /** Tells the workers which devices have programs that cannot carry, if these are others than before. */
  tellBare(): void {
    const bare = this.steering.bareDevices;
    if (bare.join() !== this.bare.join()) this.workers.post({ type: "bare", devices: bare });
    this.bare = bare;
  }

  /** Addresses of a device, by any name of it, that others can reach; null: there is no such device. */
  addressesOn(device: string): IpAddress[] | null {
    const link = this.socket.link(device);
    if (link === null) return null;
    return this.addresses.filter(({ ifindex, ip }) => ifindex === link.index && this.has(ip) && !isLinkLocal(ip)).map(({ ip }) => ip);
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
    for (const { ifindex, ip, prefixLength } of this.addresses) {
      const name = this.links.find((link) => link.index === ifindex)?.name ?? `device ${ifindex}`;
      if (ifindex !== own && prefixesOverlap(prefixOf(ip, prefixLength), network))
        return `address ${formatIp(ip)}/${prefixLength} of ${name}`;
    }
    for (const r of this.routes) {
      const route = prefixOf(parseIp(r.dst)!, r.prefixLength);
      const isOwn = own !== undefined && r.oif === own;
      if (r.prefixLength > 0 && !isOwn && prefixesOverlap(route, network)) return `route ${formatPrefix(route)}`;
    }
    return null;
  }
}

function isLinkLocal(ip: IpAddress): boolean {
  return prefixContains(LINK_LOCAL, ip);
}
