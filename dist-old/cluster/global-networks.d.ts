import { type Obstacle } from "../model/pools.js";
import { type NetworkRecord } from "../model/records.js";
import type { Fence } from "./fence.js";
import type { Holdings } from "./holdings.js";
import type { Keys } from "./keys.js";
import type { Mirror } from "./mirror.js";
import { type GlobalNetworkRequest } from "./network-plan.js";
import { type NodeRecord } from "./records.js";
import { type ClusterStore } from "./store.js";
import type { ClusterView } from "./view.js";
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
export declare class GlobalNetworks {
    private readonly tools;
    /** To be removed when the store is reached. */
    private readonly owed;
    private readonly ipv6Pools;
    constructor(tools: NetworkTools);
    /** `obstacle`: what this host has in a subnet's way. Throws TSP_ERR_NETWORK: invalid, conflict; TSP_ERR_STORE. */
    create(request: GlobalNetworkRequest, obstacle: Obstacle): Promise<NetworkRecord>;
    /** Throws TSP_ERR_NETWORK: not-found; conflict while somebody has an address in it. */
    remove(id: string): Promise<void>;
    /** Removes what may have been made though it was told to have failed. */
    payBack(): Promise<void>;
    /** One that the store has lost though it is used here. False when what it has was given to another one meanwhile. */
    putBack(network: NetworkRecord): Promise<boolean>;
    /** A node whose tunnel would be cut off. */
    private nodeIn;
    /** False when others have made networks since that revision, so that what it is to get may be theirs. */
    private put;
}
