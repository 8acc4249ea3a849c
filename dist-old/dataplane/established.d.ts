/**
 * The common case in one pass, before all other stages: a TCP or UDP packet of an established flow is checked, found, tracked, rewritten
 * and given its Ethernet header. Every other frame it leaves UNDECIDED and untouched for the stages after it, which do the same things
 * one by one and know all the other cases. It decides nothing by itself: with this stage taken out the same frames come out, only later
 * (a test runs both ways). One difference: the FDB does not learn from what passes here; endpoints' own addresses are in it for good.
 *
 * All tuples of the batch are hashed first and looked up afterwards: with many flows every look-up misses the cache, and independent misses
 * overlap. The columns of conntrack are read here directly, since calls that the JIT does not inline cost as much as the work in them
 * (bench: `memory`).
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** The stage for one batch; it answers how many frames it has left. */
export declare function establishedFlows(b: Batch, state: State): () => number;
