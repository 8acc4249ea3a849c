/**
 * What a node holds in the store: its endpoints' addresses, which are its own until it gives them back, and the endpoints, which are there as long
 * as its lease. Each step is a compare-and-swap, and may be repeated: one whose answer was lost finds its own work.
 */
import { shortId } from "../model/records.js";
import { formatIp, type IpAddress, sameIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import type { Fence } from "./fence.js";
import type { Keys } from "./keys.js";
import { endpointText, type GlobalEndpoint, type Holder, holderText, parseHolder } from "./records.js";
import { type ClusterStore, type Condition, type Entry, type LeaseId, MAX_OPERATIONS, storeError } from "./store.js";

/** Who met others so often asks no more. */
const TRIES = 8;

export type Held =
  | { readonly outcome: "held"; readonly revision: number }
  /** `holder`: undefined when the key's value is none of ours. */
  | { readonly outcome: "taken"; readonly address: IpAddress; readonly holder: Holder | undefined }
  | { readonly outcome: "no-network" };

export class Holdings {
  constructor(
    private readonly store: ClusterStore,
    private readonly keys: Keys,
  ) {}

  /**
   * Takes a new endpoint's addresses and puts it under the lease. `named`: those that may be taken from a node that is not there any more. Throws
   * LeaseLost, TSP_ERR_STORE.
   */
  take(endpoint: GlobalEndpoint, lease: LeaseId, fence: Fence, named: readonly IpAddress[]): Promise<Held> {
    return this.hold(endpoint, lease, (transaction) => fence.transact(transaction), true, named);
  }

  /** Puts an endpoint under the lease that has its addresses already, or had before the store lost them. Throws as `take`. */
  putBack(endpoint: GlobalEndpoint, lease: LeaseId): Promise<Held> {
    return this.hold(endpoint, lease, (transaction) => this.store.transact(transaction), false, []);
  }

  private async hold(
    endpoint: GlobalEndpoint,
    lease: LeaseId,
    transact: ClusterStore["transact"],
    isNew: boolean,
    named: readonly IpAddress[],
  ): Promise<Held> {
    const { keys } = this;
    const value = holderText({ node: endpoint.node, endpoint: endpoint.id });
    const places = eachFamily(endpoint.addresses).map((address) => ({ address, key: keys.held(endpoint.network, formatIp(address)) }));
    const network = keys.network(endpoint.network);
    const conditions = new Map<string, Condition[]>(places.map(({ key }) => [key, [isNew ? { absent: key } : { key, value }]]));
    for (let i = 0; i < TRIES; i++) {
      const { done, revision, found } = await transact({
        when: [{ present: network }, ...[...conditions.values()].flat()],
        change: [
          ...places.map(({ key }) => ({ put: key, value })),
          { put: keys.endpoint(endpoint.network, endpoint.id), value: endpointText(endpoint), lease },
        ],
        orRead: [network, ...places.map(({ key }) => key)],
      });
      if (done) return { outcome: "held", revision };
      if (!found.some(({ key }) => key === network)) return { outcome: "no-network" };
      for (const { address, key } of places) {
        const entry = found.find((each) => each.key === key);
        const condition = this.conditionFor(
          key,
          value,
          entry,
          named.some((each) => sameIp(each, address)),
        );
        if (condition === undefined || i === TRIES - 1) return { outcome: "taken", address, holder: entry && holderOf(entry) };
        conditions.set(key, condition);
      }
    }
    throw storeError("unavailable", `the addresses of endpoint ${shortId(endpoint.id)} change all the time`);
  }

  /** Puts an endpoint anew that is held. */
  async update(endpoint: GlobalEndpoint, lease: LeaseId): Promise<void> {
    const value = holderText({ node: endpoint.node, endpoint: endpoint.id });
    const when = this.placesOf(endpoint).map((key) => ({ key, value }));
    const put = this.keys.endpoint(endpoint.network, endpoint.id);
    await this.store.transact({ when, change: [{ put, value: endpointText(endpoint), lease }] });
  }

  /** Whether the addresses of all of them are held by them. Changes nothing. */
  async areHeld(endpoints: readonly GlobalEndpoint[]): Promise<boolean> {
    const when = endpoints.flatMap((endpoint) => {
      const value = holderText({ node: endpoint.node, endpoint: endpoint.id });
      return this.placesOf(endpoint).map((key) => ({ key, value }));
    });
    for (let i = 0; i < when.length; i += MAX_OPERATIONS)
      if (!(await this.store.transact({ when: when.slice(i, i + MAX_OPERATIONS), change: [] })).done) return false;
    return true;
  }

  /** Gives back what of it is its own. */
  async release(endpoint: GlobalEndpoint): Promise<void> {
    const value = holderText({ node: endpoint.node, endpoint: endpoint.id });
    const remove = this.keys.endpoint(endpoint.network, endpoint.id);
    const places = this.placesOf(endpoint);
    const all = { when: places.map((key) => ({ key, value })), change: [{ remove }, ...places.map((key) => ({ remove: key }))] };
    if ((await this.store.transact(all)).done) return;
    await this.store.transact({ when: [], change: [{ remove }] });
    for (const key of places) await this.store.transact({ when: [{ key, value }], change: [{ remove: key }] });
  }

  /** Gives back all of a node's addresses but those of the endpoints in `except`; answers how many. */
  async releaseAll(node: string, except: ReadonlySet<string>, when: readonly Condition[] = []): Promise<number> {
    const stale = (await this.list(this.keys.heldAll)).filter(({ holder }) => holder?.node === node && !except.has(holder.endpoint));
    const size = Math.floor(MAX_OPERATIONS / 2);
    for (let i = 0; i < stale.length; i += size) {
      const some = stale.slice(i, i + size);
      const same = some.map(({ entry: { key, value } }) => ({ key, value }));
      const { done } = await this.store.transact({ when: [...when, ...same], change: some.map(({ entry: { key } }) => ({ remove: key })) });
      if (!done) throw storeError("conflict", `what node '${node}' holds changes: it is there`, "remove only nodes that are gone");
    }
    return stale.length;
  }

  /** Who has which address, under a prefix of theirs. */
  async list(prefix: string): Promise<{ entry: Entry; holder: Holder | undefined }[]> {
    const { entries } = await this.store.list(prefix);
    return entries.map((entry) => ({ entry, holder: holderOf(entry) }));
  }

  private placesOf({ network, addresses }: GlobalEndpoint): string[] {
    return eachFamily(addresses).map((address) => this.keys.held(network, formatIp(address)));
  }

  /** What must hold for `key` to be taken, now that `entry` is there; undefined: it is somebody else's. */
  private conditionFor(key: string, value: string, entry: Entry | undefined, fromDead: boolean): Condition[] | undefined {
    if (entry === undefined) return [{ absent: key }];
    if (entry.value === value) return [{ key, value }];
    const holder = holderOf(entry);
    if (!fromDead || holder === undefined) return undefined;
    return [{ key, value: entry.value }, { absent: this.keys.node(holder.node) }];
  }
}

function holderOf({ value }: Entry): Holder | undefined {
  const parsed = parseHolder(value);
  return "record" in parsed ? parsed.record : undefined;
}
