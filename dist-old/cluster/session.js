/**
 * That a node is there: its name in the store, under a lease that is kept. When the lease is lost, since the store was out of reach for longer than
 * it lasts, the node comes back under a new one, and with it what it holds. No clock is compared with another: a lease is counted down by the
 * store, and kept by intervals.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { formatIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { nodeText, parseNode } from "./records.js";
import { LeaseLost, storeError } from "./store.js";
/** After a failure. */
const RETRY_MS = 500;
export class NodeSession {
    /** `announce`: puts what the node holds under the lease. */
    constructor(store, keys, self, ttlSec, announce) {
        this.store = store;
        this.keys = keys;
        this.self = self;
        this.ttlSec = ttlSec;
        this.announce = announce;
        /** Whether all that it holds was put under the current lease. */
        this.complete = false;
        this.closing = new AbortController();
        this.wake = new AbortController();
        this.said = "";
    }
    /** Throws TSP_ERR_STORE while there is none. */
    get lease() {
        if (this.current === undefined)
            throw storeError("unavailable", "store unreachable: this node is not known there now", "see the daemon's log");
        return this.current;
    }
    /**
     * Makes the node known, and keeps it so until `close`. Throws TSP_ERR_STORE: conflict when another node has the name; what else the store
     * throws. A store that is not reached is tried again, and false is answered.
     */
    async start() {
        try {
            await this.register();
        }
        catch (error) {
            if (TsproxyError.of(error).kind !== "unavailable")
                throw error;
            this.say(error);
        }
        void this.run();
        return this.current !== undefined;
    }
    /** Its lease has ended, or what was put under it is not there: the node is made known again. */
    renew(lease = this.current) {
        if (lease !== this.current)
            return; // by somebody else, already
        this.complete = false;
        this.current = undefined;
        this.wake.abort();
    }
    /** What was put under the lease is put once more. */
    repeat() {
        this.complete = false;
        this.wake.abort();
    }
    /** `leave`: the others are told at once; else they wait for the lease to end, so that a restart is not noticed. */
    async close(leave) {
        this.closing.abort();
        this.wake.abort();
        if (leave && this.current !== undefined)
            await this.store.revoke(this.current).catch(() => { });
    }
    async run() {
        let failed = this.current === undefined;
        while (!this.closing.signal.aborted) {
            const ms = failed ? RETRY_MS : (this.ttlSec * 1000) / 3;
            await sleep(ms, undefined, { signal: this.wake.signal }).catch(() => { });
            if (this.closing.signal.aborted)
                return;
            this.wake = new AbortController();
            try {
                await this.keep();
                failed = false;
                if (this.said !== "")
                    log.info(`node ${this.self.name} is known to the others again`);
                this.said = "";
            }
            catch (error) {
                failed = true;
                if (error instanceof LeaseLost)
                    this.renew();
                else
                    this.say(error);
            }
        }
    }
    async keep() {
        const { current } = this;
        if (current !== undefined && !(await this.store.keepAlive(current))) {
            log.warn(`the lease of node ${this.self.name} has ended: the others do not know it any more; it comes back`);
            this.renew(current);
        }
        if (this.current === undefined)
            await this.register();
        else if (!this.complete)
            await this.announceUnder(this.current);
    }
    async register() {
        const lease = await this.store.grant(this.ttlSec);
        try {
            await this.putName(lease);
        }
        catch (error) {
            await this.store.revoke(lease).catch(() => { });
            throw error;
        }
        this.current = lease;
        await this.announceUnder(lease);
    }
    async putName(lease) {
        const { name, instance } = this.self;
        const key = this.keys.node(name);
        const change = [{ put: key, value: nodeText(this.self, lease), lease }];
        const { done, found } = await this.store.transact({ when: [{ absent: key }], change, orRead: [key] });
        if (done)
            return;
        const value = found[0]?.value ?? "";
        const other = parseNode(value);
        if ("problem" in other)
            throw storeError("conflict", `the store's key ${key} is none of ours: ${other.problem}`, "remove it, or choose another --node");
        if (other.record.instance !== instance) {
            const at = eachFamily(other.record.tunnel).map(formatIp).join(", ");
            throw storeError("conflict", `there is a node '${name}' already (at ${at})`, "give each node another --node, or wait until that one is gone");
        }
        // This node's, from before; what it had then and has no more is to go with that lease, when what it has is put under this one.
        this.former = other.record.lease;
        if (!(await this.store.transact({ when: [{ key, value }], change })).done)
            throw storeError("unavailable", `node '${name}' changes`);
    }
    async announceUnder(lease) {
        this.complete = true;
        try {
            await this.announce(lease);
            if (this.former !== undefined)
                await this.store.revoke(this.former);
            this.former = undefined;
        }
        catch (error) {
            this.complete = false;
            throw error;
        }
    }
    say(error) {
        const words = TsproxyError.of(error).describe();
        if (words !== this.said)
            log.warn(`node ${this.self.name} cannot be made known: ${words}`);
        this.said = words;
    }
}
//# sourceMappingURL=session.js.map