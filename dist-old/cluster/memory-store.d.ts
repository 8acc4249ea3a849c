/**
 * A store in memory, which any number of nodes in this process share: for simulations. It can fail as a real one does: each client may be cut
 * off, its watches may fall silent, and the history may be compacted. Time is the caller's (`advance`).
 */
import { type ClusterStore, type LeaseId, type Outcome, type Snapshot, type Transaction, type Watch, type WatchListener } from "./store.js";
export declare class MemoryCluster {
    revision: number;
    /** Bytes of keys and values that were written, and that watches were sent: what a real store would have to carry. */
    readonly traffic: {
        writes: number;
        written: number;
        sent: number;
    };
    private readonly entries;
    private readonly leases;
    private readonly watchers;
    private history;
    private compacted;
    /** A node's way to the store. */
    connect(): MemoryClient;
    /** Forgets what was before this revision: who asks for it is told that it is gone. */
    compact(revision?: number): void;
    /** Time goes by: leases that nobody kept end. */
    advance(seconds: number): void;
    list(prefix: string): Snapshot;
    transact({ when, change, orRead }: Transaction): Outcome;
    grant(ttlSec: number): LeaseId;
    keepAlive(id: LeaseId): boolean;
    /** Revoked, or not kept. */
    end(id: LeaseId): void;
    watch(prefix: string, from: number, client: MemoryClient, listener: WatchListener): () => void;
    /** Ends the watches of a client, as when its connection breaks. */
    cut(client: MemoryClient): void;
    private holds;
    private apply;
    private tell;
}
export declare class MemoryClient implements ClusterStore {
    private cluster;
    readonly name = "memory";
    /** Calls fail, and watches tell nothing. */
    unreachable: boolean;
    /** Watches tell nothing, and do not end. */
    silent: boolean;
    /** As `unreachable`, but what is asked arrives when `deliver` is called. */
    hanging: boolean;
    private readonly late;
    private readonly closers;
    constructor(cluster: MemoryCluster);
    list(prefix: string): Promise<Snapshot>;
    transact(transaction: Transaction): Promise<Outcome>;
    grant(ttlSec: number): Promise<LeaseId>;
    keepAlive(lease: LeaseId): Promise<boolean>;
    revoke(lease: LeaseId): Promise<void>;
    watch(prefix: string, from: number, listener: WatchListener): Watch;
    /** The store is made anew, or another one: watches end. */
    moveTo(cluster: MemoryCluster): void;
    /** What was asked while it hung arrives. */
    deliver(): void;
    close(): void;
    /** A turn of the event loop, as any answer takes. */
    private reach;
}
