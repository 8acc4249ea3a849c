/**
 * Where records are kept. What must hold of every store is in `test/model/store.contract.ts`.
 *
 * Order of a change: an endpoint is committed before its device is made and removed after its device was, so that no device is left that nobody
 * knows. Everything else that a record stands for ends with the process, so it is committed when it has worked.
 */
import type { EndpointRecord, NetworkRecord, Records } from "./records.js";
/** Put and removed together. A put replaces the record with the same id. */
export interface Change {
    putNetworks?: readonly NetworkRecord[];
    removeNetworks?: readonly string[];
    putEndpoints?: readonly EndpointRecord[];
    removeEndpoints?: readonly string[];
}
export interface Store {
    /**
     * What was committed and not removed since, in the order in which it first was; endpoints only since the machine booted: their devices ended
     * with the kernel. To be called first. Throws TSP_ERR_STATE when there is something that it may not or must not read.
     */
    load(): Promise<Records>;
    /** All of the change, durable when it resolves; or none of it: throws TSP_ERR_STATE. */
    commit(change: Change): Promise<void>;
}
