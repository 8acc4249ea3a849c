import type { NetworkRecord } from "../model/records.js";
import type { Keys } from "./keys.js";
import { type GlobalEndpoint, type NodeRecord } from "./records.js";
import type { StoreEvent } from "./store.js";
/** What is different now. Of what was replaced by the same id, the new one is in `put` alone. */
export interface ViewChange {
    readonly networks: {
        readonly put: readonly NetworkRecord[];
        readonly removed: readonly NetworkRecord[];
    };
    readonly endpoints: {
        readonly put: readonly GlobalEndpoint[];
        readonly removed: readonly GlobalEndpoint[];
    };
}
export declare class ClusterView {
    private readonly keys;
    readonly nodes: Map<string, NodeRecord>;
    readonly networks: Map<string, NetworkRecord>;
    /** Another number than before after each change. */
    version: number;
    private readonly endpointsByNetwork;
    private readonly listeners;
    constructor(keys: Keys);
    /** Of one network. */
    endpointsIn(network: string): readonly GlobalEndpoint[];
    networkNamed(name: string): NetworkRecord | undefined;
    /** Answers how to end that. */
    onChange(listener: (change: ViewChange) => void): () => void;
    apply(events: readonly StoreEvent[]): void;
    private applyOne;
}
