import { type IpAddress } from "../wire/ip-address.js";
import type { Fence } from "./fence.js";
import type { Keys } from "./keys.js";
import { type GlobalEndpoint, type Holder } from "./records.js";
import { type ClusterStore, type Condition, type Entry, type LeaseId } from "./store.js";
export type Held = {
    readonly outcome: "held";
    readonly revision: number;
}
/** `holder`: undefined when the key's value is none of ours. */
 | {
    readonly outcome: "taken";
    readonly address: IpAddress;
    readonly holder: Holder | undefined;
} | {
    readonly outcome: "no-network";
};
export declare class Holdings {
    private readonly store;
    private readonly keys;
    constructor(store: ClusterStore, keys: Keys);
    /**
     * Takes a new endpoint's addresses and puts it under the lease. `named`: those that may be taken from a node that is not there any more. Throws
     * LeaseLost, TSP_ERR_STORE.
     */
    take(endpoint: GlobalEndpoint, lease: LeaseId, fence: Fence, named: readonly IpAddress[]): Promise<Held>;
    /** Puts an endpoint under the lease that has its addresses already, or had before the store lost them. Throws as `take`. */
    putBack(endpoint: GlobalEndpoint, lease: LeaseId): Promise<Held>;
    private hold;
    /** Puts an endpoint anew that is held. */
    update(endpoint: GlobalEndpoint, lease: LeaseId): Promise<void>;
    /** Gives back what of it is its own. */
    release(endpoint: GlobalEndpoint): Promise<void>;
    /** Gives back all of a node's addresses but those of the endpoints in `except`; answers how many. */
    releaseAll(node: string, except: ReadonlySet<string>, when?: readonly Condition[]): Promise<number>;
    /** Who has which address, under a prefix of theirs. */
    list(prefix: string): Promise<{
        entry: Entry;
        holder: Holder | undefined;
    }[]>;
    private placesOf;
    /** What must hold for `key` to be taken, now that `entry` is there; undefined: it is somebody else's. */
    private conditionFor;
}
