/**
 * Networks of the cluster as one node makes and removes them. Two nodes may look for a name, a VNI and a subnet in the same instant: a network is put
 * on the condition that none was put after the revision that was looked at, and who meets another looks again.
 */
import { log } from "../log.js";
import { networkError } from "../model/checks.js";
import { type Obstacle, type Pool, uniqueLocalPools } from "../model/pools.js";
import { type NetworkRecord, networkWord, shortId } from "../model/records.js";
import { type IpPrefix, prefixContains } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { rivalOf } from "./allocate.js";
import type { Fence } from "./fence.js";
import type { Holdings } from "./holdings.js";
import type { Keys } from "./keys.js";
import type { Mirror } from "./mirror.js";
import { type GlobalNetworkRequest, planNetwork } from "./network-plan.js";
import { type NodeRecord, networkText } from "./records.js";
import { type ClusterStore, storeError } from "./store.js";
import type { ClusterView } from "./view.js";

/** Who met others so often asks no more. */
const TRIES = 20;

/** What it works with, all of one node's `Cluster`. */
export interface NetworkTools {
  readonly store: ClusterStore;
  readonly keys: Keys;
  readonly view: ClusterView;
  readonly mirror: Mirror;
  readonly fence: Fence;
  readonly holdings: Holdings;
  readonly self: NodeRecord;
  /** The store did not answer: `payBack` is to be called when it does. */
  onUnanswered(): void;
}

export class GlobalNetworks {
  /** To be removed when the store is reached. */
  private readonly owed = new Set<string>();
  private readonly ipv6Pools: readonly Pool[];

  constructor(private readonly tools: NetworkTools) {
    this.ipv6Pools = uniqueLocalPools(`cluster ${tools.keys.cluster}`); // the same for all its nodes
  }

  /** `obstacle`: what this host has in a subnet's way. Throws TSP_ERR_NETWORK: invalid, conflict; TSP_ERR_STORE. */
  async create(request: GlobalNetworkRequest, obstacle: Obstacle): Promise<NetworkRecord> {
    for (let i = 0; i < TRIES; i++) {
      if (this.tools.mirror.problem !== undefined) throw this.tools.mirror.problem;
      const { revision } = this.tools.mirror;
      const record = planNetwork(
        request,
        [...this.tools.view.networks.values()],
        this.ipv6Pools,
        (prefix) => this.nodeIn(prefix) ?? obstacle(prefix),
      );
      if (await this.put(record, revision)) return record;
      await this.tools.mirror.sync();
    }
    throw networkError("unavailable", `network ${request.name}: others make networks all the time`, "try again");
  }

  /** Throws TSP_ERR_NETWORK: not-found; conflict while somebody has an address in it. */
  async remove(id: string): Promise<void> {
    if (this.tools.mirror.problem !== undefined) throw this.tools.mirror.problem;
    const key = this.tools.keys.network(id);
    const when = [{ present: key }, { absentUnder: this.tools.keys.heldIn(id) }];
    const { done, revision } = await this.tools.fence.transact({ when, change: [{ remove: key }] }).catch((error) => {
      if (this.tools.fence.broken) this.tools.onUnanswered();
      throw error;
    });
    if (done) return this.tools.mirror.seen(revision);
    const [held] = await this.tools.holdings.list(this.tools.keys.heldIn(id));
    if (held === undefined) throw networkError("not-found", `there is no network ${shortId(id)}`);
    const { holder, entry } = held;
    const address = entry.key.slice(this.tools.keys.heldIn(id).length);
    const gone = holder !== undefined && !this.tools.view.nodes.has(holder.node);
    const network = this.tools.view.networks.get(id);
    throw networkError(
      "conflict",
      `error while removing network: network ${network === undefined ? shortId(id) : networkWord(network)} has active endpoints (${address} is that of ${this.tools.view.holderWords(id, holder)})`,
      gone ? `node ${holder.node} is not there now; if it does not come back: 'tsproxy node rm ${holder.node}'` : "stop them there",
    );
  }

  /** Removes what may have been made though it was told to have failed. */
  async payBack(): Promise<void> {
    const { store, keys } = this.tools;
    for (const id of this.owed) {
      await store.transact({ when: [{ absentUnder: keys.heldIn(id) }], change: [{ remove: keys.network(id) }] });
      this.owed.delete(id);
    }
  }

  /** One that the store has lost though it is used here. False when what it has was given to another one meanwhile. */
  async putBack(network: NetworkRecord): Promise<boolean> {
    const key = this.tools.keys.network(network.id);
    const what = `network ${networkWord(network)}, which is used here and which the store has lost,`;
    for (let i = 0; i < TRIES; i++) {
      const { revision: since } = this.tools.mirror;
      const others = [...this.tools.view.networks.values()].filter(({ id }) => id !== network.id);
      const other = rivalOf(network, others);
      if (other !== undefined) {
        log.warn(`${what} is not put back: network ${other.name} has its name, VNI or subnet now`);
        return false;
      }
      const when = [{ quietUnder: this.tools.keys.networks, since }];
      const { done, found } = await this.tools.store.transact({ when, change: [{ put: key, value: networkText(network) }], orRead: [key] });
      if (done) log.warn(`${what} is put back`);
      if (done || found.length > 0) return true;
      await this.tools.mirror.sync();
    }
    throw storeError("unavailable", `${what} is not put back: others make networks all the time`);
  }

  /** A node whose tunnel would be cut off. */
  private nodeIn(prefix: IpPrefix): string | null {
    const nodes = [this.tools.self, ...this.tools.view.nodes.values()];
    const inside = nodes.find(({ tunnel }) => eachFamily(tunnel).some((address) => prefixContains(prefix, address)));
    return inside === undefined ? null : `node ${inside.name}`;
  }

  /** False when others have made networks since that revision, so that what it is to get may be theirs. */
  private async put(record: NetworkRecord, since: number): Promise<boolean> {
    const key = this.tools.keys.network(record.id);
    const asked = {
      when: [{ quietUnder: this.tools.keys.networks, since }],
      change: [{ put: key, value: networkText(record) }],
      orRead: [key],
    };
    const { done, revision, found } = await this.tools.fence.transact(asked).catch((error) => {
      if (this.tools.fence.broken) {
        this.owed.add(record.id);
        this.tools.onUnanswered();
      }
      throw error;
    });
    if (!done && found.length === 0) return false; // else its own, from a try whose answer was lost
    await this.tools.mirror.seen(revision);
    return true;
  }
}
