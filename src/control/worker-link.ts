/**
 * The control side's end of a worker thread: posts messages and wakes it, asks for its tables, reads its counters.
 * A worker that dies is reported once by `onDeath`; the control side lives on.
 */
import type { Query, ToWorker, WorkerOptions } from "../engine/messages.js";
import type { WorkerThread } from "./worker-thread.js";

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

export class WorkerLink {
  readonly counters: Float64Array;
  /** Settles when the worker's loop runs. */
  readonly ready: Promise<void>;
  private readonly waiting = new Map<number, (value: unknown) => void>();
  private readonly ended: Promise<void>;
  private queries = 0;
  private stopping = false;
  private closed = false;

  constructor(
    options: Omit<WorkerOptions, "spinNs">,
    hooks: WorkerHooks,
    private readonly thread: WorkerThread,
  ) {
    const given: WorkerOptions = { ...options, spinNs: SPIN_NS };
    thread.post(given); // first: where it throws, nobody listens
    this.counters = thread.counters;
    let onReady: () => void;
    let onFailure: (error: Error) => void;
    this.ready = new Promise((resolve, reject) => {
      onReady = resolve;
      onFailure = reject;
    });
    this.ready.catch(() => {}); // whoever waits for it sees the error; nobody may
    thread.onMessage((message) => {
      if (message.type === "ready") onReady();
      else if (message.type === "port-gone") hooks.portGone(message.port, message.errno);
      else if (message.type === "readable") hooks.readable();
      else if (message.type === "captured") hooks.captured(message.id);
      else if (message.type === "answer") {
        this.waiting.get(message.id)?.(message.value);
        this.waiting.delete(message.id);
      }
    });
    this.ended = thread.ended.then((error) => {
      onFailure(error);
      if (!this.stopping) hooks.onDeath(error);
      this.stopping = true;
      for (const answer of this.waiting.values()) answer(undefined); // nobody will
      this.waiting.clear();
    });
  }

  /** Of flows that both ends kept up, how many there were when it stopped. */
  get held(): number {
    return this.thread.held;
  }

  /** Nothing happens when the worker is dead. */
  post(message: ToWorker): void {
    if (!this.closed) this.thread.post(message);
  }

  query<T>(what: Query): Promise<T> {
    return this.ask((id) => ({ type: "query", id, what }));
  }

  /** The answer to a message that carries the number `id`; undefined when the worker is dead. */
  ask<T>(message: (id: number) => ToWorker): Promise<T> {
    const id = this.queries++;
    if (this.stopping) return this.ended.then(() => undefined as T); // until then it may be at what is asked about
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
    this.thread.close();
  }
}
