import type { EtcdOptions } from "./etcd-options.js";
import { type ClusterStore, type LeaseId, type Outcome, type Snapshot, type Transaction, type Watch, type WatchListener } from "./store.js";
export declare class EtcdStore implements ClusterStore {
    readonly name: string;
    private readonly gateway;
    constructor(options: EtcdOptions);
    /** Whether it is an etcd that can do what we need, and lets us. Throws TSP_ERR_STORE. */
    check(): Promise<void>;
    list(prefix: string): Promise<Snapshot>;
    transact({ when, change, orRead }: Transaction): Promise<Outcome>;
    grant(ttlSec: number): Promise<LeaseId>;
    keepAlive(lease: LeaseId): Promise<boolean>;
    revoke(lease: LeaseId): Promise<void>;
    watch(prefix: string, from: number, listener: WatchListener): Watch;
    close(): void;
    private range;
    private ask;
}
