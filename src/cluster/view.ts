/**
 * A cluster as its store has it: nodes, networks and endpoints, by what they are called. What is in the store and cannot be read, since somebody
 * else wrote it or a newer version did, is named once and passed over.
 */
import { log } from "../log.js";
import { endpointWord, type NetworkRecord } from "../model/records.js";
import type { Keys } from "./keys.js";
import { type GlobalEndpoint, type Holder, type NodeRecord, type Parsed, parseEndpoint, parseNetwork, parseNode } from "./records.js";
import type { StoreEvent } from "./store.js";

/** What is different now. Of what was replaced by the same id, the new one is in `put` alone. */
export interface ViewChange {
  readonly nodes: { readonly put: readonly NodeRecord[]; readonly removed: readonly NodeRecord[] };
  readonly networks: { readonly put: readonly NetworkRecord[]; readonly removed: readonly NetworkRecord[] };
  readonly endpoints: { readonly put: readonly GlobalEndpoint[]; readonly removed: readonly GlobalEndpoint[] };
}

export class ClusterView {
  readonly nodes = new Map<string, NodeRecord>();
  readonly networks = new Map<string, NetworkRecord>();
  /** Another number than before after each change. */
  version = 0;
  private readonly endpointsByNetwork = new Map<string, Map<string, GlobalEndpoint>>();
  private readonly listeners = new Set<(change: ViewChange) => void>();

  constructor(private readonly keys: Keys) {}

  /** What people call who holds an address of that network; who is not known is somebody else. */
  holderWords(network: string, holder: Holder | undefined): string {
    if (holder === undefined) return "somebody else";
    const names = this.endpointsByNetwork.get(network)?.get(holder.endpoint)?.names ?? [];
    return `endpoint ${endpointWord({ id: holder.endpoint, use: { names } })} on node ${holder.node}`;
  }

  /** Of one network. */
  endpointsIn(network: string): readonly GlobalEndpoint[] {
    return [...(this.endpointsByNetwork.get(network)?.values() ?? [])];
  }

  networkNamed(name: string): NetworkRecord | undefined {
    for (const network of this.networks.values()) if (network.name === name) return network;
    return undefined;
  }

  /** Answers how to end that. */
  onChange(listener: (change: ViewChange) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  apply(events: readonly StoreEvent[]): void {
    const change = { nodes: { put: [], removed: [] }, networks: { put: [], removed: [] }, endpoints: { put: [], removed: [] } } as Recorded;
    for (const event of events) this.applyOne(event, change);
    this.version++;
    for (const listener of this.listeners) listener(change);
  }

  private applyOne({ key, value }: StoreEvent, { nodes, networks, endpoints }: Recorded): void {
    const what = this.keys.parse(key);
    if (what === undefined) {
      if (value !== undefined) passedOver(key, "it is none of tsproxy's");
    } else if (what.kind === "node") {
      const node = read(key, value, parseNode, ({ name }) => name === what.name);
      record(nodes, this.nodes.get(what.name), node);
      set(this.nodes, what.name, node);
    } else if (what.kind === "network") {
      const network = read(key, value, parseNetwork, ({ id }) => id === what.id);
      record(networks, this.networks.get(what.id), network);
      set(this.networks, what.id, network);
    } else if (what.kind === "endpoint") {
      const endpoint = read(key, value, parseEndpoint, ({ id, network }) => id === what.id && network === what.network);
      const others = this.endpointsByNetwork.get(what.network) ?? new Map<string, GlobalEndpoint>();
      record(endpoints, others.get(what.id), endpoint);
      set(others, what.id, endpoint);
      set(this.endpointsByNetwork, what.network, others.size === 0 ? undefined : others);
    }
  }
}

interface Changed<T> {
  put: T[];
  removed: T[];
}

interface Recorded {
  nodes: Changed<NodeRecord>;
  networks: Changed<NetworkRecord>;
  endpoints: Changed<GlobalEndpoint>;
}

function record<T>({ put, removed }: Changed<T>, before: T | undefined, after: T | undefined): void {
  if (after !== undefined) put.push(after);
  else if (before !== undefined) removed.push(before);
}

function set<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}

function read<T>(
  key: string,
  value: string | undefined,
  parse: (text: string) => Parsed<T>,
  belongs: (record: T) => boolean,
): T | undefined {
  if (value === undefined) return undefined;
  const parsed = parse(value);
  if ("problem" in parsed) passedOver(key, parsed.problem);
  else if (!belongs(parsed.record)) passedOver(key, "its value is of another key");
  else return parsed.record;
  return undefined;
}

function passedOver(key: string, problem: string): void {
  log.warn(`the store's key ${key} is passed over: ${problem}`);
}
