/**
 * The control side's end of a worker thread: posts messages and wakes it, asks for its tables, reads its counters.
 * A worker that dies is reported once by `onDeath`; the control side lives on.
 */
import { closeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { createCounters } from "../engine/counters.js";
import { TsproxyError } from "../errors.js";
import { native } from "../sys/native.js";
/** After the last packet, look for more this long before sleeping. */
const SPIN_NS = 50_000;
/** Workers that have not ended. */
const running = new Set();
process.on("exit", () => {
    for (const link of running)
        link.abandon();
});
export class WorkerLink {
    constructor(options, hooks) {
        this.counters = createCounters();
        this.mailbox = new Int32Array(new SharedArrayBuffer(12));
        this.wakeFd = native.eventfd();
        this.waiting = new Map();
        this.queries = 0;
        this.stopping = false;
        this.closed = false;
        const workerData = {
            ...options,
            spinNs: SPIN_NS,
            counters: this.counters.buffer,
            mailbox: this.mailbox.buffer,
            wakeFd: this.wakeFd,
        };
        running.add(this);
        this.worker = new Worker(new URL("../engine/worker.js", import.meta.url), { workerData });
        let onReady;
        let onFailure;
        this.ready = new Promise((resolve, reject) => {
            onReady = resolve;
            onFailure = reject;
        });
        this.ready.catch(() => { }); // whoever waits for it sees the error; nobody may
        this.worker.on("message", (message) => {
            if (message.type === "ready")
                onReady();
            else if (message.type === "port-gone")
                hooks.portGone(message.port, message.errno);
            else if (message.type === "readable")
                hooks.readable();
            else if (message.type === "answer") {
                this.waiting.get(message.id)?.(message.value);
                this.waiting.delete(message.id);
            }
        });
        this.ended = new Promise((resolve) => {
            const end = (error) => {
                onFailure(error);
                if (!this.stopping)
                    hooks.onDeath(error);
                this.stopping = true;
                running.delete(this);
                for (const answer of this.waiting.values())
                    answer(undefined); // nobody will
                this.waiting.clear();
                resolve();
            };
            this.worker.on("error", end);
            this.worker.on("exit", () => end(new TsproxyError("TSP_ERR_WORKER", "internal", "the dataplane thread ended")));
        });
    }
    /** Of flows that both ends kept up, how many there were when it stopped. */
    get held() {
        return Atomics.load(this.mailbox, 2);
    }
    /** Ends the loop at once, for the end of the process, which waits for its threads: one that sleeps in a system call would sleep on. */
    abandon() {
        Atomics.store(this.mailbox, 1, 1);
        native.signalEventfd(this.wakeFd);
    }
    /** Nothing happens when the worker is dead. */
    post(message) {
        if (this.closed)
            return;
        this.worker.postMessage(message);
        Atomics.add(this.mailbox, 0, 1);
        native.signalEventfd(this.wakeFd);
    }
    query(what) {
        return this.ask((id) => ({ type: "query", id, what }));
    }
    /** The answer to a message that carries the number `id`; undefined when the worker is dead. */
    ask(message) {
        const id = this.queries++;
        if (this.stopping)
            return Promise.resolve(undefined);
        return new Promise((resolve) => {
            this.waiting.set(id, resolve);
            this.post(message(id));
        });
    }
    /** Resolves once all that was posted before has been carried out. */
    async settled() {
        await this.query("summary");
    }
    /** May be called again. */
    async stop() {
        if (!this.stopping) {
            this.stopping = true;
            this.post({ type: "stop" });
        }
        await this.ended;
        if (this.closed)
            return;
        this.closed = true;
        closeSync(this.wakeFd);
    }
}
//# sourceMappingURL=worker-link.js.map