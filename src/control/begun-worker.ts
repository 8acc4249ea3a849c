/**
 * A worker thread that boots before anybody knows what it is to do: what Node.js takes for a thread, and its own code, are half of the time until it
 * answers. `WorkerLink` takes it, and gives it its options. This file imports next to nothing, as it is among what the main command loads first.
 */
import { Worker } from "node:worker_threads";
import type { Mailbox } from "../engine/messages.js";

export class BegunWorker {
  readonly mailbox: Mailbox = new Int32Array(new SharedArrayBuffer(12));
  private readonly thread = new Worker(new URL("../engine/worker.cjs", import.meta.url), { workerData: this.mailbox });
  private isTaken = false;

  /** The thread, which is the caller's from now on. */
  take(): Worker {
    this.isTaken = true;
    return this.thread;
  }

  /** It ends, unless it was taken. */
  discard(): void {
    if (!this.isTaken) void this.thread.terminate();
  }
}
