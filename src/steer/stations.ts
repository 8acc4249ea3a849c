/**
 * Whose frames the programs of `overlay-programs.ts` carry: the stations of overlay networks, and the programs themselves, which are there as long as there are
 * tunnels. What is taken back here is carried no more when the call returns.
 *
 * A station that is here and behind another node too, by its MAC, is the one that is here, as in the dataplane.
 */
import fs from "node:fs";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import { type IpAddress, toBytes } from "../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../wire/per-family.js";
import { rawHalf } from "../wire/raw.js";
import { type Family, V4, V6 } from "./family.js";
import {
  fromNodeProgram,
  MEMBER_MTU_AT,
  STATION_ADDRESS6_AT,
  STATION_ADDRESS_AT,
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
  toNodeProgram,
} from "./overlay-programs.js";
import type { MapFds, Program } from "./program.js";

export interface TunnelEnd {
  /** Interface index of the tunnels' device. */
  device: number;
  port: number;
  /** This node's address in the underlay. */
  local: IpAddress;
  /** Datagrams must have a UDP checksum: nothing is carried into them then, as frames of several segments cannot have one. */
  checksum: boolean;
}

/** Packets and bytes that were carried to a station, and from it. */
export interface StationCounts {
  toPackets: number;
  toBytes: number;
  fromPackets: number;
  fromBytes: number;
}

export const NOTHING_CARRIED: StationCounts = { toPackets: 0, toBytes: 0, fromPackets: 0, fromBytes: 0 };

interface Station {
  addresses: PerFamily<IpAddress>;
  /** Interface index of its end in the host's namespace, or the address of its node. */
  at: number | IpAddress;
}

export class Stations {
  /** By key of the map, in hex. */
  private readonly here = new Map<string, Station>();
  private readonly behind = new Map<string, Station>();
  /** By interface index of their ends: key, and the network's MTU. */
  private readonly members = new Map<number, { key: Uint8Array; mtu: number }>();
  private readonly value = new Uint8Array(STATION_VALUE_SIZE);

  /** `carries`: frames are to be carried at all. `otherwise` writes what becomes of an endpoint's frame that is not. */
  constructor(
    private readonly maps: MapFds,
    private readonly carries: boolean,
    private readonly otherwise: (p: Program) => void,
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
      bpf.updateElement(maps.tunnel, FIRST, new Uint8Array(TUNNEL_VALUE_SIZE));
    };
  }

  /** Of kernels that do not know how, the engine has all frames. */
  private load(underlay: Family, checksum: boolean): void {
    const { maps, otherwise, options } = this;
    const enter = (array: number, name: string, code: Uint8Array): void => {
      const fd = bpf.loadProgram(name, code);
      try {
        bpf.updateElement(array, FIRST, new Uint8Array(Uint32Array.of(fd).buffer));
      } finally {
        fs.closeSync(fd); // the array keeps it
      }
    };
    try {
      enter(maps.fromNodes, "tsproxy_from_nd", fromNodeProgram(maps, underlay));
      if (!checksum)
        enter(maps.toNodes, "tsproxy_to_nd", toNodeProgram(maps, underlay, otherwise, { ipsec: options.ipsec === true }));
    } catch (error) {
      log.info(`frames of overlay networks are not carried by the kernel: ${(error as Error).message}`);
    }
  }

  /** An endpoint of this node; `end`: interface index of its end in the host's namespace. Answers how to take it back. */
  addHere(vni: number, mac: Uint8Array, addresses: PerFamily<IpAddress>, end: number, mtu: number): () => void {
    const key = keyOf(vni, mac);
    this.here.set(nameOf(key), { addresses, at: end });
    this.write(key);
    this.members.set(end, { key, mtu });
    this.writeMember(end);
    return () => {
      bpf.deleteElement(this.maps.members, word(end));
      this.members.delete(end);
      if (this.here.get(nameOf(key))?.at !== end) return; // another one has it by now
      this.here.delete(nameOf(key));
      this.write(key);
    };
  }

  /** Whatever the endpoints of the network may send each other, at most so long packets are carried to other nodes. */
  setMtu(vni: number, mtu: number): void {
    const network = nameOf(keyOf(vni, NO_MAC).subarray(0, 4));
    for (const [end, member] of this.members) {
      if (!nameOf(member.key).startsWith(network)) continue;
      member.mtu = mtu;
      this.writeMember(end);
    }
  }

  /** An endpoint behind another node, or, with null, none any more. */
  setBehind(vni: number, mac: Uint8Array, station: { addresses: PerFamily<IpAddress>; node: IpAddress } | null): void {
    const key = keyOf(vni, mac);
    if (station === null) this.behind.delete(nameOf(key));
    else this.behind.set(nameOf(key), { addresses: station.addresses, at: station.node });
    this.write(key);
  }

  /** What was carried to and from a station since it is there. */
  counts(vni: number, mac: Uint8Array): StationCounts {
    const { value } = this;
    if (!bpf.lookupElement(this.maps.stations, keyOf(vni, mac), value)) return NOTHING_CARRIED;
    const view = new DataView(value.buffer);
    const at = (offset: number): number => Number(view.getBigUint64(offset, true));
    return {
      toPackets: at(STATION_TO_AT),
      toBytes: at(STATION_TO_AT + 8),
      fromPackets: at(STATION_FROM_AT),
      fromBytes: at(STATION_FROM_AT + 8),
    };
  }

  private write(key: Uint8Array): void {
    const { stations } = this.maps;
    const station = this.here.get(nameOf(key)) ?? this.behind.get(nameOf(key));
    if (station === undefined || !this.carries) {
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
    try {
      bpf.updateElement(stations, key, value);
    } catch (error) {
      bpf.deleteElement(stations, key); // not as it was
      log.info(`the kernel carries nothing for a station: ${(error as Error).message}`);
    }
  }

  private writeMember(end: number): void {
    const { key, mtu } = this.members.get(end)!;
    const value = Uint8Array.from(key);
    new DataView(value.buffer).setUint16(MEMBER_MTU_AT, mtu, true);
    bpf.updateElement(this.maps.members, word(end), value);
  }
}

/** Key of an array's first element. */
const FIRST = new Uint8Array(4);
const NO_MAC = new Uint8Array(6);

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
