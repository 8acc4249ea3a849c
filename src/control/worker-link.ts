/**
 * The control side's end of a worker thread: posts messages and wakes it, asks for its tables, reads its counters.
 * A worker that dies is reported once by `onDeath`; the control side lives on.
 */
import { closeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { createCounters } from "../engine/counters.js";
import type { FromWorker, Query, ToWorker, WorkerOptions } from "../engine/messages.js";
import { TsproxyError } from "../errors.js";
import { native } from "../sys/native.js";

/** After the last packet, look for more this long before sleeping. */
const SPIN_NS = 50_000;

export interface WorkerHooks {
  portGone(port: number, errno: number): void;
  /** A descriptor given to `watch` can be read. */
  readable(): void;
  /** There is something in a ring of that capture. */
  captured(id: number): void;
  onDeath(error: Error): void;
}

/** Workers that have not ended. */
const running = new Set<WorkerLink>();
process.on("exit", () => {
  for (const link of running) link.abandon();
});

export class WorkerLink {
  readonly counters = createCounters();
  /** Settles when the worker's loop runs. */
  readonly ready: Promise<void>;
  private readonly mailbox = new Int32Array(new SharedArrayBuffer(12));
  private readonly wakeFd = native.eventfd();
  private readonly worker: Worker;
  private readonly waiting = new Map<number, (value: unknown) => void>();
  private queries = 0;
  private ended: Promise<void>;
  private stopping = false;
  private closed = false;

  constructor(
    options: Pick<
      WorkerOptions,
      | "worker"
      | "workers"
      | "conntrackMax"
      | "timeouts"
      | "masqueradeFirst"
      | "masqueradeLast"
      | "bypass"
      | "limits"
      | "buckets"
      | "flowFile"
      | "owner"
      | "former"
    >,
    hooks: WorkerHooks,
  ) {
    const workerData: WorkerOptions = {
      ...options,
      spinNs: SPIN_NS,
      counters: this.counters.buffer as SharedArrayBuffer,
      mailbox: this.mailbox.buffer as SharedArrayBuffer,
      wakeFd: this.wakeFd,
    };
    running.add(this);
    this.worker = new Worker(new URL("../engine/worker.cjs", import.meta.url), { workerData });
    let onReady: () => void;
    let onFailure: (error: Error) => void;
    this.ready = new Promise((resolve, reject) => {
      onReady = resolve;
      onFailure = reject;
    });
    this.ready.catch(() => {}); // whoever waits for it sees the error; nobody may
    this.worker.on("message", (message: FromWorker) => {
      if (message.type === "ready") onReady();
      else if (message.type === "port-gone") hooks.portGone(message.port, message.errno);
      else if (message.type === "readable") hooks.readable();
      else if (message.type === "captured") hooks.captured(message.id);
      else if (message.type === "answer") {
        this.waiting.get(message.id)?.(message.value);
        this.waiting.delete(message.id);
      }
    });
    this.ended = new Promise((resolve) => {
      const end = (error: Error): void => {
        onFailure(error);
        if (!this.stopping) hooks.onDeath(error);
        this.stopping = true;
        running.delete(this);
        for (const answer of this.waiting.values()) answer(undefined); // nobody will
        this.waiting.clear();
        resolve();
      };
      this.worker.on("error", end);
      this.worker.on("exit", () => end(new TsproxyError("TSP_ERR_WORKER", "internal", "the dataplane thread ended")));
    });
  }

  /** Of flows that both ends kept up, how many there were when it stopped. */
  get held(): number {
    return Atomics.load(this.mailbox, 2);
  }

  /** Ends the loop at once, for the end of the process, which waits for its threads: one that sleeps in a system call would sleep on. */
  abandon(): void {
    Atomics.store(this.mailbox, 1, 1);
    native.signalEventfd(this.wakeFd);
  }

  /** Nothing happens when the worker is dead. */
  post(message: ToWorker): void {
    if (this.closed) return;
    this.worker.postMessage(message);
    Atomics.add(this.mailbox, 0, 1);
    native.signalEventfd(this.wakeFd);
  }

  query<T>(what: Query): Promise<T> {
    return this.ask((id) => ({ type: "query", id, what }));
  }

  /** The answer to a message that carries the number `id`; undefined when the worker is dead. */
  ask<T>(message: (id: number) => ToWorker): Promise<T> {
    const id = this.queries++;
    if (this.stopping) return Promise.resolve(undefined as T);
    return new Promise((resolve) => {
      this.waiting.set(id, resolve as (value: unknown) => void);
      this.post(message(id));
    });
  }

  /** Resolves once all that was posted before has been carried out. */
  async settled(): Promise<void> {
    await this.query("summary");
  }

  /** May be called again. */
  async stop(): Promise<void> {
    if (!this.stopping) {
      this.stopping = true;
      this.post({ type: "stop" });
    }
    await this.ended;
    if (this.closed) return;
    this.closed = true;
    closeSync(this.wakeFd);
  }
}
