import type { Keys } from "./keys.js";
import { type NodeRecord } from "./records.js";
import { type ClusterStore, type LeaseId } from "./store.js";
export declare class NodeSession {
    private readonly store;
    private readonly keys;
    private readonly self;
    private readonly ttlSec;
    private readonly announce;
    private current;
    /** Whether all that it holds was put under the current lease. */
    private complete;
    private readonly closing;
    private wake;
    private said;
    /** Lease of an earlier process of this node. */
    private former;
    /** `announce`: puts what the node holds under the lease. */
    constructor(store: ClusterStore, keys: Keys, self: NodeRecord, ttlSec: number, announce: (lease: LeaseId) => Promise<void>);
    /** Throws TSP_ERR_STORE while there is none. */
    get lease(): LeaseId;
    /**
     * Makes the node known, and keeps it so until `close`. Throws TSP_ERR_STORE: conflict when another node has the name; what else the store
     * throws. A store that is not reached is tried again, and false is answered.
     */
    start(): Promise<boolean>;
    /** Its lease has ended, or what was put under it is not there: the node is made known again. */
    renew(lease?: LeaseId | undefined): void;
    /** What was put under the lease is put once more. */
    repeat(): void;
    /** `leave`: the others are told at once; else they wait for the lease to end, so that a restart is not noticed. */
    close(leave: boolean): Promise<void>;
    private run;
    private keep;
    private register;
    private putName;
    private announceUnder;
    private say;
}
