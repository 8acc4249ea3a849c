import { type ClusterStore, type Outcome, type Transaction } from "./store.js";
export declare class Fence {
    private readonly store;
    private readonly key;
    private readonly random;
    /** Undefined: it is to be raised. */
    private value;
    constructor(store: ClusterStore, key: string, random: () => number);
    get broken(): boolean;
    /** What was sent before and not answered is not made after this. */
    raise(): Promise<void>;
    /** As the store's; when it fails because the store is not reached, the fence is broken. */
    transact({ when, change, orRead }: Transaction): Promise<Outcome>;
}
