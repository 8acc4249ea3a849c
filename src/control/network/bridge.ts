/**
 * The kind `bridge`: a bridge in userspace. The host gets a TAP with the gateway's address, which ends with its descriptors, so also with a
 * killed process; what leaves the network is masqueraded, unless told otherwise.
 */

import type { Tap } from "../../device/tap.js";
import type { Overlay } from "../../engine/messages.js";
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import { hostFamilies } from "../../sys/host-families.js";
import { setIpv6Conf } from "../../sys/ipv6-conf.js";
import { linkThere, settingUp } from "../../sys/setting-up.js";
import { INTERNAL, NO_ICC, NO_MASQUERADE, PROMISCUOUS } from "../../table/networks.js";
import { macText } from "../../wire/ethernet.js";
import { formatIp, formatPrefix, type IpAddress, sameIp } from "../../wire/ip-address.js";
import { ORDER_QUEUE } from "../../wire/order.js";
import { eachFamily, ofFamily, type PerFamily, perFamily } from "../../wire/per-family.js";
import { closeToIpv6, hostDeviceConf, hostDeviceIpv6Conf } from "../device-conf.js";
import { checkNetworkFamilies } from "../families.js";
import { Undo } from "../undo.js";
import { stationMac } from "./address-mac.js";
import { type EndpointNetwork, Endpoints } from "./endpoints.js";
import { DEFAULT_MTU, MIN_IPV6_MTU } from "./mtu.js";
import type { CommonSpec, Network, OpenNetwork, Reach } from "./network.js";
import { RemadeDevice } from "./remade-device.js";
import type { Site } from "./site.js";
import type { Subnet } from "./subnet.js";

/** The kernel puts the first free number in the place of `%d`. */
const ANY_NAME = "tsphost%d";

export interface BridgeSpec extends CommonSpec {
  kind: "bridge";
  /** Nothing is routed out of it or into it. */
  internal?: boolean;
  /** Whether endpoints reach each other; else only the gateway and beyond. Default: yes. */
  icc?: boolean;
  /** Whether what leaves gets an address of the host. Default: yes. */
  masquerade?: boolean;
  /** Whether endpoints may send from other addresses than their own. Default: no. */
  promiscuous?: boolean;
  /** Addresses that what leaves is given instead of the route's. */
  outside?: PerFamily<IpAddress> | undefined;
  /** Name of the host's device; may hold `%d`. */
  hostDevice?: string | undefined;
}

/** Throws TSP_ERR_NETWORK (conflict) when the host has addresses or routes in it. */
export const openBridge: OpenNetwork<BridgeSpec> = (site, number, spec) => openBridged(site, number, spec);

/** The same of what is a bridge as far as this host goes; `overlay`: and more than that. */
export function openBridged(
  site: Site,
  number: number,
  spec: Omit<BridgeSpec, "kind">,
  overlay?: Overlay,
  onEnd?: EndpointNetwork["onEnd"],
): Bridged {
  checkNetworkFamilies(spec.subnets, hostFamilies());
  const ours = spec.hostDevice !== undefined && site.taps.isKept(spec.hostDevice) ? spec.hostDevice : undefined;
  for (const { prefix } of eachFamily(spec.subnets)) {
    const overlap = site.host.overlap(prefix, ours);
    if (overlap !== null)
      throw new TsproxyError(
        "TSP_ERR_NETWORK",
        "conflict",
        `network ${formatPrefix(prefix)} overlaps the host's ${overlap}`,
        "use a network that the host does not know",
      );
  }
  return new Bridge(site, number, spec, overlay, onEnd);
}

export interface Bridged extends Network {
  /** Of the host's device, and of endpoints as `Endpoints.setMtu` says. */
  setMtu(mtu: number): void;
}

class Bridge implements Bridged {
  readonly subnets: PerFamily<Subnet>;
  mtu: number;
  readonly endpoints: Endpoints;
  /** Of the host's device; with `%d` until it is made for the first time. */
  private name: string;
  private readonly undo = new Undo();
  private readonly device: RemadeDevice;

  /** Makes the host's port, or throws with nothing left. */
  constructor(
    private readonly site: Site,
    readonly number: number,
    private readonly spec: Omit<BridgeSpec, "kind">,
    overlay: Overlay | undefined,
    onEnd: EndpointNetwork["onEnd"],
  ) {
    const { workers, host } = site;
    const subnets = eachFamily(spec.subnets);
    this.subnets = spec.subnets;
    this.mtu = spec.mtu ?? host.defaultLink()?.mtu ?? DEFAULT_MTU;
    if (spec.subnets.ipv6 !== undefined) this.checkIpv6(spec.subnets.ipv6);
    const isCarried = spec.promiscuous !== true && overlay?.encrypted !== true;
    this.name = spec.hostDevice ?? ANY_NAME;
    this.device = new RemadeDevice({
      what: () => `${this.name}: the device`,
      make: (undo, onGone) => this.openHostDevice(undo, onGone),
      onRemade: () => host.readAgain(), // what its owner had to say of it is lost
      onFailure: (error) => this.fail(error),
    });
    this.endpoints = new Endpoints(site, { number, mtu: this.mtu, subnets: spec.subnets, attach: spec.attach, isCarried, onEnd });
    this.undo.add("what the host's addresses are", () => host.refresh());
    try {
      workers.post({
        type: "add-network",
        network: number,
        subnets: subnets.map((subnet) => ({
          prefix: subnet.prefix,
          gateway: subnet.gateway,
          outside: ofFamily(spec.outside ?? {}, subnet.prefix.address.family) ?? null,
        })),
        flags:
          (spec.internal ? INTERNAL : 0) |
          (spec.icc === false ? NO_ICC : 0) |
          (spec.masquerade === false ? NO_MASQUERADE : 0) |
          (spec.promiscuous ? PROMISCUOUS : 0),
        overlay,
      });
      this.undo.add(`network ${subnets.map(({ prefix }) => formatPrefix(prefix)).join(",")}`, () =>
        workers.post({ type: "remove-network", network: number }),
      );
      this.undo.add("host's device", () => this.device.close());
      this.device.open();
      host.refresh(); // the gateway's address is the host's now
      this.watchOutside();
    } catch (error) {
      this.undo.runApart();
      throw error;
    }
  }

  reach(target: IpAddress): Reach | null {
    const { prefix, gateway } = ofFamily(this.subnets, target.family)!;
    return sameIp(target, gateway) ? null : { snatSource: gateway, network: prefix, own: this.number };
  }

  setMtu(mtu: number): void {
    this.mtu = mtu;
    const link = this.site.socket.link(this.hostDevice);
    if (link !== null) this.site.socket.setLink(link.index, { mtu });
    this.endpoints.setMtu(mtu);
  }

  private checkIpv6({ prefix }: Subnet): void {
    if (!this.site.host.ipv6) throw noIpv6("net.ipv6.conf of our devices cannot be written");
    if (this.mtu >= MIN_IPV6_MTU) return;
    const hint = `give --mtu ${MIN_IPV6_MTU} or more`;
    throw new TsproxyError(
      "TSP_ERR_NETWORK",
      "invalid",
      `network ${formatPrefix(prefix)}: an MTU of ${this.mtu} is too small for IPv6`,
      hint,
    );
  }

  get hostDevice(): string {
    return this.name;
  }

  async close(): Promise<void> {
    this.device.letGo();
    await this.endpoints.close();
    await this.undo.run();
  }

  /** Says when what leaves would get an address that nobody answers to. */
  private watchOutside(): void {
    for (const outside of eachFamily(this.spec.outside ?? {})) this.watchAddress(outside);
  }

  private watchAddress(outside: IpAddress): void {
    const { prefix } = ofFamily(this.subnets, outside.family)!;
    const { host } = this.site;
    let there = true;
    const look = (): void => {
      const before = there;
      there = host.has(outside);
      const what = `network ${formatPrefix(prefix)}: ${formatIp(outside)}, which what leaves it is given,`;
      if (before && !there) log.warn(`${what} is no address of this host: nothing comes back`);
      if (!before && there) log.warn(`${what} is an address of this host again`);
    };
    this.undo.add("watch of the host's addresses", host.onChange(look));
    look();
  }

  /** Without the host's device nobody reaches the host, nor the host the endpoints. */
  private fail(error: Error): void {
    const message = `${this.name}: the device was deleted by somebody else, and cannot be made again: ${error.message}`;
    this.site.fail(new TsproxyError("TSP_ERR_NO_DEVICE", "not-found", message, "start tsproxy again", error));
  }

  private openHostDevice(undo: Undo, onGone: () => void): void {
    const { socket, taps } = this.site;
    const { hostDevice = ANY_NAME } = this.spec;
    const hasPattern = hostDevice.includes("%");
    if (hasPattern && socket.link(this.name) !== null) this.name = hostDevice; // somebody has got the name while the device was away
    const isNew = !taps.isKept(this.name);
    const tap = taps.open({ name: this.name, keepAs: hasPattern ? undefined : this.name }, undo);
    this.name = tap.name;
    settingUp(
      tap.name,
      () => socket.link(tap.name) !== null,
      () => this.setUpHostDevice(tap, isNew, undo, onGone),
    );
  }

  private setUpHostDevice(tap: Tap, isNew: boolean, undo: Undo, onGone: () => void): void {
    const { socket, host, taps, guard } = this.site;
    const { internal = false, subnets } = this.spec;
    const gateways = perFamily(eachFamily(subnets).map(({ gateway }) => gateway));
    const { index } = linkThere(socket, tap.name);
    const ipv4Conf = hostDeviceConf(internal);
    const ipv6Conf = subnets.ipv6 === undefined ? undefined : hostDeviceIpv6Conf(internal);
    const own = eachFamily(subnets).map(({ gateway, prefix }) => ({ address: gateway, prefixLength: prefix.prefixLength }));
    host.own(index, { ipv4: ipv4Conf, ipv6: ipv6Conf, addresses: own }, onGone);
    undo.add("own device", () => host.disown(index));
    undo.add("guard", guard.attach(index, internal));
    if (ipv6Conf === undefined) closeToIpv6(tap.name);
    const mac = stationMac(gateways);
    // A link-local address is what the host finds its neighbors with (RFC 4861 §7.2.2): the one that comes of the MAC.
    const addrGenMode = ipv6Conf === undefined ? "none" : "eui64";
    socket.setLink(index, { mac: macText(mac), mtu: this.mtu, txQueueLen: ORDER_QUEUE, addrGenMode, ipv4Conf });
    if (ipv6Conf !== undefined && !setIpv6Conf(tap.name, ipv6Conf)) throw noIpv6(`net.ipv6.conf of ${tap.name} cannot be written`);
    const addresses = eachFamily(gateways);
    taps.attach(tap, { kind: "host", name: tap.name, mac, addresses, network: this.number, device: index }, undo, onGone);
    if (isNew) for (const { address, prefixLength } of own) socket.addAddress(index, formatIp(address), prefixLength);
    socket.setLink(index, { up: true });
  }
}

function noIpv6(why: string): TsproxyError {
  const hint = "mount /proc/sys writable, or give an IPv4 subnet alone";
  return new TsproxyError("TSP_ERR_NETWORK", "unavailable", `no network with an IPv6 subnet can be made: ${why}`, hint);
}
