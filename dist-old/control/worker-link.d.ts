import type { Query, ToWorker, WorkerOptions } from "../engine/messages.js";
export interface WorkerHooks {
    portGone(port: number, errno: number): void;
    /** A descriptor given to `watch` can be read. */
    readable(): void;
    onDeath(error: Error): void;
}
export declare class WorkerLink {
    readonly counters: Float64Array<ArrayBufferLike>;
    /** Settles when the worker's loop runs. */
    readonly ready: Promise<void>;
    private readonly mailbox;
    private readonly wakeFd;
    private readonly worker;
    private readonly waiting;
    private queries;
    private ended;
    private stopping;
    private closed;
    constructor(options: Pick<WorkerOptions, "worker" | "workers" | "conntrackMax" | "timeouts" | "masqueradeFirst" | "masqueradeLast" | "offload" | "bypass" | "limits" | "buckets" | "flowFile" | "owner" | "former">, hooks: WorkerHooks);
    /** Of flows that both ends kept up, how many there were when it stopped. */
    get held(): number;
    /** Ends the loop at once, for the end of the process, which waits for its threads: one that sleeps in a system call would sleep on. */
    abandon(): void;
    /** Nothing happens when the worker is dead. */
    post(message: ToWorker): void;
    query<T>(what: Query): Promise<T>;
    /** The answer to a message that carries the number `id`; undefined when the worker is dead. */
    ask<T>(message: (id: number) => ToWorker): Promise<T>;
    /** Resolves once all that was posted before has been carried out. */
    settled(): Promise<void>;
    /** May be called again. */
    stop(): Promise<void>;
}
