/**
 * `npm run bench -- cluster`: many nodes in one process on the store in memory. How long until all know of a change, what the store has to carry,
 * what a node keeps, and how that grows. One core does the work of all nodes here, one after another, and no network lies between them: the time is
 * what it would be if all nodes were on this core.
 */
import v8 from "node:v8";
import vm from "node:vm";
import { Cluster } from "../src/cluster/cluster.js";
import { MemoryCluster } from "../src/cluster/memory-store.js";
import { DEFAULT_OPTIONS, type NetworkRecord } from "../src/model/records.js";
import { format } from "./stats.js";

interface Size {
  nodes: number;
  networks: number;
  endpoints: number;
}

const SIZES: readonly Size[] = [
  { nodes: 20, networks: 250, endpoints: 2500 },
  { nodes: 20, networks: 500, endpoints: 5000 },
  { nodes: 20, networks: 1000, endpoints: 10_000 },
  { nodes: 100, networks: 20, endpoints: 200 },
  { nodes: 1000, networks: 20, endpoints: 200 },
];
const ABOUT = { origin: "overlay", created: "", labels: {}, options: {} };
const CHANGES = 100;
v8.setFlagsFromString("--expose-gc");
const collect = vm.runInNewContext("gc") as () => void;
/** Simulated nodes say nothing by themselves. */
const NEVER_MS = 1 << 30;

export async function cluster(): Promise<void> {
  console.log("nodes  networks  endpoints  set up s  p50 ms  p99 ms  written B/change  sent B/change  MB/node  listing MB");
  for (const size of SIZES) console.log(await simulate(size));
}

async function simulate({ nodes, networks, endpoints }: Size): Promise<string> {
  const store = new MemoryCluster();
  const before = memoryInUse();
  const started = performance.now();
  const all: Cluster[] = [];
  for (let i = 0; i < nodes; i++) all.push(await join(store, i));
  const made: NetworkRecord[] = [];
  for (let i = 0; i < networks; i++) made.push(await makeNetwork(all[i % nodes]!, i));
  for (let i = 0; i < endpoints; i++) await claim(all[i % nodes]!, made[i % networks]!, i);
  const setUpSec = (performance.now() - started) / 1000;
  const perNode = (memoryInUse() - before) / nodes / 1e6;

  const { written, sent } = store.traffic;
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const from = performance.now();
    const { id, network } = await claim(all[i % nodes]!, made[i % networks]!, endpoints + i);
    while (!all.every(({ view }) => view.endpointsIn(network).some((each) => each.id === id))) await new Promise(setImmediate);
    times.push(performance.now() - from);
  }
  times.sort((a, b) => a - b);
  const each = (bytes: number): string => format(bytes / CHANGES);
  const listing = store.list("/tsproxy/c/map/").entries.reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  const row = [
    nodes,
    networks,
    endpoints,
    format(setUpSec),
    format(times[CHANGES / 2]!),
    format(times[Math.floor(CHANGES * 0.99)]!),
    each(store.traffic.written - written),
    each(store.traffic.sent - sent),
    format(perNode),
    format(listing / 1e6),
  ];
  await Promise.all(all.map((node) => node.close()));
  return row.map((value, i) => String(value).padStart([5, 8, 9, 8, 6, 6, 16, 13, 7, 10][i]!)).join("  ");
}

async function join(store: MemoryCluster, i: number): Promise<Cluster> {
  const tunnel = { ipv4: { family: 4, value: BigInt(0xc6120000 + i) } } as const; // 198.18.0.0/15, RFC 2544
  const self = { name: `n${i}`, instance: String(i), tunnel };
  const node = new Cluster(store.connect(), { cluster: "c", self, ttlSec: 3600, quietMs: NEVER_MS });
  await node.start();
  return node;
}

function makeNetwork(node: Cluster, i: number): Promise<NetworkRecord> {
  const subnets = { ipv4: { prefix: undefined, gateway: undefined } };
  return node.networks.create(
    { id: idOf("a", i), name: `network-${i}`, subnets, vni: undefined, options: { ...DEFAULT_OPTIONS }, about: ABOUT },
    () => null,
  );
}

function claim(node: Cluster, network: NetworkRecord, i: number): ReturnType<Cluster["claim"]> {
  const owner = idOf("c", i);
  return node.claim(network, { id: idOf("e", i), use: { owner, names: [`service-${i}`, owner.slice(0, 12)] } });
}

/** As long as ids are. */
function idOf(kind: string, i: number): string {
  return kind + String(i).padStart(63, "0");
}

function memoryInUse(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
