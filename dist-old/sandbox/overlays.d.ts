/**
 * Networks of the whole cluster, on this node: one is made here when somebody here joins it, and goes when the last has left, or when it was
 * removed. While it is here, the dataplane is told who is in it elsewhere.
 */
import type { Cluster } from "../cluster/cluster.js";
import type { GlobalNetworkRequest } from "../cluster/network-plan.js";
import type { GlobalEndpoint } from "../cluster/records.js";
import type { LiveNetwork } from "../model/live.js";
import type { NetworkModel } from "../model/network-model.js";
import { type Obstacle } from "../model/pools.js";
import { type EndpointRecord, type NetworkRecord } from "../model/records.js";
import type { EndpointRequest } from "../model/requests.js";
export declare class Overlays {
    private readonly model;
    readonly cluster: Cluster;
    private readonly overlap;
    /** Those whose remote endpoints the dataplane was told. */
    private readonly fed;
    private readonly skipped;
    private end;
    constructor(model: NetworkModel, cluster: Cluster, overlap: (subnet: Parameters<Obstacle>[0], except?: string) => string | null);
    /** To be called once, after the model's `restore`. */
    start(): Promise<void>;
    close(): Promise<void>;
    /** Another number than before when who is elsewhere may have changed. */
    get version(): number;
    /** All of the cluster, as far as is known. */
    networks(): NetworkRecord[];
    /** Who is in a network on other nodes. */
    elsewhere(network: string): GlobalEndpoint[];
    /** Throws as `GlobalNetworks.create`. */
    create(request: GlobalNetworkRequest): Promise<NetworkRecord>;
    /** Throws as `GlobalNetworks.remove`. */
    remove(id: string): Promise<void>;
    /** Makes it here. */
    use(record: NetworkRecord): Promise<LiveNetwork>;
    /** Takes an address of the whole network, then makes the endpoint; or throws with nothing left of it. */
    createEndpoint(network: LiveNetwork, request: EndpointRequest): Promise<Readonly<EndpointRecord>>;
    /** The endpoint has ended. */
    left(network: string, endpoint: string): Promise<void>;
    private drop;
    private holdings;
    private onChange;
    /** Tells the dataplane all, once. */
    private feed;
    /** Those on other nodes that can be reached by tunnel. */
    private remotes;
    /** Tunnels are of one family in a process: IPv4 where this node has it. */
    private vtepOf;
    private live;
    private find;
}
