/**
 * Where a cluster's records are in its store:
 *
 *     /tsproxy/CLUSTER/map/nodes/NAME              a node, as long as its lease
 *     /tsproxy/CLUSTER/map/networks/ID             a network
 *     /tsproxy/CLUSTER/map/endpoints/NETWORK/ID    an endpoint and where it is, as long as its node's lease
 *     /tsproxy/CLUSTER/map/beacon                  that the watch is alive (`mirror.ts`)
 *     /tsproxy/CLUSTER/held/NETWORK/ADDRESS        who has an address; outlives its node, which keeps it
 *     /tsproxy/CLUSTER/fences/NODE                 keeps changes from being made late (`fence.ts`)
 *
 * Every node mirrors `map/`; the others are only asked.
 */
/** Of clusters and nodes. */
export declare const CLUSTER_NAME: RegExp;
export type MapKey = {
    readonly kind: "node";
    readonly name: string;
} | {
    readonly kind: "network";
    readonly id: string;
} | {
    readonly kind: "endpoint";
    readonly network: string;
    readonly id: string;
} | {
    readonly kind: "beacon";
};
export declare class Keys {
    readonly cluster: string;
    readonly map: string;
    readonly networks: string;
    readonly beacon: string;
    readonly heldAll: string;
    constructor(cluster: string);
    node(name: string): string;
    network(id: string): string;
    endpoint(network: string, id: string): string;
    fence(node: string): string;
    /** Prefix of a network's. */
    heldIn(network: string): string;
    held(network: string, address: string): string;
    /** What a key below `map` is of; undefined: none of ours. */
    parse(key: string): MapKey | undefined;
}
