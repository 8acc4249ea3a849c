/**
 * Whose frames the programs of `overlay-programs.ts` carry: the stations of overlay networks, and the programs themselves, which are there as long as there are
 * tunnels. What is taken back here is carried no more when the call returns.
 *
 * A station that is here and behind another node too, by its MAC, is the one that is here, as in the dataplane.
 */
import fs from "node:fs";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import { formatIp, type IpAddress, toBytes } from "../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../wire/per-family.js";
import { rawHalf } from "../wire/raw.js";
import { type Family, V4, V6 } from "./family.js";
import { fromNodeProgram } from "./from-node-program.js";
import {
  MEMBER_MTU_AT,
  STATION_ADDRESS_AT,
  STATION_ADDRESS6_AT,
  STATION_END_AT,
  STATION_FROM_AT,
  STATION_KEY_SIZE,
  STATION_NODE_AT,
  STATION_TO_AT,
  STATION_VALUE_SIZE,
  TUNNEL_DEVICE_AT,
  TUNNEL_LOCAL_AT,
  TUNNEL_PORT_AT,
  TUNNEL_VALUE_SIZE,
} from "./overlay-programs.js";
import type { MapFds } from "./program.js";
import { toNodeProgram } from "./to-node-program.js";

export interface TunnelEnd {
  /** Interface index of the tunnels' device. */
  device: number;
  port: number;
  /** This node's address in the underlay. */
  local: IpAddress;
  /** Datagrams must have a UDP checksum: nothing is carried into them then, as frames of several segments cannot have one. */
  checksum: boolean;
}

/** What was carried from a station, and to it, as of a port. */
export interface Traffic {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
}

const NOTHING: Traffic = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 };

/** An endpoint of this node. */
export interface LocalStation {
  mac: Uint8Array;
  addresses: PerFamily<IpAddress>;
  /** Its limits, if it has any. */
  bandwidth?: object | undefined;
}

export interface LocalEnd {
  carried(): Traffic;
  close(): void;
}

interface Station {
  addresses: PerFamily<IpAddress>;
  /** Interface index of its end in the host's namespace (0: the engine has its frames), or the address of its node. */
  at: number | IpAddress;
}

export class Stations {
  /** By key of the map, in hex. */
  private readonly here = new Map<string, Station>();
  private readonly behind = new Map<string, Station>();
  /** By node's address: how many stations it has, and what was carried to and from such as are gone. */
  private readonly nodes = new Map<string, { stations: number; past: Traffic }>();
  private readonly value = new Uint8Array(STATION_VALUE_SIZE);
  /** Descriptors of the programs, by that of the array that each belongs into. */
  private readonly programs = new Map<number, number>();
  /** How often the kernel had no room for a station. */
  refused = 0;
  /** How many want the engine to have all frames. */
  private withheld = 0;

  /** `carries`: frames are to be carried at all. */
  constructor(
    private readonly maps: MapFds,
    private readonly carries: boolean,
    private readonly options: { ipsec?: boolean | undefined } = {},
  ) {}

  /** There are tunnels from now on; answers how to end that. */
  open({ device, port, local, checksum }: TunnelEnd): () => void {
    const { maps } = this;
    const value = new Uint8Array(TUNNEL_VALUE_SIZE);
    const view = new DataView(value.buffer);
    view.setUint32(TUNNEL_PORT_AT, rawHalf(port), true);
    view.setUint32(TUNNEL_DEVICE_AT, device, true);
    value.set(toBytes(local), TUNNEL_LOCAL_AT);
    bpf.updateElement(maps.tunnel, FIRST, value);
    if (this.carries) this.load(local.family === 4 ? V4 : V6, checksum);
    return () => {
      for (const array of [maps.toNodes, maps.fromNodes]) bpf.deleteElement(array, FIRST);
      for (const fd of this.programs.values()) fs.closeSync(fd);
      this.programs.clear();
      bpf.updateElement(maps.tunnel, FIRST, new Uint8Array(TUNNEL_VALUE_SIZE));
    };
  }

  /** Of kernels that do not know how, the engine has all frames. */
  private load(underlay: Family, checksum: boolean): void {
    const { maps, options } = this;
    const enter = (array: number, name: string, code: Uint8Array): void => {
      const fd = bpf.loadProgram(name, code);
      this.programs.set(array, fd);
      if (this.withheld === 0) bpf.updateElement(array, FIRST, word(fd));
    };
    try {
      enter(maps.fromNodes, "tsproxy_from_nd", fromNodeProgram(maps, underlay));
      if (!checksum) enter(maps.toNodes, "tsproxy_to_nd", toNodeProgram(maps, underlay, { ipsec: options.ipsec === true }));
    } catch (error) {
      log.info(`frames of overlay networks are not carried by the kernel: ${(error as Error).message}`);
    }
  }

  /** The engine has all frames, from now on; answers how to end that. What is carried is so until the call returns, and none is lost. */
  withhold(): () => void {
    if (this.withheld++ === 0) for (const array of this.programs.keys()) bpf.deleteElement(array, FIRST);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      if (--this.withheld === 0) for (const [array, fd] of this.programs) bpf.updateElement(array, FIRST, word(fd));
    };
  }

  /** Those of the network with that identifier, whose frames to other nodes are of `mtu` bytes at most. */
  ofNetwork(vni: number, mtu: number): NetworkStations {
    return new NetworkStations(this, vni, mtu);
  }

  /** The endpoint at `end` (0: the engine has its frames) is the station of `key`, or, with null, is gone. */
  setHere(key: Uint8Array, end: number, addresses: PerFamily<IpAddress> | null): void {
    const name = nameOf(key);
    if (addresses === null && this.here.get(name)?.at !== end) return; // another one has it by now
    this.keepCounts(key);
    if (addresses === null) this.here.delete(name);
    else this.here.set(name, { addresses, at: end });
    this.write(key);
  }

  /** The station of `key` is behind a node, or, with null, behind none. */
  setBehind(key: Uint8Array, addresses: PerFamily<IpAddress> | null, node?: IpAddress): void {
    const name = nameOf(key);
    const before = this.behind.get(name);
    const isHere = this.here.has(name); // and so the entry is
    this.keepCounts(key);
    if (addresses === null || node === undefined) this.behind.delete(name);
    else {
      this.behind.set(name, { addresses, at: node });
      const known = this.nodes.get(formatIp(node)) ?? { stations: 0, past: { ...NOTHING } };
      known.stations++;
      this.nodes.set(formatIp(node), known);
    }
    if (before !== undefined) {
      const known = this.nodes.get(formatIp(before.at as IpAddress))!;
      if (--known.stations === 0) this.nodes.delete(formatIp(before.at as IpAddress));
    }
    if (!isHere) this.write(key);
  }

  /** The endpoint at that end is the station of `key`; null: no more. */
  setMember(end: number, key: Uint8Array | null, mtu = 0): void {
    if (key === null) {
      bpf.deleteElement(this.maps.members, word(end));
      return;
    }
    const value = Uint8Array.from(key);
    new DataView(value.buffer).setUint16(MEMBER_MTU_AT, mtu, true);
    this.enter(this.maps.members, word(end), value);
  }

  /** By node's address: what was carried from its stations, and to them. */
  ofNodes(): Map<string, Traffic> {
    const all = new Map([...this.nodes].map(([node, { past }]) => [node, { ...past }]));
    for (const [name, { at }] of this.behind)
      if (!this.here.has(name)) addTo(all.get(formatIp(at as IpAddress))!, this.counts(Buffer.from(name, "hex")));
    return all;
  }

  /** What was carried from a station, and to it, since it is what it is. */
  counts(key: Uint8Array): Traffic {
    const { value } = this;
    if (!bpf.lookupElement(this.maps.stations, key, value)) return NOTHING;
    const view = new DataView(value.buffer);
    const at = (offset: number): number => Number(view.getBigUint64(offset, true));
    return {
      txPackets: at(STATION_TO_AT),
      txBytes: at(STATION_TO_AT + 8),
      rxPackets: at(STATION_FROM_AT),
      rxBytes: at(STATION_FROM_AT + 8),
    };
  }

  /** The same of one that is behind a node, and not here. */
  countsBehind(key: Uint8Array): Traffic {
    return this.here.has(nameOf(key)) ? NOTHING : this.counts(key);
  }

  /** Its entry is about to be another one. */
  private keepCounts(key: Uint8Array): void {
    const station = this.here.has(nameOf(key)) ? undefined : this.behind.get(nameOf(key));
    if (station !== undefined) addTo(this.nodes.get(formatIp(station.at as IpAddress))!.past, this.counts(key));
  }

  /** What has changed is another one's: the entry starts from nothing. */
  private write(key: Uint8Array): void {
    const { stations } = this.maps;
    const station = this.here.get(nameOf(key)) ?? this.behind.get(nameOf(key));
    if (station === undefined || station.at === 0 || !this.carries) {
      bpf.deleteElement(stations, key);
      return;
    }
    const value = new Uint8Array(STATION_VALUE_SIZE).fill(0xff, 0, STATION_TO_AT); // no packet is from there
    const view = new DataView(value.buffer);
    for (const address of eachFamily(station.addresses))
      value.set(toBytes(address), address.family === 4 ? STATION_ADDRESS_AT : STATION_ADDRESS6_AT);
    const isHere = typeof station.at === "number";
    view.setUint32(STATION_END_AT, isHere ? (station.at as number) : 0, true);
    if (!isHere) value.set(toBytes(station.at as IpAddress), STATION_NODE_AT);
    this.enter(stations, key, value);
  }

  /** Where the kernel has no room, the engine has the frames. */
  private enter(map: number, key: Uint8Array, value: Uint8Array): void {
    try {
      bpf.updateElement(map, key, value);
    } catch (error) {
      bpf.deleteElement(map, key); // not as it was
      if (this.refused++ === 0) log.warn(`stations of overlay networks are not carried by the kernel: ${(error as Error).message}`);
    }
  }
}

/** The stations of one overlay network. */
export class NetworkStations {
  /** By interface index of its end: the key of an endpoint. */
  private readonly ends = new Map<number, Uint8Array>();
  private readonly behind = new Map<string, Uint8Array>();
  /** What was carried of those that are not behind a node any more. */
  private readonly past: Traffic = { ...NOTHING };

  constructor(
    private readonly stations: Stations,
    private readonly vni: number,
    private mtu: number,
  ) {}

  /**
   * An endpoint of this node; `end`: interface index of its end in the host's namespace; undefined: it is on a TAP. Answers what was carried, and how to take it
   * back. Of such a one, and of one whose bandwidth is limited, the engine has the frames: nobody behind a node has its MAC all the same.
   */
  readonly onEnd = ({ mac, addresses, bandwidth }: LocalStation, end?: number): LocalEnd => {
    const key = keyOf(this.vni, mac);
    if (end === undefined || bandwidth !== undefined) {
      this.stations.setHere(key, 0, addresses);
      return { carried: () => NOTHING, close: () => this.stations.setHere(key, 0, null) };
    }
    this.ends.set(end, key);
    this.stations.setHere(key, end, addresses);
    this.stations.setMember(end, key, this.mtu);
    const close = (): void => {
      this.ends.delete(end);
      this.stations.setMember(end, null);
      this.stations.setHere(key, end, null);
    };
    return { carried: () => this.stations.counts(key), close };
  };

  /** An endpoint behind another node, or, with null, none any more. */
  setBehind(mac: Uint8Array, station: { addresses: PerFamily<IpAddress>; node: IpAddress } | null): void {
    const key = keyOf(this.vni, mac);
    this.keepCounts(key);
    if (station === null) this.behind.delete(nameOf(key));
    else this.behind.set(nameOf(key), key);
    this.stations.setBehind(key, station?.addresses ?? null, station?.node);
  }

  /** The longest packet that is carried to another node. */
  setMtu(mtu: number): void {
    this.mtu = mtu;
    for (const [end, key] of this.ends) this.stations.setMember(end, key, mtu);
  }

  /** What was carried from other nodes' stations, and to them. */
  readonly carried = (): Traffic => {
    const sum = { ...this.past };
    for (const key of this.behind.values()) addTo(sum, this.stations.countsBehind(key));
    return sum;
  };

  private keepCounts(key: Uint8Array): void {
    if (this.behind.has(nameOf(key))) addTo(this.past, this.stations.countsBehind(key));
  }

  /** Nothing is carried any more. */
  close(): void {
    for (const key of this.behind.values()) {
      this.keepCounts(key);
      this.stations.setBehind(key, null);
    }
    this.behind.clear();
  }
}

/** Key of an array's first element. */
const FIRST = new Uint8Array(4);

/** `sum` += `more`. */
export function addTo(sum: Traffic, more: Traffic): void {
  for (const key of Object.keys(NOTHING) as (keyof Traffic)[]) sum[key] += more[key];
}

function keyOf(vni: number, mac: Uint8Array): Uint8Array {
  const key = new Uint8Array(STATION_KEY_SIZE);
  key.set([vni >> 16, vni >> 8, vni]);
  key.set(mac, 4);
  return key;
}

function nameOf(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
