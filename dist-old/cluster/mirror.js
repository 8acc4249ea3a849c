/**
 * What is in the store under one prefix, kept up to date: listed, then watched. Whatever is wrong with the watch, all is listed again and compared
 * with what was known, and the differences are told as changes. While the store is not reached, what was known last stays.
 *
 * A watch can fall silent without an end: its connection hangs, its member has lost the others. So when nothing was heard for a while, somebody
 * puts the beacon, a key that all watch. Who put it and does not hear of it has a dead watch. As all hear of it, the others need not put it: in a
 * cluster where nothing happens it is one write every few seconds, however many nodes there are. The gateway of etcd has no way to ask for
 * progress (`docs/decisions/0131-a-beacon.md`).
 */
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { storeError } from "./store.js";
/** Until what one has changed is seen by oneself. */
const SEEN_MS = 3000;
/** Between tries, doubled each time. */
const FIRST_PAUSE_MS = 100, LONGEST_PAUSE_MS = 3000;
/** A watch that lived so long was a good one. */
const GOOD_MS = 10_000;
export class Mirror {
    constructor(store, options) {
        this.store = store;
        this.options = options;
        /** Everything up to this revision is known; 0: nothing yet. */
        this.revision = 0;
        /** Why it may be out of date; undefined: it is not, as far as is known. */
        this.problem = storeError("unavailable", "the store was not reached yet");
        this.entries = new Map();
        this.waiting = new Set();
        this.closing = new AbortController();
        this.endWatch = () => { };
    }
    /** Goes on until `close`. */
    start() {
        void this.run();
    }
    close() {
        this.closing.abort();
        this.endWatch(new Error("closed"));
        this.wake();
    }
    /** Resolves when everything is known that was in the store when this was called. Throws TSP_ERR_STORE when it is not reached. */
    async sync() {
        if (this.problem !== undefined)
            throw this.problem;
        await this.reached(await this.beat(), SEEN_MS);
    }
    /** Resolves when everything up to that revision is known. */
    async reached(revision, timeoutMs) {
        const deadline = performance.now() + timeoutMs;
        while (this.revision < revision) {
            const left = deadline - performance.now();
            if (this.closing.signal.aborted || left <= 0)
                throw this.problem ?? storeError("unavailable", "store unreachable (its watch is silent)");
            await new Promise((resolve) => {
                const done = () => {
                    clearTimeout(timer);
                    this.waiting.delete(done);
                    resolve();
                };
                const timer = setTimeout(done, left);
                this.waiting.add(done);
            });
        }
    }
    /** As `reached`, for who has changed something: it is done, whether or not that is seen here in time. */
    async seen(revision) {
        await this.reached(revision, SEEN_MS).catch(() => { });
    }
    async run() {
        for (let failures = 0; !this.closing.signal.aborted;) {
            let error;
            try {
                this.adopt(await this.store.list(this.options.prefix));
                const since = performance.now();
                error = await this.follow();
                if (performance.now() - since > GOOD_MS)
                    failures = 0;
                log.info(`${this.store.name}: the watch ended (${error.message}), and all is listed again`);
            }
            catch (caught) {
                error = caught;
                const problem = TsproxyError.of(caught);
                if (this.problem === undefined)
                    log.warn(`${problem.describe()}; what runs goes on as it was`);
                this.problem = problem;
            }
            if (this.closing.signal.aborted)
                return;
            const pause = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures++, 10));
            await this.sleep(pause * (0.5 + this.options.random()));
        }
    }
    /** Takes over a whole listing: what is not in it is gone. */
    adopt({ revision, entries }) {
        if (this.closing.signal.aborted)
            return;
        // A store that was restored from an earlier state, or made anew: the same revision there may be another change.
        const another = revision < this.revision;
        this.revision = 0;
        const now = new Map(entries.map((entry) => [entry.key, entry]));
        const removed = [...this.entries.keys()].filter((key) => !now.has(key)).map((key) => ({ key, value: undefined, revision }));
        const put = entries.filter(({ key, revision: at }) => another || this.entries.get(key)?.revision !== at);
        this.take([...removed, ...put], revision);
        const before = this.problem;
        this.problem = undefined;
        if (before !== undefined)
            this.options.onFresh();
    }
    /** Watches until that is over; answers why. */
    follow() {
        return new Promise((resolve) => {
            const from = this.revision;
            let timer;
            const end = (error) => {
                clearTimeout(timer);
                watch.close();
                this.endWatch = () => { };
                resolve(error);
            };
            const heard = () => {
                clearTimeout(timer);
                timer = setTimeout(() => void this.tryWatch(end), this.options.quietMs * (1 + 0.2 * this.options.random()));
            };
            const onEvents = (events) => {
                heard();
                // The first revision again: an etcd that was compacted at the revision a watch begins with may forget a removal in it (etcd #18089).
                const news = events.filter((event) => event.revision > from);
                if (news.length > 0)
                    this.take(news, news.at(-1).revision);
            };
            const watch = this.store.watch(this.options.prefix, from, { onEvents, onEnd: end });
            this.endWatch = end;
            heard();
        });
    }
    /** Nothing was heard for long: is there nothing, or is the watch dead? */
    async tryWatch(end) {
        try {
            await this.reached(await this.beat(), this.options.graceMs);
        }
        catch (error) {
            end(error);
        }
    }
    async beat() {
        const { key, value } = this.options.beacon;
        return (await this.store.transact({ when: [], change: [{ put: key, value }] })).revision;
    }
    take(events, revision) {
        const { beacon, onChange } = this.options;
        for (const { key, value, revision: at } of events)
            if (value === undefined)
                this.entries.delete(key);
            else
                this.entries.set(key, { key, value: "", revision: at }); // the value is the listener's to keep
        this.revision = Math.max(this.revision, revision);
        const told = events.filter(({ key }) => key !== beacon.key);
        if (told.length > 0)
            onChange(told);
        this.wake();
    }
    wake() {
        for (const done of [...this.waiting])
            done();
    }
    sleep(ms) {
        return new Promise((resolve) => {
            const done = () => {
                clearTimeout(timer);
                this.closing.signal.removeEventListener("abort", done);
                resolve();
            };
            const timer = setTimeout(done, ms);
            this.closing.signal.addEventListener("abort", done);
        });
    }
}
//# sourceMappingURL=mirror.js.map