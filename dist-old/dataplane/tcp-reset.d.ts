/**
 * Answers a segment of a connection that nobody knows with a reset (RFC 9293 §3.10.7.1), so that its sender does not hang. No more than so many a
 * second: the sender's address may be forged, and the answer then goes to who has it.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** Turns frame `i`, which `parse` has seen, into the reset; false, and nothing is changed, where there is to be none. */
export declare function reset(b: Batch, i: number, state: State): boolean;
/** Makes frame `i` one of the same protocol the other way, with `size` bytes of layer 4, to be written; answers where they begin. */
export declare function turnRound(b: Batch, i: number, state: State, size: number): number;
