/** The maps that the programs share (program.ts), and the ring buffers of the workers. */
import os from "node:os";
import * as bpf from "../sys/bpf.js";
import type { FdStore } from "../sys/fd-store.js";
import { FLOW_KEY_SIZE, FLOW_VALUE_SIZE } from "../wire/flow-entry.js";
import { rawHalf, rawWord } from "../wire/raw.js";
import { RING_SIZE } from "./accept-program.js";
import { COUNTERS, type MapFds } from "./program.js";

// biome-ignore format: a table
export const PORT_KEY_SIZE = 8, VALUE_SIZE = 4;
const FRAGMENT_VALUE_SIZE = 8,
  MAX_PORTS = 1 << 18,
  MAX_LOCALS = 1 << 14,
  MAX_FRAGMENTS = 1 << 10,
  MAX_NETWORKS = 1 << 12;
/** An LRU map lets each CPU keep up to this many free elements to itself (LOCAL_FREE_TARGET, kernel/bpf/bpf_lru_list.c). */
const LRU_SLACK = 128;

export interface MapOptions {
  flowCapacity: number;
  bypass?: boolean;
  /** Keeps the flows while the process is restarted. */
  store?: FdStore | undefined;
}

/** Descriptors of maps, all new but maybe `flows`; each is added to `fds`, also when a later one fails. */
export function createMaps({ flowCapacity, bypass = false, store }: MapOptions, fds: number[]): MapFds {
  const create = (name: string, type: number, keySize: number, valueSize: number, maxEntries: number, flags = 0): number => {
    const fd = bpf.createMap({ name: `tsproxy_${name}`, type, keySize, valueSize, maxEntries, flags });
    fds.push(fd);
    return fd;
  };
  const slack = LRU_SLACK * os.cpus().length;
  const flows = 2 * flowCapacity + slack;
  return {
    flows: kept(store, flowsName(flowCapacity), fds, () => create("flows", bpf.MAP_LRU_HASH, FLOW_KEY_SIZE, FLOW_VALUE_SIZE, flows)),
    fragments: create("fragments", bpf.MAP_LRU_HASH, FLOW_KEY_SIZE, FRAGMENT_VALUE_SIZE, MAX_FRAGMENTS + slack),
    ports: create("ports", bpf.MAP_HASH, PORT_KEY_SIZE, VALUE_SIZE, bypass ? MAX_PORTS : 1, bpf.F_NO_PREALLOC),
    locals: create("locals", bpf.MAP_HASH, 4, VALUE_SIZE, MAX_LOCALS, bpf.F_NO_PREALLOC),
    own: create("own", bpf.MAP_HASH, 4, VALUE_SIZE, MAX_LOCALS, bpf.F_NO_PREALLOC),
    ipsec: create("ipsec", bpf.MAP_LPM_TRIE, 8, VALUE_SIZE, MAX_NETWORKS, bpf.F_NO_PREALLOC),
    counters: create("stats", bpf.MAP_PERCPU_ARRAY, 4, 8, COUNTERS.length),
  };
}

/** `which`: of the workers' rings. What a former process has not read is in it. */
export function createRing(which: string, store: FdStore | undefined, fds: number[]): number {
  return kept(store, `ring-${RING_SIZE}-${which}`, fds, () => {
    const fd = bpf.createMap({ name: "tsproxy_accept", type: bpf.MAP_RINGBUF, keySize: 0, valueSize: 0, maxEntries: RING_SIZE });
    fds.push(fd);
    return fd;
  });
}

/** What the map `flows` is called in the store: another layout or size is another map. */
export function flowsName(flowCapacity: number): string {
  return `flows-${FLOW_KEY_SIZE}-${FLOW_VALUE_SIZE}-${flowCapacity}`;
}

/** What a former process left under the name, or else a new one, which is put there. */
function kept(store: FdStore | undefined, name: string, fds: number[], create: () => number): number {
  const [former] = store?.take(name) ?? [];
  if (former !== undefined) {
    fds.push(former);
    return former;
  }
  const fd = create();
  store?.put(name, [fd]);
  return fd;
}

/** Keys of the `ports` map for a range of ports, one after another. */
export function portKeys(proto: number, hostIp: number, firstPort: number, lastPort: number): Uint8Array {
  const words = new Int32Array(2 * (lastPort - firstPort + 1));
  for (let i = 0; i < words.length; i += 2) {
    words[i] = rawWord(hostIp);
    words[i + 1] = rawHalf(firstPort + i / 2) | (proto << 16);
  }
  return bytes(words);
}

/** The same memory. */
export function bytes(words: Int32Array): Uint8Array {
  return new Uint8Array(words.buffer);
}
