/**
 * A store in memory, which any number of nodes in this process share: for simulations. It can fail as a real one does: each client may be cut
 * off, its watches may fall silent, and the history may be compacted. Time is the caller's (`advance`).
 */
import {
  type ClusterStore,
  type Condition,
  type Entry,
  endOf,
  type LeaseId,
  LeaseLost,
  type Operation,
  type Outcome,
  type Snapshot,
  type StoreEvent,
  storeError,
  type Transaction,
  type Watch,
  type WatchListener,
} from "./store.js";

/** As in etcd, no two stores have the same. */
let nextLease = 1;

interface Stored extends Entry {
  lease: LeaseId | undefined;
}

interface Lease {
  ttlSec: number;
  leftSec: number;
  keys: Set<string>;
}

interface Watcher {
  prefix: string;
  client: MemoryClient;
  listener: WatchListener;
}

export class MemoryCluster {
  revision = 1;
  /** Bytes of keys and values that were written, and that watches were sent: what a real store would have to carry. */
  readonly traffic = { writes: 0, written: 0, sent: 0 };
  private readonly entries = new Map<string, Stored>();
  private readonly leases = new Map<LeaseId, Lease>();
  private readonly watchers = new Set<Watcher>();
  private history: StoreEvent[] = [];
  private compacted = 0;

  /** A node's way to the store. */
  connect(): MemoryClient {
    return new MemoryClient(this);
  }

  /** Forgets what was before this revision: who asks for it is told that it is gone. */
  compact(revision = this.revision): void {
    this.compacted = revision;
    this.history = this.history.filter((event) => event.revision >= revision);
  }

  /** Leases of keys that end in `name`. */
  leasesOf(name: string): Set<LeaseId> {
    return new Set([...this.entries.values()].flatMap(({ key, lease }) => (key.endsWith(name) && lease !== undefined ? [lease] : [])));
  }

  /** Time goes by: leases that nobody kept end. */
  advance(seconds: number): void {
    for (const [id, lease] of this.leases) {
      lease.leftSec -= seconds;
      if (lease.leftSec < 0) this.end(id);
    }
  }

  list(prefix: string): Snapshot {
    const entries = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix)).sort((a, b) => (a.key < b.key ? -1 : 1));
    return { revision: this.revision, entries: entries.map(({ key, value, revision }) => ({ key, value, revision })) };
  }

  transact({ when, change, orRead = [] }: Transaction): Outcome {
    if (!when.every((condition) => this.holds(condition))) {
      const found = orRead.flatMap((key) => this.entries.get(key) ?? []);
      return { done: false, revision: this.revision, found };
    }
    for (const operation of change)
      if ("put" in operation && operation.lease !== undefined && !this.leases.has(operation.lease)) throw new LeaseLost("no such lease");
    this.apply(change);
    return { done: true, revision: this.revision, found: [] };
  }

  grant(ttlSec: number): LeaseId {
    const id = String(nextLease++);
    this.leases.set(id, { ttlSec, leftSec: ttlSec, keys: new Set() });
    return id;
  }

  keepAlive(id: LeaseId): boolean {
    const lease = this.leases.get(id);
    if (lease !== undefined) lease.leftSec = lease.ttlSec;
    return lease !== undefined;
  }

  /** Revoked, or not kept. */
  end(id: LeaseId): void {
    const lease = this.leases.get(id);
    this.leases.delete(id);
    if (lease !== undefined) this.apply([...lease.keys].map((remove) => ({ remove })));
  }

  watch(prefix: string, from: number, client: MemoryClient, listener: WatchListener): () => void {
    const watcher: Watcher = { prefix, client, listener };
    queueMicrotask(() => {
      if (from < this.compacted) {
        listener.onEnd(storeError("unavailable", `revision ${from} has been compacted`));
        return;
      }
      this.watchers.add(watcher);
      this.tell(
        watcher,
        this.history.filter((event) => event.revision >= from),
      );
    });
    return () => this.watchers.delete(watcher);
  }

  /** Ends the watches of a client, as when its connection breaks. */
  cut(client: MemoryClient): void {
    for (const watcher of this.watchers)
      if (watcher.client === client) {
        this.watchers.delete(watcher);
        watcher.listener.onEnd(storeError("unavailable", "the connection ended"));
      }
  }

  private holds(condition: Condition): boolean {
    if ("absent" in condition) return !this.entries.has(condition.absent);
    if ("present" in condition) return this.entries.has(condition.present);
    if ("key" in condition) return this.entries.get(condition.key)?.value === condition.value;
    const prefix = "absentUnder" in condition ? condition.absentUnder : condition.quietUnder;
    const since = "absentUnder" in condition ? 0 : condition.since;
    const end = endOf(prefix);
    for (const { key, revision } of this.entries.values()) if (key >= prefix && key < end && revision > since) return false;
    return true;
  }

  private apply(operations: readonly Operation[]): void {
    const events: StoreEvent[] = [];
    const revision = this.revision + 1;
    for (const operation of operations) {
      const key = "put" in operation ? operation.put : operation.remove;
      const before = this.entries.get(key);
      if (before?.lease !== undefined) this.leases.get(before.lease)?.keys.delete(key);
      if ("put" in operation) {
        const { value, lease } = operation;
        this.entries.set(key, { key, value, revision, lease });
        if (lease !== undefined) this.leases.get(lease)!.keys.add(key);
        events.push({ key, value, revision });
        this.traffic.writes++;
        this.traffic.written += key.length + value.length;
      } else if (this.entries.delete(key)) events.push({ key, value: undefined, revision });
    }
    if (events.length === 0) return;
    this.revision = revision;
    this.history.push(...events);
    for (const watcher of this.watchers) this.tell(watcher, events);
  }

  private tell({ prefix, client, listener }: Watcher, events: readonly StoreEvent[]): void {
    const wanted = events.filter(({ key }) => key.startsWith(prefix));
    if (wanted.length === 0 || client.silent || client.unreachable) return;
    for (const { key, value } of wanted) this.traffic.sent += key.length + (value?.length ?? 0);
    listener.onEvents(wanted);
  }
}

export class MemoryClient implements ClusterStore {
  readonly name = "memory";
  /** Calls fail, and watches tell nothing. */
  unreachable = false;
  /** What is said then. */
  reason = "memory";
  /** Watches tell nothing, and do not end. */
  silent = false;
  /** As `unreachable`, but what is asked arrives when `deliver` is called. */
  hanging = false;
  private readonly late: Transaction[] = [];
  private readonly closers = new Set<() => void>();

  constructor(private cluster: MemoryCluster) {}

  async list(prefix: string): Promise<Snapshot> {
    await this.reach();
    return this.cluster.list(prefix);
  }

  async transact(transaction: Transaction): Promise<Outcome> {
    if (this.hanging) this.late.push(transaction);
    await this.reach();
    return this.cluster.transact(transaction);
  }

  async grant(ttlSec: number): Promise<LeaseId> {
    await this.reach();
    return this.cluster.grant(ttlSec);
  }

  async keepAlive(lease: LeaseId): Promise<boolean> {
    await this.reach();
    return this.cluster.keepAlive(lease);
  }

  async revoke(lease: LeaseId): Promise<void> {
    await this.reach();
    this.cluster.end(lease);
  }

  watch(prefix: string, from: number, listener: WatchListener): Watch {
    const close = this.cluster.watch(prefix, from, this, listener);
    this.closers.add(close);
    return { close };
  }

  /** The store is made anew, or another one: watches end. */
  moveTo(cluster: MemoryCluster): void {
    const before = this.cluster;
    this.cluster = cluster;
    before.cut(this);
  }

  /** What was asked while it hung arrives. */
  deliver(): void {
    for (const transaction of this.late.splice(0)) this.cluster.transact(transaction);
  }

  close(): void {
    for (const close of this.closers) close();
    this.unreachable = true;
  }

  /** A turn of the event loop, as any answer takes. */
  private async reach(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.unreachable || this.hanging) throw storeError("unavailable", `store unreachable (${this.reason})`);
  }
}
