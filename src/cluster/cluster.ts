/**
 * One node's part in a cluster: networks and endpoints that all nodes know, kept in a store. What is there is in `view`; what is to change is
 * changed in the store first, by compare-and-swap, so that no two nodes ever have one name, VNI, subnet or address. While the store is not
 * reached, all that is there stays as it was, and what would change it is refused (TSP_ERR_STORE, unavailable).
 *
 * What this node holds is its own to know: it is put again when the lease was lost, and given back when the endpoint has ended, later where the
 * store is not reached then.
 */
import type { NodeKeys } from "../control/network/key-ring.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { chosenAddresses } from "../model/addresses.js";
import { checkEndpoint, endpointError, type Neighbor, networkError } from "../model/checks.js";
import { endpointWord, type NetworkRecord, networkWord, shortId } from "../model/records.js";
import type { EndpointRequest } from "../model/requests.js";
import { formatIp, type IpAddress, parseIp, sameIp } from "../wire/ip-address.js";
import { eachFamily, type PerFamily, perFamily } from "../wire/per-family.js";
import { anyAddress } from "./allocate.js";
import { Fence } from "./fence.js";
import { GlobalNetworks } from "./global-networks.js";
import { type Held, Holdings } from "./holdings.js";
import { Keys } from "./keys.js";
import { Mirror } from "./mirror.js";
import { beaconText, endpointText, type GlobalEndpoint, type NodeRecord } from "./records.js";
import { NodeSession } from "./session.js";
import { type ClusterStore, type LeaseId, LeaseLost, storeError } from "./store.js";
import { ClusterView, type ViewChange } from "./view.js";

export interface ClusterOptions {
  readonly cluster: string;
  readonly self: NodeRecord;
  /** How long the others wait for a silent node. */
  readonly ttlSec: number;
  /** See `MirrorOptions`. */
  readonly quietMs?: number;
  readonly graceMs?: number;
  readonly random?: () => number;
  /** How often this node looks whether the addresses that it holds are its own still. */
  readonly heldMs?: number;
  /** Of this node, as they are now, that the others are to know; undefined: none. `onTold`: they can know those of now. */
  readonly publicKeys?: () => NodeKeys | undefined;
  readonly onTold?: () => void;
}

/** What a node has of the cluster's: an endpoint, and the network that it is in. */
export interface Holding {
  readonly endpoint: GlobalEndpoint;
  readonly network: NetworkRecord;
}

/** A node, there or not. */
export interface NodeView {
  readonly name: string;
  readonly tunnel: PerFamily<IpAddress> | undefined;
  readonly endpoints: number;
  /** It has told a key for encrypted networks. */
  readonly encrypts: boolean;
}

const QUIET_MS = 5000;
const GRACE_MS = 2000;
const HELD_MS = 30_000;
/** Who met others so often asks no more. */
const TRIES = 20;
/** Endpoints that are put at a time when a node comes back. */
const TOGETHER = 8;

export class Cluster {
  readonly view: ClusterView;
  readonly self: NodeRecord;
  readonly networks: GlobalNetworks;
  private readonly keys: Keys;
  private readonly mirror: Mirror;
  private readonly session: NodeSession;
  private readonly holdings: Holdings;
  private readonly fence: Fence;
  private readonly held = new Map<string, Holding>();
  /** Of these, by id: somebody else has an address of it now. */
  private readonly displaced = new Set<string>();
  /** To be given back when the store is reached. */
  private readonly owed = new Map<string, GlobalEndpoint>();
  /** Whether addresses that this node no longer uses, as it ended unawares, were given back. */
  private swept = false;
  private readonly random: () => number;
  private turn: Promise<unknown> = Promise.resolve();
  private readonly heldMs: number;
  private looking: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: ClusterStore,
    {
      cluster,
      self,
      ttlSec,
      quietMs = QUIET_MS,
      graceMs = GRACE_MS,
      random = Math.random,
      heldMs = HELD_MS,
      publicKeys,
      onTold,
    }: ClusterOptions,
  ) {
    this.heldMs = heldMs;
    this.self = self;
    this.random = random;
    this.keys = new Keys(cluster);
    this.view = new ClusterView(this.keys);
    this.holdings = new Holdings(store, this.keys);
    this.fence = new Fence(store, this.keys.fence(self.name), random);
    this.session = new NodeSession(store, this.keys, self, ttlSec, (lease) => this.inTurn(() => this.announce(lease)), publicKeys, onTold);
    this.mirror = new Mirror(store, {
      prefix: this.keys.map,
      beacon: { key: this.keys.beacon, value: beaconText(self.name) },
      quietMs,
      graceMs,
      random,
      onChange: (changes) => this.view.apply(changes),
      onFresh: () => log.info(`${store.name} is reached: cluster ${cluster}, node ${self.name}`),
    });
    const { keys, view, mirror, fence, holdings } = this;
    this.networks = new GlobalNetworks({ store, keys, view, mirror, fence, holdings, self, onUnanswered: () => this.session.repeat() });
    this.view.onChange((change) => this.compare(change));
  }

  /** Goes on until `close`. `holding`: what an earlier process had. Throws TSP_ERR_STORE, but not when the store is not reached. */
  async start(holding: readonly Holding[] = []): Promise<void> {
    for (const each of holding) this.held.set(each.endpoint.id, each);
    const reached = await this.session.start();
    this.mirror.start();
    this.looking = setInterval(() => void this.lookAfterHeld().catch(() => {}), this.heldMs).unref(); // not reached: the next time
    if (reached) await this.mirror.seen(1);
  }

  async close(): Promise<void> {
    clearInterval(this.looking);
    this.mirror.close();
    await this.session.close(this.held.size === 0);
    await this.turn;
    this.store.close();
  }

  /** This node has other keys than before: the others are told, as soon as the store is reached. */
  tellKeys(): void {
    this.session.tell();
  }

  /** Why the store's content may be out of date; undefined: it is not. */
  get problem(): TsproxyError | undefined {
    return this.mirror.problem;
  }

  /** Everything is known that was in the store when this was called. */
  sync(): Promise<void> {
    return this.mirror.sync();
  }

  /**
   * Gives an endpoint of this node an address and a place among the others'. An address that is named may be one of a node that is not there any
   * more. Throws TSP_ERR_ENDPOINT: invalid, conflict; TSP_ERR_NETWORK: not-found; TSP_ERR_STORE.
   */
  claim(network: NetworkRecord, request: EndpointRequest): Promise<GlobalEndpoint> {
    return this.inTurn(async () => {
      if (this.mirror.problem !== undefined) throw this.mirror.problem;
      const neighbors: Neighbor[] = this.view
        .endpointsIn(network.id)
        .map(({ id, addresses, mac, names }) => ({ id, addresses, mac, use: { names } }));
      for (let i = 0; i < TRIES; i++) {
        const { lease } = this.session;
        if (i === 1) neighbors.push(...(await this.unseen(network.id)));
        const checked = checkEndpoint(request, network, neighbors, i <= 1 ? chosenAddresses : anyAddress(this.random));
        const { id, addresses, mac, use = { owner: "", names: [] } } = checked;
        const { name: node, tunnel } = this.self;
        const endpoint: GlobalEndpoint = { id, network: network.id, node, tunnel, addresses, mac, owner: use.owner, names: use.names };
        const named = eachFamily(request.addresses ?? {});
        const result = await this.tryTake(endpoint, lease, named);
        if (result.outcome === "held") {
          this.held.set(id, { endpoint, network });
          await this.mirror.seen(result.revision);
          return endpoint;
        }
        if (result.outcome === "no-network") throw networkError("not-found", `network ${networkWord(network)} not found`);
        const { address, holder } = result;
        if (named.some((each) => sameIp(each, address)))
          throw endpointError("conflict", `address ${formatIp(address)} is that of ${this.view.holderWords(network.id, holder)}`);
        neighbors.push({ id: holder?.endpoint ?? "?", addresses: perFamily([address]), mac: "" });
      }
      throw endpointError("unavailable", `no address is had in network ${networkWord(network)}: others take them all the time`);
    });
  }

  /** Its names have changed; one that is not the cluster's is passed over. Throws TSP_ERR_STORE, with the names as they were. */
  async rename(id: string, names: readonly string[]): Promise<void> {
    if (!this.held.has(id)) return;
    return this.inTurn(async () => {
      const holding = this.held.get(id);
      if (holding === undefined) return;
      const endpoint = { ...holding.endpoint, names };
      const { lease } = this.session;
      try {
        await this.holdings.update(endpoint, lease);
      } catch (error) {
        if (error instanceof LeaseLost) throw this.leaseEnded(lease);
        this.session.repeat(); // it may have been done: what is held is put again
        throw error;
      }
      this.held.set(id, { ...holding, endpoint });
    });
  }

  /** The endpoint has ended. Where the store is not reached, it is told later. Of one that is not the cluster's nobody waits for the store. */
  async release(id: string): Promise<void> {
    if (!this.held.has(id)) return;
    return this.inTurn(async () => {
      const holding = this.held.get(id);
      if (holding === undefined) return;
      this.held.delete(id);
      this.displaced.delete(id);
      this.owed.set(id, holding.endpoint);
      if (this.owed.size > 1 || this.mirror.problem !== undefined) return this.session.repeat(); // it did not answer before
      await this.payBack().catch((error) => {
        log.warn(`the address of endpoint ${shortId(id)} is given back later: ${TsproxyError.of(error).describe()}`);
        this.session.repeat();
      });
    });
  }

  /** Whether somebody else has an address that this endpoint of this node has, so that others do not reach it. */
  isDisplaced(id: string): boolean {
    return this.displaced.has(id);
  }

  /** All that are there, and those that hold addresses and are not. */
  async nodes(): Promise<NodeView[]> {
    const counts = new Map<string, Set<string>>([...this.view.nodes.keys()].map((name) => [name, new Set()]));
    for (const { holder } of await this.holdings.list(this.keys.heldAll))
      if (holder !== undefined) counts.set(holder.node, (counts.get(holder.node) ?? new Set()).add(holder.endpoint));
    return [...counts]
      .sort(([x], [y]) => (x < y ? -1 : 1))
      .map(([name, { size }]) => {
        const node = this.view.nodes.get(name);
        return { name, tunnel: node?.tunnel, endpoints: size, encrypts: node?.keys !== undefined };
      });
  }

  /** Gives back what a node that is gone for good held. Throws TSP_ERR_STORE: not-found, conflict for one that is there. */
  async removeNode(name: string): Promise<void> {
    const key = this.keys.node(name);
    const { done } = await this.store.transact({ when: [{ absent: key }], change: [] });
    if (!done) throw storeError("conflict", `node '${name}' is there`, "stop its daemon, and wait until it is gone");
    if ((await this.holdings.releaseAll(name, new Set(), [{ absent: key }])) === 0)
      throw storeError("not-found", `there is no node '${name}'`, "see 'tsproxy node ls'");
    await this.store.transact({ when: [{ absent: key }], change: [{ remove: this.keys.fence(name) }] });
  }

  /** What somebody else's hand has changed of what this node has put is put again, and an address that is free again is taken back. */
  private compare({ nodes, networks, endpoints }: ViewChange): void {
    const { name } = this.self;
    const isOwn = (node: NodeRecord): boolean => node.name === name;
    if (nodes.removed.some(isOwn) || nodes.put.some((node) => isOwn(node) && !this.session.isOwn(node))) this.session.tell();
    const changed = (endpoint: GlobalEndpoint): boolean => {
      const own = this.held.get(endpoint.id)?.endpoint;
      return own?.network === endpoint.network && endpointText(endpoint) !== endpointText(own);
    };
    if (
      endpoints.put.some(changed) ||
      endpoints.removed.some((endpoint) => this.held.has(endpoint.id) || this.waitsFor(endpoint)) ||
      (networks.removed.length > 0 && [...this.held.values()].some(({ network }) => networks.removed.some(({ id }) => id === network.id)))
    )
      this.session.repeat();
  }

  /** Who has which address nobody watches: all nodes would hear of all addresses twice. So what this node holds is asked for now and then, and put again. */
  private lookAfterHeld(): Promise<void> {
    return this.inTurn(async () => {
      if (this.mirror.problem !== undefined) return;
      const own = [...this.held.values()].flatMap(({ endpoint }) => (this.displaced.has(endpoint.id) ? [] : [endpoint]));
      if (!(await this.holdings.areHeld(own))) this.session.repeat();
    });
  }

  /** Whether an endpoint of this node has an address that was given to that one. */
  private waitsFor({ network, addresses }: GlobalEndpoint): boolean {
    const has = (own: GlobalEndpoint): boolean =>
      eachFamily(own.addresses).some((each) => eachFamily(addresses).some((other) => sameIp(each, other)));
    return [...this.displaced].some((id) => {
      const own = this.held.get(id)?.endpoint;
      return own?.network === network && has(own);
    });
  }

  /** Addresses that are held by endpoints that are not there now. */
  private async unseen(network: string): Promise<{ id: string; addresses: PerFamily<IpAddress>; mac: string }[]> {
    const prefix = this.keys.heldIn(network);
    const entries = await this.holdings.list(prefix);
    return entries.flatMap(({ entry: { key }, holder }) => {
      const address = parseIp(key.slice(prefix.length));
      return address === null ? [] : [{ id: holder?.endpoint ?? "?", addresses: perFamily([address]), mac: "" }];
    });
  }

  private async tryTake(endpoint: GlobalEndpoint, lease: LeaseId, named: readonly IpAddress[]): Promise<Held> {
    try {
      return await this.holdings.take(endpoint, lease, this.fence, named);
    } catch (error) {
      if (error instanceof LeaseLost) throw this.leaseEnded(lease);
      // Whether it was made is not known: it is undone when the store is reached.
      if (this.fence.broken) {
        this.owed.set(endpoint.id, endpoint);
        this.session.repeat();
      }
      throw error;
    }
  }

  private leaseEnded(lease: LeaseId): TsproxyError {
    this.session.renew(lease);
    return storeError("unavailable", "store unreachable: the lease of this node has ended, and it comes back in a moment", "try again");
  }

  /** Puts all that is held under the lease, and gives back what is not. */
  private async announce(lease: LeaseId): Promise<void> {
    if (this.fence.broken) await this.fence.raise();
    await this.payBack();
    if (!this.swept) await this.holdings.releaseAll(this.self.name, new Set(this.held.keys()));
    this.swept = true;
    const all = [...this.held.values()];
    for (let i = 0; i < all.length; i += TOGETHER)
      await Promise.all(all.slice(i, i + TOGETHER).map((holding) => this.announceOne(holding, lease)));
  }

  private async announceOne({ endpoint, network }: Holding, lease: LeaseId): Promise<void> {
    const what = `endpoint ${endpointWord({ id: endpoint.id, use: endpoint })} in network ${networkWord(network)}`;
    let result = await this.holdings.putBack(endpoint, lease);
    if (result.outcome === "no-network" && (await this.networks.putBack(network))) result = await this.holdings.putBack(endpoint, lease);
    const before = this.displaced.has(endpoint.id);
    if (result.outcome !== "taken") {
      this.displaced.delete(endpoint.id);
      if (before) log.info(`${what}: it has its address again`);
      return;
    }
    this.displaced.add(endpoint.id);
    const words = `${what}: address ${formatIp(result.address)} was given to ${this.view.holderWords(network.id, result.holder)} meanwhile: others do not reach it here`;
    if (!before) log.warn(`${words}; start it anew, or end that one`);
  }

  private async payBack(): Promise<void> {
    for (const [id, endpoint] of this.owed) {
      await this.holdings.release(endpoint);
      this.owed.delete(id);
    }
    await this.networks.payBack();
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.turn.then(action);
    this.turn = done.catch(() => {});
    return done;
  }
}
