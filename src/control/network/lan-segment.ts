/**
 * A LAN on which endpoints stand, that is a device of the host or one VLAN there: a TAP of the engine's beside the device, the parent, with programs between both
 * (`steer/lan-programs.ts`), and in the engine one bridge for all networks that are on it. All that is put on the parent ends with the process's descriptors, so
 * also with a killed process. A parent may go away and come back, and need not be there at the start; a TAP that somebody deletes is made again.
 */
import { createHash } from "node:crypto";
import { closeSync } from "node:fs";
import { log } from "../../log.js";
import {
  hasHost,
  type LanMapFds,
  type LanWire,
  lanHostProgram,
  lanInProgram,
  lanOutProgram,
  OURS,
  PARENT,
} from "../../steer/lan-programs.js";
import type { Steering } from "../../steer/steering.js";
import * as bpf from "../../sys/bpf.js";
import { native, systemError } from "../../sys/native.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import type { Link } from "../../sys/rtnetlink-entries.js";
import { NO_ICC, ONE_MAC, PASSTHRU, PROMISCUOUS, VEPA } from "../../table/networks.js";
import { macText, parseMac } from "../../wire/ethernet.js";
import { type IpAddress, linkLocalOf, toBytes } from "../../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../../wire/per-family.js";
import { closeToIpv6 } from "../device-conf.js";
import type { Host } from "../host.js";
import { Undo } from "../undo.js";
import type { Workers } from "../workers.js";
import { findParent, parentError } from "./lan-parent.js";
import { DEFAULT_MTU } from "./mtu.js";
import type { NetworkNumbers } from "./network-numbers.js";
import type { TapPorts } from "./tap-ports.js";

/** The kernel's macvlan's modes, and its ipvlan's mode l2. */
export type LanMode = "bridge" | "private" | "vepa" | "passthru" | "ipvlan";

const MODES = {
  bridge: { way: "mac", flags: 0 },
  private: { way: "mac", flags: NO_ICC },
  vepa: { way: "outside", flags: VEPA },
  passthru: { way: "all", flags: PASSTHRU },
  ipvlan: { way: "address", flags: ONE_MAC },
} as const;
const MAX_STATIONS = 4096,
  QUEUE = 2000;
const DEVICE = "tsplan%d";
const NO_MAC = new Uint8Array(6);

/** Of all networks on it. */
export interface LanSort {
  mode: LanMode;
  /** Endpoints may send from other addresses than their own. */
  promiscuous: boolean;
}

export interface LanSite {
  readonly socket: RouteSocket;
  readonly workers: Workers;
  readonly networkNumbers: NetworkNumbers;
  readonly host: Host;
  readonly steering: Steering;
  readonly taps: TapPorts;
}

/** What an endpoint is known by. */
export interface LanStation {
  mac: Uint8Array;
  addresses: PerFamily<IpAddress>;
}

export class LanSegment {
  /** Networks on it. */
  uses = 0;
  private readonly undo = new Undo();
  /** The TAP, its port, and `lan_out` on it. */
  private device = new Undo();
  /** 0: it is being made again. */
  private deviceIndex = 0;
  private deviceName = "";
  private attached: Attached | undefined;
  private wasMissing = false;
  private readonly maps: LanMapFds;
  private readonly stations = new Set<string>();
  private closed = false;

  /** `network`: number of the bridge in the engine, which it keeps. The parent may be missing. Throws TSP_ERR_NETWORK (unavailable) with nothing left. */
  constructor(
    private readonly site: LanSite,
    readonly network: number,
    readonly parent: string,
    readonly sort: LanSort,
    private readonly who: string,
  ) {
    const { workers, networkNumbers, host, steering } = site;
    const { undo } = this;
    networkNumbers.keep(network);
    undo.add("number of the network", () => networkNumbers.give(network));
    try {
      // Without subnets: the LAN's addresses are anybody's, not those of a network behind us.
      workers.post({ type: "add-network", network, subnets: [], flags: MODES[sort.mode].flags | (sort.promiscuous ? PROMISCUOUS : 0) });
      undo.add(`network on ${parent}`, () => workers.post({ type: "remove-network", network }));
      this.maps = {
        ...steering.maps,
        stations: this.map("tsproxy_station", bpf.MAP_HASH, 8, MAX_STATIONS),
        addresses: this.map("tsproxy_lanaddr", bpf.MAP_HASH, 16, 2 * MAX_STATIONS),
        parent: this.map("tsproxy_parent", bpf.MAP_ARRAY, 4, 1, 8),
      };
      undo.add("device on the LAN", () => this.device.run());
      undo.add("programs of the LAN", () => this.detach());
      this.openDevice();
      this.look({ must: true });
      undo.add(
        "watch of the parent",
        host.onChange(() => this.look()),
      );
    } catch (error) {
      void this.close();
      throw error;
    }
  }

  get hostDevice(): string {
    return this.deviceName;
  }

  /** Of the parent; undefined while there is none. */
  get mac(): Uint8Array | undefined {
    return this.attached === undefined ? undefined : parseMac(this.attached.mac)!;
  }

  /** Of the parent. */
  get mtu(): number {
    return this.attached?.mtu ?? DEFAULT_MTU;
  }

  /** What comes for that station is its network's; answers how to end that. Throws TSP_ERR_NETWORK (conflict). */
  addStation({ mac, addresses }: LanStation): () => void {
    const text = macText(mac);
    const { stations, maps, parent } = this;
    const { mode } = this.sort;
    const own = this.attached?.mac;
    if (mode === "passthru") {
      if (stations.size > 0)
        throw parentError("conflict", `${parent} has an endpoint already, and in mode passthru takes one`, "use mode bridge for several");
    } else if (text === own)
      // One key is one station's: the host would be cut off.
      throw parentError("conflict", `MAC address ${text} is that of the parent interface ${parent}`, "give another one, or none");
    if (stations.has(text))
      throw parentError("conflict", `MAC address ${text} is that of another endpoint on ${parent}`, "give another one");
    stations.add(text);
    const [map, keys] =
      mode === "ipvlan"
        ? [maps.addresses, [...eachFamily(addresses), linkLocalOf(mac)].map(addressKey)]
        : [maps.stations, text === own ? [] : [macKey(mac)]];
    const steps = new Steps();
    steps.add("station", () => stations.delete(text));
    try {
      for (const key of keys) {
        bpf.updateElement(map, key, word(OURS));
        steps.add("key of a station", () => bpf.deleteElement(map, key));
      }
    } catch (error) {
      steps.run();
      throw error;
    }
    return () => steps.run();
  }

  close(): Promise<void> {
    this.closed = true;
    return this.undo.run();
  }

  private map(name: string, type: number, keySize: number, maxEntries: number, valueSize = 4): number {
    const fd = bpf.createMap({ name, type, keySize, valueSize, maxEntries });
    this.undo.add(`map ${name}`, () => closeSync(fd));
    return fd;
  }

  private openDevice(): void {
    const { socket, taps } = this.site;
    const { device: undo, network, maps } = this;
    const tap = taps.open({ name: DEVICE, keepAs: keptAs(this.parent) }, undo);
    const { index } = socket.link(tap.name)!;
    [this.deviceIndex, this.deviceName] = [index, tap.name];
    socket.setLink(index, { mtu: this.mtu, txQueueLen: QUEUE, multicast: false, addrGenMode: "none" });
    closeToIpv6(tap.name);
    put("lan_out", lanOutProgram(maps, MODES[this.sort.mode].way), index, "ingress", undo);
    const port = { kind: "lan", name: tap.name, mac: this.mac ?? NO_MAC, addresses: [], network, device: index } as const;
    taps.attach(tap, port, undo, () => void this.remake(undo));
    socket.setLink(index, { up: true });
  }

  /** Somebody has deleted the TAP, without which nobody reaches anybody: so it is made again. */
  private async remake(gone: Undo): Promise<void> {
    if (gone !== this.device) return;
    log.warn(`${this.who}: ${this.deviceName} was deleted by somebody else; it is made again`);
    this.device = new Undo();
    this.deviceIndex = 0;
    this.detach(); // what is on the parent sends to the old device
    await gone.run();
    if (this.closed) return;
    try {
      this.openDevice();
      this.look();
    } catch (error) {
      log.warn(`${this.who}: its device cannot be made again: ${(error as Error).message}`);
      this.deviceIndex = 0;
      this.detach();
      await this.device.run();
    }
  }

  /** Takes up the parent as it is now. `must`: throws if it is there and cannot be used. */
  private look({ must = false } = {}): void {
    const { site, parent, who } = this;
    if (this.deviceIndex === 0) return; // it is being made again
    const now = findParent(parent, (name) => site.socket.link(name));
    const { attached } = this;
    if (now === null) {
      this.detach();
      if (!this.wasMissing) log.warn(`${who}: its parent interface ${parent} is ${attached === undefined ? "not there" : "gone"}`);
      this.wasMissing = true;
      return;
    }
    const { link, vlan } = now;
    if (attached?.index === link.index && attached.mac === link.mac && attached.vlan === vlan) {
      this.follow(link);
      return;
    }
    this.detach();
    try {
      this.attach(link, vlan);
    } catch (error) {
      if (must) throw error;
      log.warn(`${who}: its parent interface ${parent} cannot be used: ${(error as Error).message}`);
      return;
    }
    if (this.wasMissing) log.warn(`${who}: its parent interface ${parent} is there again`);
    this.wasMissing = false;
  }

  /** Its MTU may have changed. */
  private follow({ mtu }: Link): void {
    if (this.attached === undefined || this.attached.mtu === mtu) return;
    this.attached.mtu = mtu;
    this.site.socket.setLink(this.deviceIndex, { mtu });
  }

  /** Puts the programs on the parent, and has it take frames for stations. Throws with nothing left. */
  private attach({ index, mac, mtu }: Link, vlan: number): void {
    const { maps, deviceIndex, network } = this;
    const wire: LanWire = { way: MODES[this.sort.mode].way, vlan };
    const undo = new Steps();
    try {
      const own = macKey(parseMac(mac)!);
      bpf.updateElement(maps.stations, own, word(PARENT));
      undo.add("the parent's own MAC", () => bpf.deleteElement(maps.stations, own));
      put("lan_in", lanInProgram(maps, wire, deviceIndex), index, "ingress", undo);
      if (hasHost(wire)) put("lan_host", lanHostProgram(maps, wire, deviceIndex), index, "egress", undo);
      bpf.updateElement(maps.parent, new Uint8Array(4), new Uint8Array(Uint32Array.of(index, vlan).buffer));
      undo.add("the parent", () => bpf.updateElement(maps.parent, new Uint8Array(4), new Uint8Array(8)));
      this.site.socket.setLink(deviceIndex, { mtu });
      // Last, since the kernel tells of it: what fails here again and again must not be the cause of the next try.
      const fd = native.promiscuous(index, this.sort.mode === "ipvlan" ? 1 : 0); // its own MAC is enough there
      if (fd < 0) throw systemError("setsockopt(PACKET_ADD_MEMBERSHIP)", fd);
      undo.add("promiscuous mode of the parent", () => closeSync(fd));
    } catch (error) {
      undo.run();
      throw error;
    }
    this.attached = { index, mac, mtu, vlan, undo };
    this.site.workers.post({ type: "parent-mac", network, mac: parseMac(mac)! });
  }

  private detach(): void {
    this.attached?.undo.run();
    this.attached = undefined;
  }
}

interface Attached {
  index: number;
  mac: string;
  mtu: number;
  vlan: number;
  undo: Steps;
}

/** As `Undo`, at once: the parent may be taken up again in the same turn. */
class Steps implements Pick<Undo, "add"> {
  private readonly steps: { what: string; undo: () => void }[] = [];

  add(what: string, undo: () => void): void {
    this.steps.push({ what, undo });
  }

  run(): void {
    for (const { what, undo } of this.steps.splice(0).reverse()) {
      try {
        undo();
      } catch (error) {
        log.warn(`cannot undo '${what}': ${(error as Error).message}`);
      }
    }
  }
}

/** By a link alone, since a filter would stay on the parent after a SIGKILL. */
function put(name: string, code: Uint8Array, ifindex: number, direction: "ingress" | "egress", undo: Pick<Undo, "add">): void {
  const program = bpf.loadProgram(`tsproxy_${name}`, code);
  try {
    const link = bpf.createTcxLink(program, ifindex, direction);
    if (link === null)
      throw parentError(
        "unavailable",
        "macvlan networks need TCX, which this kernel does not have",
        "use Linux 6.6 or later, or -d bridge",
      );
    undo.add(`program ${name}`, () => closeSync(link));
  } finally {
    closeSync(program); // the kernel keeps it as long as it is attached
  }
}

/** Any characters may be in a device's name. */
function keptAs(parent: string): string {
  return `lan-${createHash("sha256").update(parent).digest("hex").slice(0, 12)}`;
}

function macKey(mac: Uint8Array): Uint8Array {
  const key = new Uint8Array(8);
  key.set(mac);
  return key;
}

/** IPv4 as an IPv4-mapped one. */
function addressKey(address: IpAddress): Uint8Array {
  if (address.family === 6) return toBytes(address);
  return Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...toBytes(address));
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
