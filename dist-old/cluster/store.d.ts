/**
 * What a cluster needs of a store that several nodes share: keys with values, changes that depend on what is there, leases, and a watch. Its
 * terms are etcd's. What must hold of every store is in `test/cluster/store.contract.ts`.
 *
 * A store has one revision, which grows with each change. Every call ends within a deadline of the store's own. Throws TSP_ERR_STORE: unavailable
 * when the store is not reached, so that it is not known whether a change was made; permission when it refuses us.
 */
import { type KindOf, TsproxyError } from "../errors.js";
export interface Entry {
    readonly key: string;
    readonly value: string;
    /** Of its last change. */
    readonly revision: number;
}
/** All that there was at one revision. */
export interface Snapshot {
    readonly revision: number;
    readonly entries: readonly Entry[];
}
/** What must hold for a change to be made. */
export type Condition = {
    readonly absent: string;
} | {
    readonly present: string;
} | {
    readonly key: string;
    readonly value: string;
}
/** No key has this prefix. */
 | {
    readonly absentUnder: string;
}
/** Nothing with this prefix was put after that revision; what was removed does not matter. */
 | {
    readonly quietUnder: string;
    readonly since: number;
};
export type Operation = {
    readonly put: string;
    readonly value: string;
    readonly lease?: LeaseId;
} | {
    readonly remove: string;
};
export interface Transaction {
    readonly when: readonly Condition[];
    /** At most `MAX_OPERATIONS`; done together, or none. */
    readonly change: readonly Operation[];
    /** Keys that are read when a condition does not hold. */
    readonly orRead?: readonly string[];
}
export interface Outcome {
    readonly done: boolean;
    /** The store's, after it. */
    readonly revision: number;
    /** Of `orRead`, those that are there. */
    readonly found: readonly Entry[];
}
export type LeaseId = string;
/** A key was put, or removed (`value` undefined). */
export interface StoreEvent {
    readonly key: string;
    readonly value: string | undefined;
    readonly revision: number;
}
export interface WatchListener {
    /** In the order of revisions; all of one revision together. */
    onEvents(events: readonly StoreEvent[]): void;
    /** Nothing comes any more, and something may be missed: to be listed again. Not called after `close`. */
    onEnd(error: Error): void;
}
export interface Watch {
    close(): void;
}
export interface ClusterStore {
    /** In words, for messages. */
    readonly name: string;
    list(prefix: string): Promise<Snapshot>;
    transact(transaction: Transaction): Promise<Outcome>;
    /** Throws `LeaseLost` when an operation names a lease that has ended. */
    grant(ttlSec: number): Promise<LeaseId>;
    /** False when it has ended. */
    keepAlive(lease: LeaseId): Promise<boolean>;
    /** Ends it: what was put under it goes. Nothing happens if it has ended. */
    revoke(lease: LeaseId): Promise<void>;
    /** Events of that revision and later. A store that died silently is not noticed here (`mirror.ts`). */
    watch(prefix: string, from: number, listener: WatchListener): Watch;
    close(): void;
}
/** etcd's `--max-txn-ops` is 128. */
export declare const MAX_OPERATIONS = 100;
/** A change was to be made under a lease that has ended; nothing was done. */
export declare class LeaseLost extends Error {
}
export declare function storeError(kind: KindOf<"TSP_ERR_STORE">, message: string, hint?: string, cause?: unknown): TsproxyError;
/** The end of the range of keys with a prefix: its last letter, one higher. Keys are ASCII. */
export declare function endOf(prefix: string): string;
