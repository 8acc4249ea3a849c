/** Published ports in a worker: from what the control side says of them to rules, and what becomes of their flows when they change. */
import type { State } from "../dataplane/state.js";
import type { PublishedRange, PublishedTarget } from "./messages.js";
export declare class Rules {
    private readonly state;
    private readonly flush;
    /** `flush` ends the flows for which `matches` holds. */
    constructor(state: State, flush: (matches: (id: number) => boolean) => unknown);
    /** A rule that has the number already gives way; flows that it has opened stay. */
    publish(id: number, { hostIp, targets, selection, ...rest }: PublishedRange): void;
    withdraw(id: number): void;
    /** Other targets, or duties. What a new duty says of the flows that a target has is done at once. */
    retarget(id: number, published: readonly PublishedTarget[]): void;
    private take;
    private release;
    private releaseTargets;
}
