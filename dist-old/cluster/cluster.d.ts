/**
 * One node's part in a cluster: networks and endpoints that all nodes know, kept in a store. What is there is in `view`; what is to change is
 * changed in the store first, by compare-and-swap, so that no two nodes ever have one name, VNI, subnet or address. While the store is not
 * reached, all that is there stays as it was, and what would change it is refused (TSP_ERR_STORE, unavailable).
 *
 * What this node holds is its own to know: it is put again when the lease was lost, and given back when the endpoint has ended, later where the
 * store is not reached then.
 */
import { TsproxyError } from "../errors.js";
import { type NetworkRecord } from "../model/records.js";
import type { EndpointRequest } from "../model/requests.js";
import { type IpAddress } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
import { GlobalNetworks } from "./global-networks.js";
import { type GlobalEndpoint, type NodeRecord } from "./records.js";
import { type ClusterStore } from "./store.js";
import { ClusterView } from "./view.js";
export interface ClusterOptions {
    readonly cluster: string;
    readonly self: NodeRecord;
    /** How long the others wait for a silent node. */
    readonly ttlSec: number;
    /** See `MirrorOptions`. */
    readonly quietMs?: number;
    readonly graceMs?: number;
    readonly random?: () => number;
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
}
export declare class Cluster {
    private readonly store;
    readonly view: ClusterView;
    readonly self: NodeRecord;
    readonly networks: GlobalNetworks;
    private readonly keys;
    private readonly mirror;
    private readonly session;
    private readonly holdings;
    private readonly fence;
    private readonly held;
    /** To be given back when the store is reached. */
    private readonly owed;
    /** Whether addresses that this node no longer uses, as it ended unawares, were given back. */
    private swept;
    private readonly random;
    private turn;
    constructor(store: ClusterStore, { cluster, self, ttlSec, quietMs, graceMs, random }: ClusterOptions);
    /** Goes on until `close`. `holding`: what an earlier process had. Throws TSP_ERR_STORE, but not when the store is not reached. */
    start(holding?: readonly Holding[]): Promise<void>;
    close(): Promise<void>;
    /** Why the store's content may be out of date; undefined: it is not. */
    get problem(): TsproxyError | undefined;
    /** Everything is known that was in the store when this was called. */
    sync(): Promise<void>;
    /**
     * Gives an endpoint of this node an address and a place among the others'. An address that is named may be one of a node that is not there any
     * more. Throws TSP_ERR_ENDPOINT: invalid, conflict; TSP_ERR_NETWORK: not-found; TSP_ERR_STORE.
     */
    claim(network: NetworkRecord, request: EndpointRequest): Promise<GlobalEndpoint>;
    /** Its names have changed; one that is not the cluster's is passed over. Throws TSP_ERR_STORE, with the names as they were. */
    rename(id: string, names: readonly string[]): Promise<void>;
    /** The endpoint has ended. Where the store is not reached, it is told later. Of one that is not the cluster's nobody waits for the store. */
    release(id: string): Promise<void>;
    /** All that are there, and those that hold addresses and are not. */
    nodes(): Promise<NodeView[]>;
    /** Gives back what a node that is gone for good held. Throws TSP_ERR_STORE: not-found, conflict for one that is there. */
    removeNode(name: string): Promise<void>;
    /** Addresses that are held by endpoints that are not there now. */
    private unseen;
    private tryTake;
    private leaseEnded;
    /** Puts all that is held under the lease, and gives back what is not. */
    private announce;
    private announceOne;
    private payBack;
    private inTurn;
}
