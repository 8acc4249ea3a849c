/** The maps that the programs share (program.ts), and the ring buffers of the workers. */
import fs from "node:fs";
import os from "node:os";
import * as bpf from "../sys/bpf.js";
import type { FdStore } from "../sys/fd-store.js";
import { ACROSS_VALUE_SIZE, FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../wire/flow-entry.js";
import { type IpAddress, toBytes } from "../wire/ip-address.js";
import { ORDER_VALUE_SIZE, orderPlaces } from "../wire/order.js";
import { STATION_PAIR_KEY_SIZE, STATION_PAIR_VALUE_SIZE } from "../wire/station-pair.js";
import { RING_SIZE } from "./accept-program.js";
import { CARRIED_PLACES, CARRIED_SIZE, MANY_CARRIED_PLACES } from "./carried.js";
import { MOVED_PLACES, MOVED_SIZE } from "./moved.js";
import { STATION_KEY_SIZE, STATION_VALUE_SIZE, TUNNEL_VALUE_SIZE } from "./overlay-programs.js";
import { PEER_VALUE_SIZE } from "./past-bridge-program.js";
import { COUNTERS, type MapFds } from "./program.js";

// biome-ignore format: a table
const PORT_KEY_SIZE = 8, PORT6_KEY_SIZE = 20;
export const VALUE_SIZE = 4;
const FRAGMENT_VALUE_SIZE = 8,
  MAX_PUBLISHED = 1 << 18,
  FEW = 128,
  MAX_LOCALS = 1 << 14,
  MAX_INSIDE = 1 << 11, // ports of the engine (`table/ports.ts`)
  MAX_FRAGMENTS = 1 << 10,
  MAX_PAIRS = 1 << 14,
  MAX_NETWORKS = 1 << 12,
  MAX_PEERS = 1 << 13,
  MAX_STATIONS = 1 << 17,
  MAX_STATION_PAIRS = 1 << 14; // of all workers together
/**
 * Addresses of a family behind bridges that `setPeer` may enter at a time: each endpoint on a veth pair has room in the map beside them. Who has none there is
 * not reached by what is carried.
 */
export const MAX_BRIDGED = MAX_PEERS - MAX_INSIDE;
/** An LRU map lets each CPU keep up to this many free elements to itself (LOCAL_FREE_TARGET, kernel/bpf/bpf_lru_list.c). */
export const LRU_SLACK = 128;

export interface MapOptions {
  flowCapacity: number;
  /** Else IPv6's maps have no room, and take none. */
  ipv6?: boolean;
  /** Else the map `across` has hardly any. */
  offload?: boolean;
  /** Default: one. */
  workers?: number;
  /** So many ports will be published, and no others, and there will be no overlay networks. Default: as many as a daemon may be asked for. */
  fixedPorts?: number | undefined;
  /** Keeps the flows while the process is restarted. */
  store?: FdStore | undefined;
}

/** What the maps' sizes depend on, and which there are. */
const DEPENDS_ON = ["flowCapacity", "ipv6", "offload", "fixedPorts", "workers", "store"] as const;

/** Of `flowCapacity`, the part that may be IPv6 with the other end IPv4: an LRU map takes its memory at the start, 120 bytes an entry here, used or not. */
const ACROSS_SHARE = 4;
/** Entries of `flows` and `flows6` that may be of no flow until they are swept. */
const SPARE = 1 << 14;

/** Of the map `carried`, with offload. */
export function placesOf({ fixedPorts }: Pick<MapOptions, "fixedPorts">): number {
  return fixedPorts === undefined ? MANY_CARRIED_PLACES : Math.min(CARRIED_PLACES, FEW + 2 * fixedPorts);
}

/** A map, and what it is kept as while the process is restarted. */
interface Planned {
  spec: bpf.MapSpec;
  keptAs?: string;
}

function plan({ flowCapacity, ipv6 = false, offload = false, fixedPorts, workers = 1 }: MapOptions): Record<keyof MapFds, Planned> {
  const map = (name: string, type: number, keySize: number, valueSize: number, maxEntries: number, flags = 0): Planned => ({
    spec: { name: `tsproxy_${name}`, type, keySize, valueSize, maxEntries, flags },
  });
  const slack = LRU_SLACK * os.cpus().length;
  const flows = 2 * flowCapacity + SPARE;
  const of6 = (entries: number): number => (ipv6 ? entries : 1);
  const across = ipv6 && offload ? Math.ceil(flowCapacity / ACROSS_SHARE) + slack : slack;
  const flows6 = of6(flows);
  const published = fixedPorts === undefined ? MAX_PUBLISHED : FEW + fixedPorts; // the kernel clears places for them at the start
  return {
    // An entry takes memory when it is made. They forget nothing, so what is of no flow is swept (`control/entry-sweep.ts`).
    flows: { ...map("flows", bpf.MAP_HASH, FLOW_KEY_SIZE, FLOW_VALUE_SIZE, flows, bpf.F_NO_PREALLOC), keptAs: flowsName(flowCapacity) },
    fragments: map("fragments", bpf.MAP_LRU_HASH, FLOW_KEY_SIZE, FRAGMENT_VALUE_SIZE, MAX_FRAGMENTS + slack),
    pairs: map("pairs", bpf.MAP_LRU_HASH, 8, VALUE_SIZE, MAX_PAIRS + slack),
    ports: map("ports", bpf.MAP_HASH, PORT_KEY_SIZE, VALUE_SIZE, published, bpf.F_NO_PREALLOC),
    locals: map("locals", bpf.MAP_HASH, 4, VALUE_SIZE, MAX_LOCALS, bpf.F_NO_PREALLOC),
    own: map("own", bpf.MAP_HASH, 4, VALUE_SIZE, MAX_LOCALS, bpf.F_NO_PREALLOC),
    ipsec: map("ipsec", bpf.MAP_LPM_TRIE, 8, VALUE_SIZE, MAX_NETWORKS, bpf.F_NO_PREALLOC),
    // Nobody asks whether a flow is over: what is not used any more makes room.
    across: { ...map("across", bpf.MAP_LRU_HASH, FLOW_KEY_SIZE, ACROSS_VALUE_SIZE, across), keptAs: acrossName(flowCapacity) },
    carried: map("carried", bpf.MAP_PERCPU_ARRAY, 4, CARRIED_SIZE, offload ? placesOf({ fixedPorts }) : 1),
    order: map("order", bpf.MAP_ARRAY, 4, ORDER_VALUE_SIZE, orderPlaces(workers), bpf.F_MMAPABLE),
    flows6: {
      ...map("flows6", bpf.MAP_HASH, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE, flows6, bpf.F_NO_PREALLOC),
      keptAs: flowsName(flowCapacity, ipv6),
    },
    fragments6: map("fragments6", bpf.MAP_LRU_HASH, FLOW6_KEY_SIZE, FRAGMENT_VALUE_SIZE, of6(MAX_FRAGMENTS + slack)),
    pairs6: map("pairs6", bpf.MAP_LRU_HASH, 32, VALUE_SIZE, of6(MAX_PAIRS + slack)),
    ports6: map("ports6", bpf.MAP_HASH, PORT6_KEY_SIZE, VALUE_SIZE, of6(published), bpf.F_NO_PREALLOC),
    locals6: map("locals6", bpf.MAP_HASH, 16, VALUE_SIZE, of6(MAX_LOCALS), bpf.F_NO_PREALLOC),
    ipsec6: map("ipsec6", bpf.MAP_LPM_TRIE, 20, VALUE_SIZE, of6(MAX_NETWORKS), bpf.F_NO_PREALLOC),
    // Their memory is taken at the start: an endpoint that finds none would be on veth pairs, and not carried, for as long as it lives.
    peers: map("peers", bpf.MAP_HASH, 4 + 4, PEER_VALUE_SIZE, MAX_PEERS),
    peers6: map("peers6", bpf.MAP_HASH, 4 + 16, PEER_VALUE_SIZE, of6(MAX_PEERS)),
    inside6: map("inside6", bpf.MAP_ARRAY, 4, 16, of6(MAX_INSIDE)),
    stationPairs: map(
      "station_pairs",
      bpf.MAP_HASH,
      STATION_PAIR_KEY_SIZE,
      STATION_PAIR_VALUE_SIZE,
      offload ? MAX_STATION_PAIRS : 1,
      bpf.F_NO_PREALLOC,
    ),
    moved: map("moved", bpf.MAP_PERCPU_ARRAY, 4, MOVED_SIZE, offload ? MOVED_PLACES : 1),
    tunnel: map("tunnel", bpf.MAP_ARRAY, 4, TUNNEL_VALUE_SIZE, 1),
    members: map("members", bpf.MAP_HASH, 4, STATION_KEY_SIZE, MAX_INSIDE, bpf.F_NO_PREALLOC),
    stations: map(
      "stations",
      bpf.MAP_HASH,
      STATION_KEY_SIZE,
      STATION_VALUE_SIZE,
      fixedPorts === undefined ? MAX_STATIONS : 1,
      bpf.F_NO_PREALLOC,
    ),
    toNodes: map("to_nodes", bpf.MAP_PROG_ARRAY, 4, 4, 1),
    fromNodes: map("from_nodes", bpf.MAP_PROG_ARRAY, 4, 4, 1),
    counters: map("stats", bpf.MAP_PERCPU_ARRAY, 4, 8, COUNTERS.length),
  };
}

/** Maps that are being made. */
export interface BegunMaps {
  options: MapOptions;
  /** Their descriptors, by name; waits for them. To be called once. */
  take(): [keyof MapFds, number][];
  /** They end, unless they were taken. */
  discard(): void;
}

/**
 * Begins to make maps in a thread of its own: the kernel clears 100 MB for them. To be given to `createMaps` with the same options; else it ends them. With a
 * store those are left out that may be in it.
 */
export function beginMaps(options: MapOptions): BegunMaps {
  const planned = entriesOf(plan(options)).filter(([, { keptAs }]) => options.store === undefined || keptAs === undefined);
  const making = bpf.createMapsApart(planned.map(([, { spec }]) => spec));
  let isTaken = false;
  const take = (): number[] => {
    isTaken = true;
    return making();
  };
  return {
    options,
    take: () => take().map((fd, i) => [planned[i]![0], fd]),
    discard: () => {
      if (isTaken) return;
      try {
        for (const fd of take()) fs.closeSync(fd);
      } catch {
        // the kernel has refused one, and there are none
      }
    },
  };
}

/** Descriptors of maps, all new but maybe those of flows; each is added to `fds`, also when a later one fails. */
export function createMaps(options: MapOptions, fds: number[], begun?: BegunMaps): MapFds {
  const { store } = options;
  const isFit = begun !== undefined && DEPENDS_ON.every((key) => begun.options[key] === options[key]);
  if (!isFit) begun?.discard();
  const making = isFit ? begun : beginMaps(options);
  const maps: [keyof MapFds, number][] = [];
  try {
    if (store !== undefined)
      for (const [name, { spec, keptAs }] of entriesOf(plan(options)))
        if (keptAs !== undefined) maps.push([name, kept(store, keptAs, fds, () => bpf.createMap(spec))]);
  } catch (error) {
    making.discard();
    throw error;
  }
  const made = making.take();
  fds.push(...made.map(([, fd]) => fd));
  return Object.fromEntries([...maps, ...made]) as unknown as MapFds;
}

function entriesOf(planned: Record<keyof MapFds, Planned>): [keyof MapFds, Planned][] {
  return Object.entries(planned) as [keyof MapFds, Planned][];
}

/** `which`: of the workers' rings. What a former process has not read is in it. */
export function createRing(which: string, store: FdStore | undefined, fds: number[]): number {
  const spec = { name: "tsproxy_accept", type: bpf.MAP_RINGBUF, keySize: 0, valueSize: 0, maxEntries: RING_SIZE };
  return kept(store, `ring-${RING_SIZE}-${which}`, fds, () => bpf.createMap(spec));
}

/** What the map `flows` is called in the store, or, with `ipv6`, `flows6`: another layout or size is another map. */
export function flowsName(flowCapacity: number, ipv6?: boolean): string {
  if (ipv6 === undefined) return `flows-${FLOW_KEY_SIZE}-${FLOW_VALUE_SIZE}-${flowCapacity}`;
  return `flows6-${FLOW6_KEY_SIZE}-${FLOW6_VALUE_SIZE}-${ipv6 ? flowCapacity : 0}`;
}

/** The same of the map `across`. */
export function acrossName(flowCapacity: number): string {
  return `across-${FLOW_KEY_SIZE}-${ACROSS_VALUE_SIZE}-${flowCapacity}`;
}

/** What a former process left under the name, or else a new one, which is put there. Added to `fds`. */
function kept(store: FdStore | undefined, name: string, fds: number[], create: () => number): number {
  const [former] = store?.take(name) ?? [];
  const fd = former ?? create();
  fds.push(fd);
  if (former === undefined) store?.put(name, [fd]);
  return fd;
}

/** Keys of the map `ports` or `ports6` for a range of ports, one after another. */
export function portKeys(proto: number, hostIp: IpAddress, firstPort: number, lastPort: number): Uint8Array {
  const address = toBytes(hostIp);
  const keySize = address.length + 4;
  const keys = new Uint8Array(keySize * (lastPort - firstPort + 1));
  for (let port = firstPort, at = 0; port <= lastPort; port++, at += keySize) {
    keys.set(address, at);
    keys.set([port >> 8, port & 0xff, proto], at + address.length);
  }
  return keys;
}

/** The same memory. */
export function bytes(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer);
}
