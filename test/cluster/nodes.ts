/** Nodes of one cluster on the store in memory, made anew for each test: `useNodes` sees to that. */
import { afterEach, beforeEach } from "vitest";
import { Cluster, type ClusterOptions, type Holding } from "../../src/cluster/cluster.js";
import { type MemoryClient, MemoryCluster } from "../../src/cluster/memory-store.js";
import type { GlobalNetworkRequest } from "../../src/cluster/network-plan.js";
import type { GlobalEndpoint } from "../../src/cluster/records.js";
import { setLogSink } from "../../src/log.js";
import { DEFAULT_OPTIONS, type NetworkRecord } from "../../src/model/records.js";
import { formatIp } from "../../src/wire/ip-address.js";
import { perFamily } from "../../src/wire/per-family.js";
import { ip } from "../support/ip.js";

export let store: MemoryCluster;
/** What was logged. */
export let said: string[];
export const open: Cluster[] = [];
let ttl = 0;

export interface Node {
  cluster: Cluster;
  client: MemoryClient;
}

/** Who comes from now on finds an empty one. */
export function makeStoreAnew(): void {
  store = new MemoryCluster();
}

/** `ttlSec`: of nodes that say no other. */
export function useNodes({ ttlSec }: { ttlSec: number }): void {
  beforeEach(() => {
    makeStoreAnew();
    said = [];
    ttl = ttlSec;
    setLogSink((_, message) => void said.push(message));
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((cluster) => cluster.close()));
    setLogSink(() => {});
  });
}

export async function node(
  name: string,
  change: Partial<ClusterOptions> & { holding?: Holding[]; instance?: string; at?: string } = {},
): Promise<Node> {
  const client = store.connect();
  const { holding, instance = name, at = `192.0.2.${open.length + 1}`, ...rest } = change;
  const self = { name, instance, tunnel: perFamily([ip(at)]) };
  const cluster = new Cluster(client, { cluster: "c", self, ttlSec: ttl, quietMs: 100, graceMs: 100, ...rest });
  open.push(cluster);
  await cluster.start(holding);
  return { cluster, client };
}

const CHOSEN = { prefix: undefined, gateway: undefined };
let ids = 0;
export const newId = (): string => `e${String(ids++).padStart(15, "0")}`;

export const asked = (name: string, change: Partial<GlobalNetworkRequest> = {}): GlobalNetworkRequest => ({
  id: newId(),
  name,
  subnets: { ipv4: CHOSEN },
  vni: undefined,
  options: { ...DEFAULT_OPTIONS },
  about: { origin: "overlay", created: "", labels: {}, options: {} },
  ...change,
});

export function make({ cluster }: Node, name: string, change: Partial<GlobalNetworkRequest> = {}): Promise<NetworkRecord> {
  return cluster.networks.create(asked(name, change), () => null);
}

export function claim({ cluster }: Node, network: NetworkRecord, name: string, address?: string): Promise<GlobalEndpoint> {
  const addresses = address === undefined ? {} : { addresses: { ipv4: ip(address) } };
  return cluster.claim(network, { id: newId(), use: { owner: name, names: [name] }, ...addresses });
}

export const addressOf = ({ addresses }: GlobalEndpoint): string => formatIp(addresses.ipv4!);

/** `NAME ADDRESS NODE` of each endpoint that the node knows in the network. */
export function seenBy({ cluster }: Node, network: NetworkRecord): string[] {
  const endpoints = cluster.view.endpointsIn(network.id);
  return endpoints.map((each) => `${each.names[0]} ${addressOf(each)} ${each.node}`).sort();
}
