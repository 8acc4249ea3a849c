/**
 * Published ports that lead to a name, `-p 80:web:8080`: to every endpoint of the network that has it. Such a port is there for as long as a sandbox
 * runs that asks for it; those that ask for the same one share it. Who comes later under the name is one more target, and one that is being stopped
 * gets no new connections while its program ends.
 */
import { type BalanceOptions } from "../control/balance-options.js";
import type { Mapping, PortSpec } from "../control/mapping.js";
import type { Publication } from "../control/publisher.js";
import type { LiveEndpoint } from "../model/live.js";
import type { Member } from "./member.js";
import type { SandboxRecord } from "./records.js";
type Port = SandboxRecord["ports"][number];
/** A sandbox that runs. */
export interface Asking {
    record: SandboxRecord;
    members: readonly Member[];
}
export declare class NamedPorts {
    private readonly model;
    private readonly publisher;
    private readonly open;
    constructor(model: {
        readonly endpoints: readonly LiveEndpoint[];
    }, publisher: {
        publish(spec: PortSpec, heldBy: undefined, options: BalanceOptions): Publication;
    });
    /**
     * As `all` ask now, and publishes what sandbox `own` asks for; `stopping`: owners of endpoints that are being stopped. Throws when a port cannot be
     * published, with none of the new ones left. What another sandbox could not publish, as after a restart, is no failure of this one.
     */
    arrange(all: readonly Asking[], stopping: ReadonlySet<string>, own: string): Promise<void>;
    /** The same, but publishes nothing more, so nothing can go wrong. */
    settle(all: readonly Asking[], stopping: ReadonlySet<string>): Promise<void>;
    /** What is published for the sandbox. */
    mappingsOf(asking: Asking): Mapping[];
    private close;
    private publish;
    private endpointsOf;
}
/** Throws TSP_ERR_OPTION (invalid). */
export declare function balanceOf({ affinity, healthCheck }: Pick<Port, "affinity" | "healthCheck">): BalanceOptions;
/** Throws TSP_ERR_SANDBOX (invalid) for a port of a name that the sandbox has not. */
export declare function checkNames(ports: readonly Port[], names: readonly string[]): void;
export {};
