/**
 * Health of targets: whether a TCP server answers, asked at an interval.
 *
 * A target that is not known yet is taken for healthy, and its first check decides. Then it takes `fall` failures in a row to be down, and `rise`
 * answers in a row to be up again.
 *
 * A check knocks (`knock.ts`) by the host's own stack, from its address next to the target: so it goes where a client of the host would. It wakes the
 * machine once an interval, whatever the number of targets: all that have the same interval are asked at the same moments.
 */
import { type IpAddress } from "../wire/ip-address.js";
import type { Answer } from "./knock.js";
export interface HealthCheck {
    readonly intervalMs: number;
    /** At most the interval. */
    readonly timeoutMs: number;
    /** Answers in a row after which who was down is up, and failures after which who was up is down. */
    readonly rise: number;
    readonly fall: number;
    /** TCP port that is asked, whatever is published; null: the target's own, and only of TCP. */
    readonly port: number | null;
}
export declare const DEFAULT_CHECK: HealthCheck;
/** What has been heard of one target. */
export declare class Health {
    private readonly check;
    up: boolean;
    private known;
    /** Answers in a row that say otherwise. */
    private contrary;
    constructor(check: Pick<HealthCheck, "rise" | "fall">);
    /** A check has ended. True: `up` has changed. */
    note(answered: boolean): boolean;
}
export interface Clock {
    /** Milliseconds, never going back. */
    now(): number;
    /** Answers how to call it off. */
    after(ms: number, run: () => void): () => void;
}
export declare const CLOCK: Clock;
export type Ask = (address: string, port: number, timeoutMs: number) => Promise<Answer>;
/** `why`: the last answer. */
type Listener = (up: boolean, why: Answer) => void;
export interface Watch {
    /** As far as it is known. */
    readonly up: boolean;
    stop(): void;
}
/** Asks each server once, however many ports lead to it. */
export declare class HealthChecks {
    private readonly ask;
    private readonly clock;
    private readonly subjects;
    /** By interval: how to call off the next round. */
    private readonly rounds;
    constructor(ask: Ask, clock?: Clock);
    /** `listener` hears when it goes up or down. */
    watch(ip: IpAddress, port: number, check: HealthCheck, listener: Listener): Watch;
    close(): void;
    private schedule;
    private round;
    /** Puts the question, unless it is being asked still. */
    private put;
}
export {};
