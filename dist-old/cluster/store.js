/**
 * What a cluster needs of a store that several nodes share: keys with values, changes that depend on what is there, leases, and a watch. Its
 * terms are etcd's. What must hold of every store is in `test/cluster/store.contract.ts`.
 *
 * A store has one revision, which grows with each change. Every call ends within a deadline of the store's own. Throws TSP_ERR_STORE: unavailable
 * when the store is not reached, so that it is not known whether a change was made; permission when it refuses us.
 */
import { TsproxyError } from "../errors.js";
/** etcd's `--max-txn-ops` is 128. */
export const MAX_OPERATIONS = 100;
/** A change was to be made under a lease that has ended; nothing was done. */
export class LeaseLost extends Error {
}
export function storeError(kind, message, hint, cause) {
    return new TsproxyError("TSP_ERR_STORE", kind, message, hint, cause);
}
/** The end of the range of keys with a prefix: its last letter, one higher. Keys are ASCII. */
export function endOf(prefix) {
    return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1);
}
//# sourceMappingURL=store.js.map