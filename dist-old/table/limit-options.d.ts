/** Numbers for what one may have (`dataplane/limits.ts`). */
/** A number for each that can have a limit. */
export interface PerHolder {
    /** Address of a client that comes from outside, or from a network that is not ours. */
    client: number;
    /** What is attached to one of our ports, whatever its address. */
    endpoint: number;
    /** Published port: its number and protocol. */
    port: number;
}
/** Of one worker. */
export interface LimitOptions {
    /** Flows at a time; 0: the rule of half and the last eighth. */
    flows: PerHolder;
    newFlowsPerSec: PerHolder;
}
/** New flows: more than anybody is known to open for a good reason, and so few that a table of the default size holds each for seconds, time enough for an answer. */
export declare const DEFAULT_LIMITS: LimitOptions;
