/**
 * Keeps changes from being made late. A store that hangs may have got a change and make it minutes after its caller was told that it failed: so each
 * change that makes something new has the condition that this node's fence, a key with a random value, is as it was. When an answer stays out, the
 * fence is raised, to another value, before anything new: what was sent before then finds it changed. What was made nevertheless is to be undone by
 * its caller.
 */
import { TsproxyError } from "../errors.js";
import { fenceText } from "./records.js";
import { storeError } from "./store.js";
export class Fence {
    constructor(store, key, random) {
        this.store = store;
        this.key = key;
        this.random = random;
    }
    get broken() {
        return this.value === undefined;
    }
    /** What was sent before and not answered is not made after this. */
    async raise() {
        const value = fenceText(String(this.random()));
        await this.store.transact({ when: [], change: [{ put: this.key, value }] });
        this.value = value;
    }
    /** As the store's; when it fails because the store is not reached, the fence is broken. */
    async transact({ when, change, orRead = [] }) {
        const { key, value } = this;
        if (value === undefined)
            throw storeError("unavailable", "store unreachable: it has not answered yet what it was asked last");
        try {
            const outcome = await this.store.transact({ when: [{ key, value }, ...when], change, orRead: [key, ...orRead] });
            if (!outcome.done && outcome.found.find((entry) => entry.key === key)?.value !== value)
                throw storeError("unavailable", "store unreachable: this node is not known there as it was");
            return { ...outcome, found: outcome.found.filter((entry) => entry.key !== key) };
        }
        catch (error) {
            if (TsproxyError.of(error).kind === "unavailable")
                this.value = undefined;
            throw error;
        }
    }
}
//# sourceMappingURL=fence.js.map