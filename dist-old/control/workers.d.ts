import type { Adopted, ToWorker } from "../engine/messages.js";
import type { FdbRow, FlowRow, HolderRow, NodeRow, Summary } from "../engine/views.js";
import type { FlowFiles } from "./flow-files.js";
import type { FlowFilter } from "./flow-filter.js";
import { type LimitOptions } from "./limits.js";
export interface WorkersOptions {
    workers: number;
    /** All workers together. */
    conntrackMax: number;
    timeouts: Int32Array;
    masqueradeFirst: number;
    masqueradeLast: number;
    offload: boolean;
    bypass: boolean;
    /** All workers together. */
    limits: LimitOptions;
    /** Where flows lie that are to outlive the process; default: nowhere. */
    files?: FlowFiles | undefined;
}
export interface WorkersHooks {
    /** Said once a port. */
    portGone(port: number, errno: number): void;
    readable(): void;
    onDeath(error: Error): void;
}
export interface PortCounters {
    rxPackets: number;
    rxBytes: number;
    txPackets: number;
    txBytes: number;
    drops: Record<string, number>;
}
type AddPort = Omit<Extract<ToWorker, {
    type: "add-port";
}>, "type" | "fd">;
/** Flows of one worker of several. */
export declare function partOfTable(conntrackMax: number, workers: number): number;
export declare class Workers {
    private readonly links;
    private readonly gone;
    constructor(options: WorkersOptions, hooks: WorkersHooks);
    get count(): number;
    /** To every worker. */
    post(message: ToWorker): void;
    /** Says when `fd` becomes readable, by the hook. */
    watch(fd: number): void;
    /** `fds`: one a worker. */
    addPort(port: AddPort, fds: readonly number[]): void;
    /** `fds`: one a worker. */
    addTunnel(tunnel: Omit<Extract<ToWorker, {
        type: "add-tunnel";
    }>, "type" | "fd">, fds: readonly number[]): void;
    /** To one worker: of the devices behind a port number that all share it has one of its own. */
    postTo(worker: number, message: ToWorker): void;
    /** Stops a port and waits until the workers have let go of its descriptors, which may then be closed. */
    removePort(port: number): Promise<void>;
    ready(): Promise<void>;
    /** Resolves once all that was posted before has been carried out. */
    settled(): Promise<void>;
    stop(): Promise<void>;
    /** Of flows that both ends kept up, how many there were when the workers stopped. */
    get held(): number;
    /** Takes up flows of former processes; `last`: what waits still is given up. */
    adopt(last: boolean): Promise<Adopted>;
    flows(): Promise<FlowRow[]>;
    /** An address that several workers have seen is there once, as the one who saw it last knows it. */
    fdb(): Promise<FdbRow[]>;
    summary(): Promise<Summary>;
    /** Ends flows; answers how many. */
    endFlows({ client, port }: FlowFilter): Promise<number>;
    /** Other nodes of overlay networks, what was exchanged with each summed over the workers. */
    nodes(): Promise<NodeRow[]>;
    /** Of each kind those that have most flows in all workers together. */
    holders(): Promise<HolderRow[]>;
    counters(port: number): PortCounters;
    /** Answers of all workers that live. */
    private ask;
}
export {};
