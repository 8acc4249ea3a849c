/**
 * As `established.ts`, for IPv6: one pass for the packets of established flows that have no extension header and stay IPv6. It looks at the frames that
 * pass has left UNDECIDED, and leaves those that are not its own to the stages in turn; with it taken out the same frames come out.
 *
 * What is more than in IPv4 are two look-ups of 16 bytes, source and destination. The hashes of all are made first and the slots fetched afterwards, so that
 * cache misses overlap. What is less is a header checksum.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** The stage for one batch; it answers how many of `left` frames it has left. */
export declare function establishedFlows6(b: Batch, state: State): (left: number) => number;
