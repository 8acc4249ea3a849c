/**
 * The kind `bridge`: a bridge in userspace. The host gets a TAP with the gateway's address, which ends with its descriptors, so also with a
 * killed process; what leaves the network is masqueraded, unless told otherwise.
 */
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import { hostFamilies } from "../../sys/host-families.js";
import { INTERNAL, NO_ICC, NO_MASQUERADE, PROMISCUOUS } from "../../table/networks.js";
import { macText } from "../../wire/ethernet.js";
import { formatIp, formatPrefix, type IpAddress, sameIp } from "../../wire/ip-address.js";
import { eachFamily, ofFamily, type PerFamily } from "../../wire/per-family.js";
import { closeToIpv6, hostDeviceConf } from "../device-conf.js";
import { checkNetworkFamilies } from "../families.js";
import { Undo } from "../undo.js";
import { addressMac } from "./address-mac.js";
import { Endpoints } from "./endpoints.js";
import { DEFAULT_MTU } from "./mtu.js";
import type { CommonSpec, Network, OpenNetwork, Reach } from "./network.js";
import type { Site } from "./site.js";
import type { Subnet } from "./subnet.js";

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
export const openBridge: OpenNetwork<BridgeSpec> = (site, number, spec) => {
  checkNetworkFamilies(spec.subnets, hostFamilies());
  for (const { prefix } of eachFamily(spec.subnets)) {
    const overlap = site.host.overlap(prefix);
    if (overlap !== null)
      throw new TsproxyError(
        "TSP_ERR_NETWORK",
        "conflict",
        `network ${formatPrefix(prefix)} overlaps the host's ${overlap}`,
        "use a network that the host does not know",
      );
  }
  return new Bridge(site, number, spec);
};

class Bridge implements Network {
  readonly subnets: PerFamily<Subnet>;
  readonly mtu: number;
  readonly hostDevice: string;
  readonly endpoints: Endpoints;
  private readonly undo = new Undo();

  /** Makes the host's port, or throws with nothing left. */
  constructor(
    private readonly site: Site,
    readonly number: number,
    private readonly spec: BridgeSpec,
  ) {
    const { workers, host } = site;
    const { prefix, gateway } = onlyIpv4(spec);
    this.subnets = spec.subnets;
    this.mtu = spec.mtu ?? host.defaultLink()?.mtu ?? DEFAULT_MTU;
    this.endpoints = new Endpoints(site, { number, mtu: this.mtu, subnets: spec.subnets });
    this.undo.add("what the host's addresses are", () => host.refresh());
    try {
      workers.post({
        type: "add-network",
        network: number,
        subnets: [{ prefix, gateway, outside: spec.outside?.ipv4 ?? null }],
        flags:
          (spec.internal ? INTERNAL : 0) |
          (spec.icc === false ? NO_ICC : 0) |
          (spec.masquerade === false ? NO_MASQUERADE : 0) |
          (spec.promiscuous ? PROMISCUOUS : 0),
      });
      this.undo.add(`network ${formatPrefix(prefix)}`, () => workers.post({ type: "remove-network", network: number }));
      this.hostDevice = this.openHostDevice();
      host.refresh(); // the gateway's address is the host's now
      this.watchOutside();
    } catch (error) {
      void this.undo.run();
      throw error;
    }
  }

  reach(target: IpAddress): Reach | null {
    const { prefix, gateway } = ofFamily(this.subnets, target.family)!;
    return sameIp(target, gateway) ? null : { snatSource: gateway, network: prefix, own: this.number };
  }

  async close(): Promise<void> {
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

  /** Answers its name. */
  private openHostDevice(): string {
    const { socket, host, taps, guard } = this.site;
    const { hostDevice = "tsphost%d", internal = false } = this.spec;
    const { prefix, gateway } = onlyIpv4(this.spec);
    const tap = taps.open({ name: hostDevice }, this.undo);
    const { index } = socket.link(tap.name)!;
    const ipv4Conf = hostDeviceConf(internal);
    host.own(index, ipv4Conf);
    this.undo.add("own device", () => host.disown(index));
    this.undo.add("guard", guard.attach(index, internal));
    closeToIpv6(tap.name);
    const mac = addressMac(gateway);
    socket.setLink(index, { mac: macText(mac), mtu: this.mtu, addrGenMode: "none", ipv4Conf });
    taps.attach(tap, { kind: "host", name: tap.name, mac, addresses: [gateway], network: this.number, device: index }, this.undo);
    socket.addAddress(index, formatIp(gateway), prefix.prefixLength);
    socket.setLink(index, { up: true });
    return tap.name;
  }
}

/** The engine carries IPv4 alone. */
function onlyIpv4({ subnets: { ipv4, ipv6 } }: BridgeSpec): Subnet {
  if (ipv4 !== undefined && ipv6 === undefined) return ipv4;
  throw new TsproxyError("TSP_ERR_NETWORK", "unavailable", "networks with an IPv6 subnet are not there yet", "give an IPv4 subnet alone");
}
