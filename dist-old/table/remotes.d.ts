import type { Addresses } from "./addresses.js";
import type { RandomInt32 } from "./random.js";
/** No endpoint, no node. */
export declare const NOBODY = -1;
/** Counters of a node, in `counts`. */
export declare const NODE_RX_PACKETS = 0, NODE_RX_BYTES = 1, NODE_TX_PACKETS = 2, NODE_TX_BYTES = 3, 
/** Frames that it sent for a station or an address that is not known to be behind it. */
NODE_REFUSED = 4, NODE_COUNTERS = 5;
export declare class Remotes {
    private readonly addresses;
    /** By endpoint. */
    node: Int32Array;
    network: Int32Array;
    macHi: Int32Array;
    macLo: Int32Array;
    address: Int32Array;
    address6: Int32Array;
    /** By node: its address in the underlay. */
    nodeAddress: Int32Array;
    /** NODE_COUNTERS a node. */
    counts: Float64Array;
    /** Endpoints. */
    size: number;
    private readonly byMac;
    private readonly byAddress;
    private readonly byNode;
    /** By network: its nodes, and how many endpoints each has in it. */
    private readonly members;
    private readonly lists;
    private readonly freeEndpoints;
    private readonly freeNodes;
    private usedEndpoints;
    private usedNodes;
    private endpointsOf;
    constructor(addresses: Addresses, random: RandomInt32);
    /** The endpoint with that MAC in the network, or NOBODY. */
    ofMac(hi: number, lo: number, network: number): number;
    /** The endpoint with that address in the network, or NOBODY. */
    ofAddress(address: number, network: number): number;
    /** The node with that address in the underlay, or NOBODY. */
    ofNode(address: number): number;
    /** Nodes that have endpoints in the network. */
    nodesOf(network: number): readonly number[];
    /** Nodes by number, for people: address and number of endpoints. */
    nodes(): Generator<{
        node: number;
        address: number;
        endpoints: number;
    }>;
    count(node: number, what: number, n: number): void;
    /**
     * Adds an endpoint, or replaces the one with that MAC; answers as `delete`. The caller holds each address for us, once: it is released with the
     * endpoint. NO_ADDRESS: it has none of that family.
     */
    set(network: number, hi: number, lo: number, ipv4: number, ipv6: number, nodeAddress: number): number;
    /** Address of the node that is gone with the endpoint, or NO_ADDRESS; nothing happens when there is no such endpoint. */
    delete(network: number, hi: number, lo: number): number;
    /** All endpoints of the network are gone; addresses of the nodes that are gone with them. */
    clearNetwork(network: number): number[];
    private remove;
    private takeNode;
    private giveNode;
    private growEndpoints;
    private growNodes;
}
