import type { PublishedTarget } from "../engine/messages.js";
import { type IpAddress } from "../wire/ip-address.js";
import type { Proto } from "../wire/ipv4.js";
import type { BalanceOptions } from "./balance-options.js";
import type { HealthChecks } from "./health.js";
import type { TargetAddress } from "./mapping.js";
import type { Reach } from "./network/network.js";
/** Most targets of one mapping: each new flow and each change of one looks at all. */
export declare const MAX_TARGETS = 64;
declare const DUTIES: {
    readonly up: 0;
    readonly draining: 1;
    readonly down: 2;
    readonly drained: 3;
};
export type TargetState = keyof typeof DUTIES;
/** What there is to tell of a target. */
export interface TargetStatus extends TargetAddress {
    readonly state: TargetState;
    /** Its health is looked at. */
    readonly checked: boolean;
}
export interface TargetEvent extends TargetStatus {
    readonly proto: Proto;
    readonly hostPort: number;
    /** `refused`, `silent`: what the check said; empty for what was asked for. */
    readonly reason: string;
}
export interface BalancerHooks {
    /** How to reach a target. Throws TSP_ERR_TARGET. */
    reach(ip: IpAddress): Reach;
    /** To all rules of the mapping. */
    post(targets: readonly PublishedTarget[]): void;
    onEvent(event: TargetEvent): void;
}
export declare class Balancer {
    private readonly proto;
    private readonly options;
    private readonly checks;
    private readonly hooks;
    readonly memory: SharedArrayBuffer;
    /** Of events; known once it is published. */
    hostPort: number;
    private readonly selection;
    private entries;
    private nextId;
    /** Throws TSP_ERR_TARGET where one cannot be reached. */
    constructor(targets: readonly TargetAddress[], proto: Proto, options: BalanceOptions, checks: HealthChecks, hooks: BalancerHooks);
    get targets(): TargetAddress[];
    get published(): PublishedTarget[];
    /** What a worker would choose, for who forwards without one. */
    choose(client: IpAddress): TargetAddress | null;
    status(): TargetStatus[];
    /** Begins to look after their health. */
    start(hostPort: number): void;
    /**
     * These are the targets now. Those that are missing are withdrawn: what they have goes on for `drainMsOf` at most, also if they were withdrawn before.
     * Throws as the constructor.
     */
    set(targets: readonly TargetAddress[], drainMsOf: (withdrawn: TargetAddress) => number): void;
    /** Takes those that `isMeant` means out of service, or back into it. Answers how many there are. One that is being drained has another time then. */
    drain(isMeant: (target: TargetAddress) => boolean, drainMs: number): number;
    resume(isMeant: (target: TargetAddress) => boolean): number;
    /** The host has changed, and with it perhaps the way to some: `reachOf` answers it, null while there is none. */
    revise(reachOf: (ip: IpAddress) => Reach | null): void;
    close(): void;
    private entry;
    private change;
    private withdraw;
    private beginDrain;
    private turn;
    private remove;
    private forget;
    private watchAll;
    private post;
    private tell;
}
export declare function sameReach(a: Reach, b: Reach): boolean;
export {};
