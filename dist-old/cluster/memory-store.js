/**
 * A store in memory, which any number of nodes in this process share: for simulations. It can fail as a real one does: each client may be cut
 * off, its watches may fall silent, and the history may be compacted. Time is the caller's (`advance`).
 */
import { endOf, LeaseLost, storeError, } from "./store.js";
/** As in etcd, no two stores have the same. */
let nextLease = 1;
export class MemoryCluster {
    constructor() {
        this.revision = 1;
        /** Bytes of keys and values that were written, and that watches were sent: what a real store would have to carry. */
        this.traffic = { writes: 0, written: 0, sent: 0 };
        this.entries = new Map();
        this.leases = new Map();
        this.watchers = new Set();
        this.history = [];
        this.compacted = 0;
    }
    /** A node's way to the store. */
    connect() {
        return new MemoryClient(this);
    }
    /** Forgets what was before this revision: who asks for it is told that it is gone. */
    compact(revision = this.revision) {
        this.compacted = revision;
        this.history = this.history.filter((event) => event.revision >= revision);
    }
    /** Time goes by: leases that nobody kept end. */
    advance(seconds) {
        for (const [id, lease] of this.leases) {
            lease.leftSec -= seconds;
            if (lease.leftSec < 0)
                this.end(id);
        }
    }
    list(prefix) {
        const entries = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix)).sort((a, b) => (a.key < b.key ? -1 : 1));
        return { revision: this.revision, entries: entries.map(({ key, value, revision }) => ({ key, value, revision })) };
    }
    transact({ when, change, orRead = [] }) {
        if (!when.every((condition) => this.holds(condition))) {
            const found = orRead.flatMap((key) => this.entries.get(key) ?? []);
            return { done: false, revision: this.revision, found };
        }
        for (const operation of change)
            if ("put" in operation && operation.lease !== undefined && !this.leases.has(operation.lease))
                throw new LeaseLost("no such lease");
        this.apply(change);
        return { done: true, revision: this.revision, found: [] };
    }
    grant(ttlSec) {
        const id = String(nextLease++);
        this.leases.set(id, { ttlSec, leftSec: ttlSec, keys: new Set() });
        return id;
    }
    keepAlive(id) {
        const lease = this.leases.get(id);
        if (lease !== undefined)
            lease.leftSec = lease.ttlSec;
        return lease !== undefined;
    }
    /** Revoked, or not kept. */
    end(id) {
        const lease = this.leases.get(id);
        this.leases.delete(id);
        if (lease !== undefined)
            this.apply([...lease.keys].map((remove) => ({ remove })));
    }
    watch(prefix, from, client, listener) {
        const watcher = { prefix, client, listener };
        queueMicrotask(() => {
            if (from < this.compacted) {
                listener.onEnd(storeError("unavailable", `revision ${from} has been compacted`));
                return;
            }
            this.watchers.add(watcher);
            this.tell(watcher, this.history.filter((event) => event.revision >= from));
        });
        return () => this.watchers.delete(watcher);
    }
    /** Ends the watches of a client, as when its connection breaks. */
    cut(client) {
        for (const watcher of this.watchers)
            if (watcher.client === client) {
                this.watchers.delete(watcher);
                watcher.listener.onEnd(storeError("unavailable", "the connection ended"));
            }
    }
    holds(condition) {
        if ("absent" in condition)
            return !this.entries.has(condition.absent);
        if ("present" in condition)
            return this.entries.has(condition.present);
        if ("key" in condition)
            return this.entries.get(condition.key)?.value === condition.value;
        const prefix = "absentUnder" in condition ? condition.absentUnder : condition.quietUnder;
        const since = "absentUnder" in condition ? 0 : condition.since;
        const end = endOf(prefix);
        for (const { key, revision } of this.entries.values())
            if (key >= prefix && key < end && revision > since)
                return false;
        return true;
    }
    apply(operations) {
        const events = [];
        const revision = this.revision + 1;
        for (const operation of operations) {
            const key = "put" in operation ? operation.put : operation.remove;
            const before = this.entries.get(key);
            if (before?.lease !== undefined)
                this.leases.get(before.lease)?.keys.delete(key);
            if ("put" in operation) {
                const { value, lease } = operation;
                this.entries.set(key, { key, value, revision, lease });
                if (lease !== undefined)
                    this.leases.get(lease).keys.add(key);
                events.push({ key, value, revision });
                this.traffic.writes++;
                this.traffic.written += key.length + value.length;
            }
            else if (this.entries.delete(key))
                events.push({ key, value: undefined, revision });
        }
        if (events.length === 0)
            return;
        this.revision = revision;
        this.history.push(...events);
        for (const watcher of this.watchers)
            this.tell(watcher, events);
    }
    tell({ prefix, client, listener }, events) {
        const wanted = events.filter(({ key }) => key.startsWith(prefix));
        if (wanted.length === 0 || client.silent || client.unreachable)
            return;
        for (const { key, value } of wanted)
            this.traffic.sent += key.length + (value?.length ?? 0);
        listener.onEvents(wanted);
    }
}
export class MemoryClient {
    constructor(cluster) {
        this.cluster = cluster;
        this.name = "memory";
        /** Calls fail, and watches tell nothing. */
        this.unreachable = false;
        /** Watches tell nothing, and do not end. */
        this.silent = false;
        /** As `unreachable`, but what is asked arrives when `deliver` is called. */
        this.hanging = false;
        this.late = [];
        this.closers = new Set();
    }
    async list(prefix) {
        await this.reach();
        return this.cluster.list(prefix);
    }
    async transact(transaction) {
        if (this.hanging)
            this.late.push(transaction);
        await this.reach();
        return this.cluster.transact(transaction);
    }
    async grant(ttlSec) {
        await this.reach();
        return this.cluster.grant(ttlSec);
    }
    async keepAlive(lease) {
        await this.reach();
        return this.cluster.keepAlive(lease);
    }
    async revoke(lease) {
        await this.reach();
        this.cluster.end(lease);
    }
    watch(prefix, from, listener) {
        const close = this.cluster.watch(prefix, from, this, listener);
        this.closers.add(close);
        return { close };
    }
    /** The store is made anew, or another one: watches end. */
    moveTo(cluster) {
        const before = this.cluster;
        this.cluster = cluster;
        before.cut(this);
    }
    /** What was asked while it hung arrives. */
    deliver() {
        for (const transaction of this.late.splice(0))
            this.cluster.transact(transaction);
    }
    close() {
        for (const close of this.closers)
            close();
        this.unreachable = true;
    }
    /** A turn of the event loop, as any answer takes. */
    async reach() {
        await new Promise((resolve) => setImmediate(resolve));
        if (this.unreachable || this.hanging)
            throw storeError("unavailable", "store unreachable (memory)");
    }
}
//# sourceMappingURL=memory-store.js.map