/**
 * A worker thread as Node.js has it, and the memory that it shares with the control thread. It loads its code, and then waits for what its engine is to be made
 * with: so it can be begun before that is known (`begin.ts`).
 */
import { closeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { createCounters } from "../engine/counters.js";
import type { FromWorker, ToWorker, WorkerData, WorkerOptions } from "../engine/messages.js";
import { TsproxyError } from "../errors.js";
import { native } from "../sys/native.js";

/** Those that have not ended. */
const running = new Set<WorkerThread>();
process.on("exit", () => {
  for (const thread of running) thread.abandon();
});

export class WorkerThread {
  /** Resolves to why, when it has ended. */
  readonly ended: Promise<TsproxyError>;
  readonly counters = createCounters();
  private readonly mailbox = new Int32Array(new SharedArrayBuffer(12));
  private readonly wakeFd = native.eventfd();
  private readonly worker: Worker;
  private isTaken = false;
  private discarded: Promise<void> | undefined;

  constructor() {
    const workerData: WorkerData = {
      counters: this.counters.buffer as SharedArrayBuffer,
      mailbox: this.mailbox.buffer as SharedArrayBuffer,
      wakeFd: this.wakeFd,
    };
    try {
      this.worker = new Worker(new URL("../engine/worker.cjs", import.meta.url), { workerData });
    } catch (error) {
      this.close();
      throw error;
    }
    running.add(this);
    this.ended = new Promise((resolve) => {
      const end = (error: Error): void => {
        running.delete(this);
        resolve(TsproxyError.of(error));
      };
      this.worker.on("error", end);
      this.worker.on("exit", () => end(new TsproxyError("TSP_ERR_WORKER", "internal", "the dataplane thread ended")));
    });
  }

  onMessage(listener: (message: FromWorker) => void): void {
    this.worker.on("message", listener);
  }

  /** The options once, before everything else. */
  post(message: WorkerOptions | ToWorker): void {
    this.worker.postMessage(message);
    this.isTaken = true;
    this.wake();
  }

  /** Of flows that both ends kept up, how many there were when it stopped. */
  get held(): number {
    return Atomics.load(this.mailbox, 2);
  }

  /** Ends it at once, for the end of the process, which waits for its threads: one that sleeps in a system call would sleep on. */
  abandon(): void {
    Atomics.store(this.mailbox, 1, 1);
    this.wake();
  }

  /** Ends it, unless it was given options: who has given them ends it. May be called again. */
  discard(): Promise<void> {
    if (this.isTaken) return Promise.resolve();
    this.discarded ??= this.endAtOnce();
    return this.discarded;
  }

  private async endAtOnce(): Promise<void> {
    this.abandon();
    await this.ended;
    this.close();
  }

  /** After its end. */
  close(): void {
    closeSync(this.wakeFd);
  }

  private wake(): void {
    Atomics.add(this.mailbox, 0, 1);
    Atomics.notify(this.mailbox, 0); // it waits for its options so
    native.signalEventfd(this.wakeFd);
  }
}
