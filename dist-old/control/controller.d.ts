/**
 * The dataplane as the control side sees it: uplinks with their steering, workers, and on top of them networks, endpoints and published
 * ports, which come and go while it runs. Each `add…` and `publish` answers with how to undo it.
 */
import type { PortStats } from "../api/types.js";
import type { FdbRow, FlowRow, HolderRow, NodeRow, Summary } from "../engine/views.js";
import type { IpPrefix } from "../wire/ip-address.js";
import { type FlowRole } from "./flow-files.js";
import type { FlowFilter } from "./flow-filter.js";
import { Host } from "./host.js";
import type { LimitOptions } from "./limits.js";
import { NetworkRegistry } from "./network/registry.js";
import { Publisher } from "./publisher.js";
export interface ControllerOptions {
    workers: number;
    conntrackMax: number;
    /** Seconds by state of conntrack. */
    timeouts: Int32Array;
    masqueradePorts: {
        first: number;
        last: number;
    };
    /** Clients that may use published ports; empty: all. */
    allowFrom: IpPrefix[];
    /** Flows to published ports are carried by the steering programs, decided here still. */
    offload: boolean;
    firewall: Firewall;
    /** What one client, endpoint or published port may have. */
    limits: LimitOptions;
    /**
     * Folder where flows are kept for the next process of the same kind, and those of the one before are found; a daemon's devices, ports and
     * programs are kept too (`sys/fd-store.ts`). Default: all ends with the process.
     */
    continuity?: {
        dir: string;
        role: FlowRole;
    } | undefined;
}
/** Whether clients of published ports must pass what the host's kernel checks, its firewall above all, as those of a program on the host must. */
export type Firewall = "honour" | "bypass";
export declare class Controller {
    private readonly undo;
    private readonly numbers;
    private readonly workers;
    private readonly steering;
    private readonly files;
    private readonly adoption;
    private readonly store;
    readonly host: Host;
    readonly networks: NetworkRegistry;
    readonly publisher: Publisher;
    private constructor();
    /** Throws with everything undone: TSP_ERR_BPF or TSP_ERR_SYSCALL of kind permission where the kernel does not let us. */
    static start(options: ControllerOptions, onDeath: (error: Error) => void): Promise<Controller>;
    /** Resolves once all that was asked for so far is in force. */
    settled(): Promise<void>;
    /**
     * What is remembered of a former process is there again: its flows go on, as far as what they need is there, and what else it left ends. `all`:
     * nothing more will come.
     */
    takeUp(all: boolean): Promise<void>;
    /** Something was made that flows of a former process may wait for. */
    takeUpMore(): void;
    /** Undoes what is left of ports and networks, then the rest. Flows end with the workers first, so what is kept of them stays as it is. */
    stop(): Promise<void>;
    flows(): Promise<FlowRow[]>;
    /** Ends flows; answers how many. */
    endFlows(filter: FlowFilter): Promise<number>;
    fdb(): Promise<(FdbRow & {
        name: string;
    })[]>;
    holders(): Promise<HolderRow[]>;
    nodes(): Promise<NodeRow[]>;
    summary(): Promise<Summary>;
    portStats(): PortStats[];
    steeringStats(): Record<string, number>;
}
