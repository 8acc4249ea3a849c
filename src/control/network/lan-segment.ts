/**
 * A LAN on which endpoints stand, that is a device of the host or one VLAN there: a TAP of the engine's beside the device, the parent, with programs between both
 * (`steer/lan-programs.ts`), and in the engine one bridge for all networks that are on it. All that is put on the parent ends with the process's descriptors, so
 * also with a killed process. A parent may go away and come back, and need not be there at the start; a TAP that somebody deletes is made again.
 */
import { createHash } from "node:crypto";
import { closeSync } from "node:fs";
import type { Tap } from "../../device/tap.js";
import { log } from "../../log.js";
import type { LanCarry } from "../../steer/lan-carry.js";
import { hasHost, type LanMapFds, type LanWire, lanHostProgram, lanInProgram, lanOutProgram } from "../../steer/lan-programs.js";
import type { Steering } from "../../steer/steering.js";
import * as bpf from "../../sys/bpf.js";
import { native, systemError } from "../../sys/native.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import type { Link } from "../../sys/rtnetlink-entries.js";
import { linkThere, settingUp } from "../../sys/setting-up.js";
import { NO_ICC, ONE_MAC, PASSTHRU, PROMISCUOUS, VEPA } from "../../table/networks.js";
import { parseMac } from "../../wire/ethernet.js";
import { ORDER_QUEUE } from "../../wire/order.js";
import { closeToIpv6 } from "../device-conf.js";
import type { Host } from "../host.js";
import { Undo, undoneApart } from "../undo.js";
import type { Workers } from "../workers.js";
import { findParent, type LanParent, parentError, refusal } from "./lan-parent.js";
import { type LanStation, LanStations, type StationsOf } from "./lan-stations.js";
import { DEFAULT_MTU } from "./mtu.js";
import type { NetworkNumbers } from "./network-numbers.js";
import { RemadeDevice } from "./remade-device.js";
import { Steps } from "./steps.js";
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
const MAX_STATIONS = 4096;
const DEVICE = "tsplan%d";
const NO_MAC = new Uint8Array(6);
const IFF_RUNNING = 0x40; // linux/if.h

/** Of all networks on it. */
export interface LanSort {
  mode: LanMode;
  /** Endpoints may send from other addresses than their own. */
  promiscuous: boolean;
}

export interface LanSpec {
  /** Number of the bridge in the engine, which it keeps. */
  network: number;
  parent: string;
  sort: LanSort;
  /** In messages. */
  who: string;
  /** The parent may be missing, or not to be used now. */
  awaitsParent?: boolean;
  readonly carry: LanCarry;
  /** Who has that device and VLAN. */
  holderOf(parent: LanParent): LanSegment | undefined;
}

export interface LanSite {
  readonly socket: RouteSocket;
  readonly workers: Workers;
  readonly networkNumbers: NetworkNumbers;
  readonly host: Host;
  readonly steering: Steering;
  readonly taps: TapPorts;
}

export class LanSegment {
  /** Networks on it. */
  uses = 0;
  private readonly undo = new Undo();
  /** The TAP, its port, and `lan_out` on it. */
  private readonly device: RemadeDevice;
  /** Number of its port in the engine. */
  private port = -1;
  /** 0: it is being made again. */
  private deviceIndex = 0;
  private deviceName = "";
  private attached: Attached | undefined;
  /** What was said of why there is none; null: it is missing. */
  private lack: string | null | undefined;
  private readonly maps: LanMapFds;
  private readonly stations: LanStations;

  readonly network: number;
  readonly parent: string;
  readonly sort: LanSort;

  /** Throws TSP_ERR_NETWORK, TSP_ERR_SYSCALL with nothing left. */
  constructor(
    private readonly site: LanSite,
    private readonly spec: LanSpec,
  ) {
    const { workers, networkNumbers, host } = site;
    const { network, parent, sort } = spec;
    [this.network, this.parent, this.sort] = [network, parent, sort];
    const { undo } = this;
    this.device = new RemadeDevice({
      what: () => `${spec.who}: ${this.deviceName}`,
      make: (deviceUndo, onGone) => this.openDevice(deviceUndo, onGone),
      onLost: () => {
        this.deviceIndex = 0;
        this.detach(); // what is on the parent sends to the old device
      },
      onRemade: () => host.readAgain(), // and so looks at the parent
    });
    networkNumbers.keep(network);
    undo.add("number of the network", () => networkNumbers.give(network));
    try {
      // Without subnets: the LAN's addresses are anybody's, not those of a network behind us.
      workers.post({ type: "add-network", network, subnets: [], flags: MODES[sort.mode].flags | (sort.promiscuous ? PROMISCUOUS : 0) });
      undo.add(`network on ${parent}`, () => workers.post({ type: "remove-network", network }));
      this.maps = {
        ...spec.carry.maps,
        stations: this.map("tsproxy_station", bpf.MAP_HASH, 8, MAX_STATIONS),
        addresses: this.map("tsproxy_lanaddr", bpf.MAP_HASH, 16, 2 * MAX_STATIONS, 8),
        parent: this.map("tsproxy_parent", bpf.MAP_ARRAY, 4, 1, 8),
      };
      const announce = (mac: Uint8Array): void => workers.postTo(0, { type: "announce", network, mac });
      const carry: StationsOf["carry"] = (station) => this.spec.carry.add({ ...station, network });
      this.stations = new LanStations({ parent, maps: this.maps, way: MODES[sort.mode].way, carry, announce });
      undo.add("announcements", () => this.stations.close());
      undo.add("device on the LAN", () => this.device.close());
      undo.add("programs of the LAN", () => this.detach());
      this.device.open();
      this.look({ must: spec.awaitsParent !== true });
      undo.add(
        "watch of the parent",
        host.onChange((moved) => this.look({ moved })),
      );
    } catch (error) {
      undoneApart(this.close());
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

  isOn({ link, vlan }: LanParent): boolean {
    return this.attached?.index === link.index && this.attached.vlan === vlan;
  }

  /** What comes for that station is its network's; answers how to end that. Throws as `LanStations.add`. */
  addStation(station: LanStation): () => void {
    return this.stations.add(station);
  }

  close(): Promise<void> {
    this.device.letGo();
    return this.undo.run();
  }

  private map(name: string, type: number, keySize: number, maxEntries: number, valueSize = 4): number {
    const fd = bpf.createMap({ name, type, keySize, valueSize, maxEntries });
    this.undo.add(`map ${name}`, () => closeSync(fd));
    return fd;
  }

  private openDevice(undo: Undo, onGone: () => void): void {
    const { socket, taps } = this.site;
    const tap = taps.open({ name: DEVICE, keepAs: keptAs(this.parent) }, undo);
    this.deviceName = tap.name;
    settingUp(
      tap.name,
      () => socket.link(tap.name) !== null,
      () => this.setUpDevice(tap, undo, onGone),
    );
  }

  private setUpDevice(tap: Tap, undo: Undo, onGone: () => void): void {
    const { socket, taps } = this.site;
    const { network, maps } = this;
    const { index } = linkThere(socket, tap.name);
    socket.setLink(index, { mtu: this.mtu, txQueueLen: ORDER_QUEUE, multicast: false, addrGenMode: "none" });
    closeToIpv6(tap.name);
    put("lan_out", lanOutProgram(maps, MODES[this.sort.mode].way), index, "ingress", undo);
    const port = { kind: "lan", name: tap.name, mac: this.mac ?? NO_MAC, addresses: [], network, device: index } as const;
    this.port = taps.attach(tap, port, undo, onGone);
    socket.setLink(index, { up: true });
    undo.add(`watch of ${tap.name}`, this.site.host.watch(index)); // that it is gone its port tells
    this.deviceIndex = index;
  }

  /** Takes up the parent as it is now. `must`: throws if it is there and cannot be used. `moved`: devices whose neighbors are to be told where they are. */
  look({ must = false, moved }: { must?: boolean; moved?: ReadonlySet<number> } = {}): void {
    const { site, parent } = this;
    if (this.deviceIndex === 0) return; // it is being made again
    const linkOf = (device: string | number): Link | null => site.socket.link(device);
    const now = findParent(parent, linkOf);
    if (now === null) {
      this.lacks(null);
      return;
    }
    const { link, vlan } = now;
    try {
      const holder = this.spec.holderOf(now);
      if (holder !== undefined && holder !== this) throw isHeld(parent, holder);
      const wrong = refusal(link, linkOf);
      if (wrong !== null) throw wrong;
      if (this.attached?.mac === link.mac && this.isOn(now)) this.follow(link, moved?.has(link.index) === true);
      else {
        this.detach();
        this.attach(link, vlan);
      }
    } catch (error) {
      if (must) throw error;
      this.lacks((error as Error).message);
      return;
    }
    if (this.lack !== undefined) log.warn(`${this.spec.who}: its parent interface ${parent} is there again`);
    this.lack = undefined;
  }

  /** There is no parent, null, or none that can be used: why; said once. */
  private lacks(why: string | null): void {
    const wasThere = this.attached !== undefined;
    const isNews = wasThere || this.lack !== why;
    this.lack = why;
    this.detach();
    if (!isNews) return;
    const words = why !== null ? `cannot be used: ${why}` : wasThere ? "is gone" : "is not there";
    log.warn(`${this.spec.who}: its parent interface ${this.parent} ${words}`);
  }

  /** Its MTU may have changed, and it may have another place on the LAN: a cable that was plugged in, a bond's other device. */
  private follow(link: Link, moved: boolean): void {
    const { attached } = this;
    if (attached === undefined) return;
    const runs = (link.flags & IFF_RUNNING) !== 0;
    if (moved || (runs && !attached.runs)) this.stations.announceAll();
    attached.runs = runs;
    if (attached.mtu === link.mtu) return;
    attached.mtu = link.mtu;
    this.site.socket.setLink(this.deviceIndex, { mtu: link.mtu });
  }

  /** Puts the programs on the parent, and has it take frames for stations. Throws with nothing left. */
  private attach({ index, mac, mtu, flags }: Link, vlan: number): void {
    const { maps, deviceIndex, network } = this;
    const wire: LanWire = {
      way: MODES[this.sort.mode].way,
      vlan,
      network: { number: network, port: this.port, workers: this.site.workers.count },
    };
    const undo = new Steps();
    try {
      undo.add("the parent's own MAC", () => this.stations.setParent(undefined));
      this.stations.setParent(mac);
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
    this.attached = { index, mac, mtu, vlan, runs: (flags & IFF_RUNNING) !== 0, undo };
    this.tellParent();
    this.stations.announceAll();
  }

  private detach(): void {
    if (this.attached === undefined) return;
    this.attached.undo.run();
    this.attached = { ...this.attached, index: 0 };
    this.tellParent();
    this.attached = undefined;
  }

  /** Which device that is now. */
  private tellParent(): void {
    const { attached, network, site } = this;
    if (attached === undefined) return;
    const { index: device, mac, vlan } = attached;
    site.workers.post({ type: "parent-mac", network, mac: parseMac(mac)!, device, vlan });
  }
}

interface Attached {
  index: number;
  mac: string;
  mtu: number;
  vlan: number;
  /** Whether it has a carrier. */
  runs: boolean;
  undo: Steps;
}

function isHeld(parent: string, { parent: other }: LanSegment): Error {
  return parentError("conflict", `${parent} is ${other}, on which another network is`, `make its network again with -o parent=${other}`);
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
