/**
 * The kind `macvlan`: endpoints stand on the LAN of one of the host's devices, the parent, or of a VLAN there, as behind the kernel's macvlan or ipvlan. Unlike
 * there the host and they reach each other, and their ports can be published. Networks with the same parent share its LAN.
 */
import { TsproxyError } from "../../errors.js";
import { hostFamilies } from "../../sys/host-families.js";
import { type IpAddress, prefixContains, prefixOf } from "../../wire/ip-address.js";
import { ofFamily } from "../../wire/per-family.js";
import { checkNetworkFamilies } from "../families.js";
import { Undo } from "../undo.js";
import { Endpoints } from "./endpoints.js";
import type { LanMode, LanSegment } from "./lan-segment.js";
import type { CommonSpec, Network, OpenNetwork, Reach } from "./network.js";
import type { Site } from "./site.js";

export interface MacvlanSpec extends CommonSpec {
  kind: "macvlan";
  /** The host's device on the LAN; `DEVICE.VLAN` if there is no device of that name: that VLAN of it, 1..4094. */
  parent: string;
  /** Default: bridge. */
  mode?: LanMode;
  /** Whether endpoints may send from other addresses than their own. Default: no. */
  promiscuous?: boolean;
  /** The parent may come later. Default: it must be there. */
  awaitsParent?: boolean;
}

/** Throws TSP_ERR_NETWORK as `Lans.parent` and `Lans.join`; invalid: an MTU above the parent's. */
export const openMacvlan: OpenNetwork<MacvlanSpec> = (site, number, spec) => new Macvlan(site, number, spec);

class Macvlan implements Network {
  readonly subnets: Network["subnets"];
  readonly mtu: number;
  readonly endpoints: Endpoints;
  private readonly lan: LanSegment;
  private readonly undo = new Undo();

  constructor(
    private readonly site: Site,
    readonly number: number,
    private readonly spec: MacvlanSpec,
  ) {
    const { parent, mode = "bridge", promiscuous = false, subnets, awaitsParent = false } = spec;
    const sort = { mode, promiscuous };
    checkNetworkFamilies(subnets, hostFamilies());
    this.subnets = subnets;
    if (!awaitsParent) this.checkMtu(site.lans.parent(parent, sort).link.mtu);
    try {
      this.lan = site.lans.join({ network: number, parent, sort, who: `network on ${parent}`, awaitsParent }, this.undo);
    } catch (error) {
      this.undo.runApart();
      throw error;
    }
    this.mtu = spec.mtu ?? this.lan.mtu;
    this.endpoints = new Endpoints(site, {
      number: this.lan.network,
      mtu: this.mtu,
      subnets,
      attach: spec.attach,
      isCarried: !promiscuous && mode !== "vepa" && mode !== "passthru",
      onStation: (station) => this.lan.addStation(station),
    });
  }

  get hostDevice(): string {
    return this.lan.hostDevice;
  }

  /** Throws TSP_ERR_NETWORK (unavailable): its parent has to say. */
  get endpointMac(): Uint8Array | undefined {
    const { mode, parent } = this.spec;
    if (mode !== "passthru") return undefined;
    if (this.lan.mac === undefined)
      throw new TsproxyError("TSP_ERR_NETWORK", "unavailable", `its parent interface ${parent} is not there`, "see 'ip link'");
    return this.lan.mac;
  }

  /** We are an endpoint's only door, so whoever its client is, it answers through us. */
  reach(target: IpAddress): Reach | null {
    const { prefix, gateway } = ofFamily(this.subnets, target.family)!;
    const own = (this.site.host.addressesOn(this.spec.parent) ?? []).filter(({ family }) => family === target.family);
    const snatSource = own.find((address) => prefixContains(prefix, address)) ?? own[0] ?? gateway;
    const nobody: IpAddress = { family: target.family, value: 0n };
    return { snatSource, network: prefixOf(nobody, target.family === 4 ? 32 : 128), own: this.lan.network };
  }

  async close(): Promise<void> {
    await this.endpoints.close();
    await this.undo.run();
  }

  private checkMtu(most: number): void {
    const { mtu, parent } = this.spec;
    if (mtu === undefined || mtu <= most) return;
    throw new TsproxyError("TSP_ERR_NETWORK", "invalid", `an MTU of ${mtu} is above that of ${parent}`, `give ${most} or less`);
  }
}
