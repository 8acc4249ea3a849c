/**
 * The endpoints of a network. Namespaces may be set up here (`namespaces.ts`). Who sets them up by himself, as a container engine does, is given a bare
 * device, in the host's namespace, from which he moves it, or in the one where it is to be; it outlives us, so that a container keeps its network while
 * tsproxy restarts. In either case the device may be a TAP or one end of a veth pair (`veth-pair.ts`).
 */
import type { Tap } from "../../device/tap.js";
import { TsproxyError } from "../../errors.js";
import type { LocalEnd } from "../../steer/stations.js";
import { native } from "../../sys/native.js";
import { RouteSocket } from "../../sys/rtnetlink.js";
import { linkThere, settingUp } from "../../sys/setting-up.js";
import type { Bandwidth } from "../../table/bandwidth.js";
import type { LinkPorts } from "../../table/links.js";
import { macText } from "../../wire/ethernet.js";
import { formatIp, type IpAddress } from "../../wire/ip-address.js";
import { eachFamily, ofFamily, type PerFamily } from "../../wire/per-family.js";
import { Undo } from "../undo.js";
import { type AttachKind, type AttachWord, attachKind } from "./attach.js";
import { ownerOfDevice } from "./endpoint-owner.js";
import { type Device, type Dismissed, type HandedOut, LiveDevice } from "./live-device.js";
import { type EndpointSpec, Namespaces, type Station } from "./namespaces.js";
import type { Site } from "./site.js";
import type { Subnet } from "./subnet.js";
import { isTapThere } from "./tap-ports.js";
import { openVeth } from "./veth-pair.js";

export type { Device, LinkPorts };

export interface DeviceSpec {
  /** In namespace `nsFd` (-1: the host's). */
  name: string;
  nsFd: number;
  addresses: PerFamily<IpAddress>;
  mac: Uint8Array;
  bandwidth?: Bandwidth | undefined;
  /** Name under which it is kept while the process is restarted. */
  keepAs?: string;
  attach: AttachKind;
  /** It is there already, from an earlier process. */
  existing?: { multiQueue: boolean } | undefined;
  /** It ended, with the namespace that it was in. */
  onGone(): void;
}

/** What one endpoint may reach of another. */
export interface Link {
  /** Takes it back; once more does nothing. */
  close(): void;
}

/** What an endpoint must know of its network. */
export interface EndpointNetwork {
  readonly number: number;
  /** `setMtu` changes it. */
  readonly mtu: number;
  readonly subnets: PerFamily<Subnet>;
  /** How new devices hang on it. Undefined: auto. */
  readonly attach?: AttachWord | undefined;
  /** Whether anything of what its endpoints send may be carried by the kernel. */
  readonly isCarried: boolean;
  /** Is told of each endpoint, and answers what to do when it goes. */
  readonly onStation?: (station: Pick<Station, "mac" | "addresses" | "end">) => () => void;
  /** The same of each; `end`: of one on a veth pair, the interface index of its end in the host's namespace. */
  readonly onEnd?: ((station: Pick<DeviceSpec, "mac" | "addresses" | "bandwidth">, end?: number) => LocalEnd) | undefined;
}

export class Endpoints {
  private mtu: number;
  private readonly namespaces: Namespaces;
  private readonly devices = new Set<LiveDevice>();
  private readonly links = new Set<Link>();

  constructor(
    private readonly site: Site,
    private readonly network: EndpointNetwork,
  ) {
    this.mtu = network.mtu;
    this.namespaces = new Namespaces(site, network, {
      attach: () => this.attach,
      mtu: () => this.mtu,
      join: (tap, station, undo) => this.join(tap, station, undo),
    });
  }

  /** What devices are that are made now: what the kernel carries may be known only after the network was made. */
  get attach(): AttachKind {
    return attachKind(this.network.attach, () => this.network.isCarried && this.site.taps.carriesInside && this.site.veths.has);
  }

  /** Of devices in namespaces at once; of one that was handed out whoever has it knows its place. */
  setMtu(mtu: number): void {
    this.mtu = mtu;
    this.namespaces.setMtu(mtu);
  }

  /** Whether devices that are made now serve several workers. */
  get multiQueue(): boolean {
    return this.site.workers.count > 1;
  }

  /** Puts the namespace into the network; on failure nothing is left of it. */
  add(spec: EndpointSpec): void {
    this.namespaces.add(spec);
  }

  /**
   * Makes a device that outlives us, with MAC and MTU, or takes up one again; whoever asks does the rest. On failure no new device is left.
   */
  addDevice(spec: DeviceSpec): Device {
    const { workers } = this.site;
    if (spec.attach === "tap" && spec.existing?.multiQueue === false && workers.count > 1)
      throw new TsproxyError(
        "TSP_ERR_ENDPOINT",
        "conflict",
        `device '${spec.name}' was made for one worker`,
        "restart its container, or run with --workers 1",
      );
    const [device, port] = [new Undo(), new Undo()];
    try {
      const onGone = once(spec.onGone);
      const { tap, end, isThere, setLasting } =
        spec.attach === "veth" ? openVeth(this.site, { ...spec, mtu: this.mtu }, device, onGone) : this.openTap(spec, device);
      settingUp(spec.name, isThere, () => {
        this.join(tap, { ...spec, end, owner: ownerOfDevice(spec.keepAs), onGone }, port);
        setLasting(true);
      });
      const live = new LiveDevice(setLasting, device, port);
      this.devices.add(live);
      const dismiss = async (): Promise<Dismissed> => {
        if (!this.devices.has(live)) return { gone: Promise.resolve() };
        const { gone } = await live.dismiss();
        return { gone: gone.then(() => void this.devices.delete(live)) };
      };
      return { remove: async () => (await dismiss()).gone, dismiss };
    } catch (error) {
      port.runApart(() => device.run());
      throw error;
    }
  }

  /**
   * Lets `client` reach those ports of `server`, both endpoints here, where endpoints do not reach each other. At most one link from one to the
   * other; it is to be closed before one of the addresses becomes another's.
   */
  link(client: PerFamily<IpAddress>, server: PerFamily<IpAddress>, ports: readonly LinkPorts[]): Link {
    const pairs = eachFamily(client).flatMap((from) => {
      const to = ofFamily(server, from.family);
      return to === undefined ? [] : [{ client: from, server: to }];
    });
    const say = (what: readonly LinkPorts[]): void => {
      for (const pair of pairs) this.site.workers.post({ type: "link", ...pair, ports: what });
    };
    say(ports);
    const link = {
      close: (): void => {
        if (this.links.delete(link)) say([]);
      },
    };
    this.links.add(link);
    return link;
  }

  /** Devices that were handed out stay, without us. */
  async close(): Promise<void> {
    for (const link of this.links) link.close();
    await Promise.all([...this.devices].map((device) => device.close()));
    this.devices.clear();
    await this.namespaces.close();
  }

  private openTap(spec: DeviceSpec, undo: Undo): HandedOut {
    const tap = this.site.taps.open(spec, undo);
    const isThere = isTapThere(tap);
    if (spec.existing === undefined) settingUp(spec.name, isThere, () => this.prepare(tap.name, spec));
    const setLasting = (on: boolean): void => {
      try {
        native.tapPersist(tap.fds[0]!, on ? 1 : 0);
      } catch (error) {
        if (on) throw error; // else EBADFD: it ended with its namespace
      }
    };
    return { tap, isThere, setLasting };
  }

  private prepare(name: string, { nsFd, mac }: DeviceSpec): void {
    const socket = nsFd === -1 ? this.site.socket : new RouteSocket(nsFd);
    try {
      socket.setLink(linkThere(socket, name).index, { mac: macText(mac), mtu: this.mtu });
    } finally {
      if (nsFd !== -1) socket.close();
    }
  }

  private join(tap: Tap, spec: Station, undo: Undo): void {
    const { name, mac, bandwidth, end, owner, onGone } = spec;
    const addresses = eachFamily(spec.addresses);
    const { onStation, onEnd, number } = this.network;
    let local: LocalEnd | undefined;
    const carried = end === undefined || onEnd === undefined ? undefined : () => local?.carried();
    const address = addresses.map(formatIp).join(",");
    const port = { kind: "endpoint", name, address, mac, addresses, bandwidth, carried, device: end, owner } as const;
    if (onStation !== undefined) undo.add(`station ${macText(mac)}`, onStation({ mac, addresses: spec.addresses, end }));
    this.site.taps.attach(tap, { ...port, network: number }, undo, onGone);
    if (onEnd === undefined) return;
    local = onEnd(spec, end);
    undo.add(`what is carried of ${name}`, () => local?.close()); // the first thing that ends
  }
}

/** Of a pair each device may say so. */
function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}
