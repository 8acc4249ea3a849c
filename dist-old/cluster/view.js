/**
 * A cluster as its store has it: nodes, networks and endpoints, by what they are called. What is in the store and cannot be read, since somebody
 * else wrote it or a newer version did, is named once and passed over.
 */
import { log } from "../log.js";
import { parseEndpoint, parseNetwork, parseNode } from "./records.js";
export class ClusterView {
    constructor(keys) {
        this.keys = keys;
        this.nodes = new Map();
        this.networks = new Map();
        /** Another number than before after each change. */
        this.version = 0;
        this.endpointsByNetwork = new Map();
        this.listeners = new Set();
    }
    /** Of one network. */
    endpointsIn(network) {
        return [...(this.endpointsByNetwork.get(network)?.values() ?? [])];
    }
    networkNamed(name) {
        for (const network of this.networks.values())
            if (network.name === name)
                return network;
        return undefined;
    }
    /** Answers how to end that. */
    onChange(listener) {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }
    apply(events) {
        const change = { networks: { put: [], removed: [] }, endpoints: { put: [], removed: [] } };
        for (const event of events)
            this.applyOne(event, change);
        this.version++;
        for (const listener of this.listeners)
            listener(change);
    }
    applyOne({ key, value }, { networks, endpoints }) {
        const what = this.keys.parse(key);
        if (what === undefined) {
            if (value !== undefined)
                passedOver(key, "it is none of tsproxy's");
        }
        else if (what.kind === "node") {
            const node = read(key, value, parseNode, ({ name }) => name === what.name);
            set(this.nodes, what.name, node);
        }
        else if (what.kind === "network") {
            const network = read(key, value, parseNetwork, ({ id }) => id === what.id);
            record(networks, this.networks.get(what.id), network);
            set(this.networks, what.id, network);
        }
        else if (what.kind === "endpoint") {
            const endpoint = read(key, value, parseEndpoint, ({ id, network }) => id === what.id && network === what.network);
            const others = this.endpointsByNetwork.get(what.network) ?? new Map();
            record(endpoints, others.get(what.id), endpoint);
            set(others, what.id, endpoint);
            set(this.endpointsByNetwork, what.network, others.size === 0 ? undefined : others);
        }
    }
}
function record({ put, removed }, before, after) {
    if (after !== undefined)
        put.push(after);
    else if (before !== undefined)
        removed.push(before);
}
function set(map, key, value) {
    if (value === undefined)
        map.delete(key);
    else
        map.set(key, value);
}
function read(key, value, parse, belongs) {
    if (value === undefined)
        return undefined;
    const parsed = parse(value);
    if ("problem" in parsed)
        passedOver(key, parsed.problem);
    else if (!belongs(parsed.record))
        passedOver(key, "its value is of another key");
    else
        return parsed.record;
    return undefined;
}
function passedOver(key, problem) {
    log.warn(`the store's key ${key} is passed over: ${problem}`);
}
//# sourceMappingURL=view.js.map