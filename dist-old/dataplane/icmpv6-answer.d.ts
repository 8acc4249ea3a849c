/**
 * As `icmp-answer.ts`, about an IPv6 packet: turns it into an ICMPv6 error that quotes it (RFC 4443 §2.4). Never about an error, a later fragment, what
 * was for a group, or from one.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Whether there may be an error about frame `i`. */
export declare function isAnswerable6(b: Batch, i: number): boolean;
/** Address that the error comes from; one that `isRefused` says: there is none. */
export declare function ownAddress6(b: Batch, i: number, state: State): number;
/** Turns frame `i` into the error; `rest`: the 32 bits that depend on the type. Preconditions: the two above. */
export declare function answer6(b: Batch, i: number, state: State, own: number, type: number, code: number, rest: number): void;
