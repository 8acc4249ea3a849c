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
export const CLUSTER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
export class Keys {
    constructor(cluster) {
        this.cluster = cluster;
        this.map = `/tsproxy/${cluster}/map/`;
        this.networks = `${this.map}networks/`;
        this.beacon = `${this.map}beacon`;
        this.heldAll = `/tsproxy/${cluster}/held/`;
    }
    node(name) {
        return `${this.map}nodes/${name}`;
    }
    network(id) {
        return `${this.networks}${id}`;
    }
    endpoint(network, id) {
        return `${this.map}endpoints/${network}/${id}`;
    }
    fence(node) {
        return `/tsproxy/${this.cluster}/fences/${node}`;
    }
    /** Prefix of a network's. */
    heldIn(network) {
        return `${this.heldAll}${network}/`;
    }
    held(network, address) {
        return `${this.heldIn(network)}${address}`;
    }
    /** What a key below `map` is of; undefined: none of ours. */
    parse(key) {
        if (key === this.beacon)
            return { kind: "beacon" };
        const [kind, first = "", second = "", ...rest] = key.slice(this.map.length).split("/");
        if (first === "" || rest.length > 0)
            return undefined;
        if (kind === "endpoints")
            return second === "" ? undefined : { kind: "endpoint", network: first, id: second };
        if (second !== "")
            return undefined;
        if (kind === "nodes")
            return { kind: "node", name: first };
        if (kind === "networks")
            return { kind: "network", id: first };
        return undefined;
    }
}
//# sourceMappingURL=keys.js.map