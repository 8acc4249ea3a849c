/** What carries frames of LANs past the engine (`lan-carry-programs.ts`): the maps, and for each endpoint on a veth pair its entry and the program on it. */
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
import type { IpAddress } from "../wire/ip-address.js";
import { toBytes } from "../wire/ip-address.js";
import { LAN_PAIR_KEY_SIZE, LAN_PAIR_VALUE_SIZE } from "../wire/lan-pair.js";
import {
  GUARD_IPV4_AT,
  GUARD_IPV6_AT,
  GUARD_MAC_AT,
  GUARD_NETWORK_AT,
  LAN_GUARD_SIZE,
  type LanCarryMapFds,
  lanFromProgram,
} from "./lan-carry-programs.js";
import { MOVED_PLACES, MOVED_SIZE, MovedCounts } from "./moved.js";
import type { MapFds } from "./packet-program.js";

/** Of all workers together; and endpoints. */
const MAX_PAIRS = 1 << 14,
  MAX_ENDPOINTS = 1 << 12;

export interface CarriedStation {
  /** Interface index of the pair's end in the host's namespace. */
  end: number;
  /** Number of its network in the engine. */
  network: number;
  mac: Uint8Array;
  addresses: readonly IpAddress[];
}

export class LanCarry {
  readonly maps: LanCarryMapFds;
  /** What it has carried, by the engine's port. */
  readonly moved: MovedCounts;
  private readonly fds: number[] = [];
  private program = -1;

  constructor(maps: MapFds) {
    this.maps = {
      ...maps,
      lanPairs: this.map("lan_pairs", LAN_PAIR_KEY_SIZE, LAN_PAIR_VALUE_SIZE, MAX_PAIRS),
      lanGuard: this.map("lan_guard", 4, LAN_GUARD_SIZE, MAX_ENDPOINTS),
      lanMoved: this.keep(
        bpf.createMap({
          name: "tsproxy_lan_moved",
          type: bpf.MAP_PERCPU_ARRAY,
          keySize: 4,
          valueSize: MOVED_SIZE,
          maxEntries: MOVED_PLACES,
        }),
      ),
    };
    this.moved = new MovedCounts(this.maps.lanMoved);
  }

  /** What that endpoint sends is carried where the engine has said so; answers how to end that. */
  add({ end, network, mac, addresses }: CarriedStation): () => void {
    const { lanGuard } = this.maps;
    const value = new Uint8Array(LAN_GUARD_SIZE);
    value.set(mac, GUARD_MAC_AT);
    new DataView(value.buffer).setUint32(GUARD_NETWORK_AT, network, true);
    for (const address of addresses) value.set(toBytes(address), address.family === 4 ? GUARD_IPV4_AT : GUARD_IPV6_AT);
    if (this.program === -1) this.program = this.keep(bpf.loadProgram("tsproxy_lan_from", lanFromProgram(this.maps)));
    const link = bpf.createTcxLink(this.program, end, "ingress", { first: true });
    if (link === null) return () => {}; // no TCX: the engine moves it
    try {
      bpf.updateElement(lanGuard, word(end), value);
    } catch (error) {
      fs.closeSync(link);
      throw error;
    }
    return () => {
      bpf.deleteElement(lanGuard, word(end));
      fs.closeSync(link);
    };
  }

  close(): void {
    for (const fd of this.fds.splice(0)) fs.closeSync(fd);
    this.program = -1;
  }

  private map(name: string, keySize: number, valueSize: number, maxEntries: number): number {
    return this.keep(
      bpf.createMap({ name: `tsproxy_${name}`, type: bpf.MAP_HASH, keySize, valueSize, maxEntries, flags: bpf.F_NO_PREALLOC }),
    );
  }

  private keep(fd: number): number {
    this.fds.push(fd);
    return fd;
  }
}

function word(value: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(value).buffer);
}
