/** Networks and endpoints as they are now: a record, and what there is of it in the dataplane. */
import { closeSync } from "node:fs";
import type { Mapping, PortSpec } from "../control/mapping.js";
import type { AttachKind } from "../control/network/attach.js";
import type { Device, DeviceSpec, Link, LinkPorts } from "../control/network/endpoints.js";
import type { Dismissed } from "../control/network/live-device.js";
import type { Publication } from "../control/publisher.js";
import { isDeleted } from "../sys/setting-up.js";
import { parseMac } from "../wire/ethernet.js";
import type { IpAddress } from "../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../wire/per-family.js";
import { endpointError, networkError } from "./checks.js";
import type { Found, HostDevices, MadeNetwork, Mechanism } from "./mechanism.js";
import { type EndpointRecord, endpointWord, type NetworkRecord, networkWord } from "./records.js";

export class LiveNetwork {
  private made: MadeNetwork | undefined;

  constructor(
    /** As it was committed. */
    public record: NetworkRecord,
    private readonly mechanism: Mechanism,
    /** This node's addresses for networks of several nodes. */
    private readonly tunnel: PerFamily<IpAddress>,
    /** It was made by an earlier process: what it needs of the host may come later than we do. */
    private readonly isFormer = false,
  ) {}

  /** Undefined when it could not be made again after a restart. */
  get inDataplane(): MadeNetwork | undefined {
    return this.made;
  }

  /** Makes it if it is not there. */
  make(): MadeNetwork {
    const { id, subnets, options, overlay, lan } = this.record;
    if (overlay !== undefined && eachFamily(this.tunnel).length === 0)
      throw networkError("unavailable", `network ${networkWord(this.record)} is of a cluster`, "start the daemon with --store");
    // Said twice, so that a record that has lost the one is not taken for one in plain text.
    if (overlay !== undefined && overlay.encrypted !== true && this.record.about?.options.encrypted !== undefined)
      throw networkError(
        "unavailable",
        `network ${networkWord(this.record)} was made encrypted, and its record does not say so any more`,
        "remove it, and make it anew",
      );
    if (lan !== undefined) {
      const { parent, mode = options.icc ? "bridge" : "private" } = lan;
      const place = { parent, mode, promiscuous: options.promiscuous ?? false, awaitsParent: this.isFormer } as const;
      this.made ??= this.mechanism.networks.add({ kind: "macvlan", ...place, subnets, mtu: options.mtu, attach: options.attach });
      return this.made;
    }
    if (this.made !== undefined) return this.made;
    this.made = this.mechanism.networks.add({
      ...(overlay === undefined
        ? { kind: "bridge" }
        : { kind: "overlay", vni: overlay.vni, encrypted: overlay.encrypted, local: this.tunnel }),
      subnets,
      mtu: options.mtu,
      internal: options.internal,
      icc: options.icc,
      masquerade: options.masquerade,
      promiscuous: options.promiscuous ?? false,
      attach: options.attach,
      outside: options.outside,
      hostDevice: options.hostDevice ?? `tsn${id.slice(0, 12)}`,
    });
    if (overlay?.own !== undefined) this.tellOwn();
    return this.made;
  }

  /** What the record says this node has in it for itself. */
  tellOwn(): void {
    const own = this.record.overlay?.own;
    this.made?.remotes?.setOwn(own && { mac: parseMac(own.mac)!, addresses: own.addresses });
  }

  async remove(): Promise<void> {
    const { made } = this;
    this.made = undefined;
    if (made !== undefined) await this.mechanism.networks.remove(made);
  }
}

export class LiveEndpoint {
  private device: Device | undefined;
  private notTakenUp: Error | undefined;
  private publications: Publication[] = [];
  /** With others of its network, from it and to it. */
  private readonly links = new Set<Link>();

  constructor(
    /** As it was committed. */
    public record: EndpointRecord,
    readonly network: LiveNetwork,
    private readonly mechanism: Mechanism,
    private readonly host: HostDevices,
  ) {}

  /** Nothing comes from it, or goes to it: its device ended, with its sandbox or since somebody has deleted it; or there is a `failure`. */
  get gone(): boolean {
    return this.device === undefined;
  }

  /** Why its device, which an earlier process made, is not in use: it could not be taken up. */
  get failure(): Error | undefined {
    return this.notTakenUp;
  }

  /** Its address is its own as long as there is one, in use or not. */
  get hasDevice(): boolean {
    return !this.gone || this.failure !== undefined;
  }

  /** Throws TSP_ERR_ENDPOINT (conflict). */
  checkInUse(): void {
    const { failure } = this;
    const what = `the device of endpoint ${endpointWord(this.record)}`;
    if (failure !== undefined) throw endpointError("conflict", `${what} could not be taken up again: ${failure.message}`, "make it anew");
    if (this.gone) throw endpointError("conflict", `${what} is gone`);
  }

  get mappings(): Mapping[] {
    return this.publications.flatMap(({ mappings }) => mappings);
  }

  /** Makes its device, in the host's namespace or in `place`. */
  make(onGone: () => void, place = { name: this.record.device, nsFd: -1 }): void {
    this.attach(place, onGone);
  }

  /** Takes its device up where an earlier process left it, or has a `failure`. False: it has ended. */
  takeUp(onGone: () => void): boolean {
    try {
      const found = this.host.find(this.record);
      if (found === null) return false;
      this.attachFound(found, onGone);
    } catch (error) {
      if (isDeleted(error)) return false;
      this.notTakenUp = error as Error;
    }
    return true;
  }

  /** All of these ports, or none of them. */
  async publish(specs: readonly PortSpec[]): Promise<void> {
    const published: Publication[] = [];
    try {
      for (const spec of specs) published.push(this.mechanism.publisher.publish(spec));
    } catch (error) {
      for (const publication of published.reverse()) await publication.close();
      throw error;
    }
    this.publications.push(...published);
  }

  async withdraw(): Promise<void> {
    for (const publication of this.publications.splice(0).reverse()) await publication.close();
  }

  /** Opens ports of another endpoint of its network for it, as long as both are there. */
  link(server: LiveEndpoint, ports: readonly LinkPorts[]): Link {
    const made = this.network.make().endpoints.link(this.record.addresses, server.record.addresses, ports);
    const link = {
      close: (): void => {
        this.links.delete(link);
        server.links.delete(link);
        made.close();
      },
    };
    this.links.add(link);
    server.links.add(link);
    return link;
  }

  /** It is gone from now on. `wait`: until its device is no longer to be seen; else that is told. */
  async end({ wait = true } = {}): Promise<Dismissed> {
    for (const link of this.links) link.close();
    await this.withdraw();
    const { device } = this;
    [this.device, this.notTakenUp] = [undefined, undefined];
    const dismissed = wait ? await device?.remove() : await device?.dismiss();
    return dismissed ?? { gone: Promise.resolve() };
  }

  /** Ends it, and removes what may be left of its device in the host's namespace. */
  async remove({ wait = true } = {}): Promise<Dismissed> {
    const { gone } = this;
    const dismissed = await this.end({ wait });
    if (gone) this.host.remove(this.record);
    return dismissed;
  }

  private attachFound(found: Found, onGone: () => void): void {
    try {
      this.attach({ ...found, existing: { multiQueue: this.record.multiQueue } }, onGone);
    } finally {
      if (found.nsFd !== -1) closeSync(found.nsFd);
    }
  }

  private attach(where: Pick<DeviceSpec, "name" | "nsFd" | "existing">, onGone: () => void): void {
    const { addresses, mac, bandwidth } = this.record;
    const attach: AttachKind = this.record.attach ?? "tap";
    const spec = { ...where, attach, keepAs: this.record.device, addresses, mac: parseMac(mac)!, bandwidth, onGone };
    this.device = this.network.make().endpoints.addDevice(spec);
  }
}
