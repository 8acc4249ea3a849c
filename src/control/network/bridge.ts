/**
 * The kind `bridge`: a bridge in userspace. The host gets a TAP with the gateway's address, which ends with its descriptors, so also with a
 * killed process; what leaves the network is masqueraded, unless told otherwise.
 */
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import { INTERNAL, NO_ICC, NO_MASQUERADE, PROMISCUOUS } from "../../table/networks.js";
import { macText } from "../../wire/ethernet.js";
import { ofIpv4, prefixOf } from "../../wire/ip-address.js";
import { type Cidr, formatCidr, formatIpv4 } from "../../wire/ipv4-address.js";
import { closeToIpv6, hostDeviceConf } from "../device-conf.js";
import { Undo } from "../undo.js";
import { addressMac } from "./address-mac.js";
import { Endpoints } from "./endpoints.js";
import { DEFAULT_MTU } from "./mtu.js";
import type { CommonSpec, Network, OpenNetwork, Reach } from "./network.js";
import type { Site } from "./site.js";

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
  /** int32, host order: address that what leaves is given instead of the route's. */
  outside?: number | undefined;
  /** Name of the host's device; may hold `%d`. */
  hostDevice?: string | undefined;
}

/** Throws TSP_ERR_NETWORK (conflict) when the host has addresses or routes in it. */
export const openBridge: OpenNetwork<BridgeSpec> = (site, number, spec) => {
  const overlap = site.host.overlap(spec.cidr.address, spec.cidr.prefixLength);
  if (overlap !== null)
    throw new TsproxyError(
      "TSP_ERR_NETWORK",
      "conflict",
      `network ${formatCidr(spec.cidr)} overlaps the host's ${overlap}`,
      "use a network that the host does not know",
    );
  return new Bridge(site, number, spec);
};

class Bridge implements Network {
  readonly cidr: Cidr;
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
    const { cidr, gateway } = spec;
    this.cidr = cidr;
    this.mtu = spec.mtu ?? host.defaultLink()?.mtu ?? DEFAULT_MTU;
    this.endpoints = new Endpoints(site, { number, mtu: this.mtu, prefixLength: cidr.prefixLength, gateway });
    this.undo.add("what the host's addresses are", () => host.refresh());
    try {
      workers.post({
        type: "add-network",
        network: number,
        subnets: [
          {
            prefix: prefixOf(ofIpv4(cidr.address), cidr.prefixLength),
            gateway: ofIpv4(gateway),
            outside: spec.outside === undefined ? null : ofIpv4(spec.outside),
          },
        ],
        flags:
          (spec.internal ? INTERNAL : 0) |
          (spec.icc === false ? NO_ICC : 0) |
          (spec.masquerade === false ? NO_MASQUERADE : 0) |
          (spec.promiscuous ? PROMISCUOUS : 0),
      });
      this.undo.add(`network ${formatCidr(cidr)}`, () => workers.post({ type: "remove-network", network: number }));
      this.hostDevice = this.openHostDevice();
      host.refresh(); // the gateway's address is the host's now
      this.watchOutside();
    } catch (error) {
      void this.undo.run();
      throw error;
    }
  }

  reach(target: number): Reach | null {
    const { cidr, gateway } = this.spec;
    if (target === gateway) return null;
    return { snatSource: gateway, network: cidr.address, prefixLength: cidr.prefixLength, own: this.number };
  }

  async close(): Promise<void> {
    await this.endpoints.close();
    await this.undo.run();
  }

  /** Says when what leaves would get an address that nobody answers to. */
  private watchOutside(): void {
    const { outside, cidr } = this.spec;
    const { host } = this.site;
    if (outside === undefined) return;
    let there = true;
    const look = (): void => {
      const before = there;
      there = host.has(outside);
      const what = `network ${formatCidr(cidr)}: ${formatIpv4(outside)}, which what leaves it is given,`;
      if (before && !there) log.warn(`${what} is no address of this host: nothing comes back`);
      if (!before && there) log.warn(`${what} is an address of this host again`);
    };
    this.undo.add("watch of the host's addresses", host.onChange(look));
    look();
  }

  /** Answers its name. */
  private openHostDevice(): string {
    const { socket, host, taps, guard } = this.site;
    const { gateway, cidr, hostDevice = "tsphost%d", internal = false } = this.spec;
    const tap = taps.open({ name: hostDevice }, this.undo);
    const { index } = socket.link(tap.name)!;
    const ipv4Conf = hostDeviceConf(internal);
    host.own(index, ipv4Conf);
    this.undo.add("own device", () => host.disown(index));
    this.undo.add("guard", guard.attach(index, internal));
    closeToIpv6(tap.name);
    const mac = addressMac(gateway);
    socket.setLink(index, { mac: macText(mac), mtu: this.mtu, addrGenMode: "none", ipv4Conf });
    taps.attach(tap, { kind: "host", name: tap.name, mac, addresses: [ofIpv4(gateway)], network: this.number, device: index }, this.undo);
    socket.addAddress(index, formatIpv4(gateway), cidr.prefixLength);
    socket.setLink(index, { up: true });
    return tap.name;
  }
}
