/**
 * Fragments of what is to be routed. The first one has the ports and goes the way of any packet; here it is noted, and the later ones get
 * its flow and then new addresses alone. They are sent on one by one; nothing is put together, so what a receiver gets are the fragments that
 * the sender made.
 *
 * One that comes before the first is copied and waits for it (RFC 4787 REQ-14): then it goes through all stages once more (`engine/engine.ts`).
 * From an endpoint to the host it goes there as well: if the first one is of no flow, the host puts them together itself. In the
 * same way `steer` leaves to the host what it copies to us (`steer/steer-program.ts`).
 *
 * No byte of a datagram passes twice: with a fragment that covers a part of what another one has, all of it is refused from then on
 * (RFC 5722, RFC 1858). One that says the same bytes again is dropped, as the receiver would.
 *
 * Runs after `admit`, so that the flow may be as new as its first fragment in this very batch.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function fragment(b: Batch, state: State): void;
/** Why packet `i`, which is of no flow yet, may open none, if it is the first of several fragments: then it would be dropped here. Else DROP_NONE. */
export declare function unfit(b: Batch, i: number, state: State): number;
