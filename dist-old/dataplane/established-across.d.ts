/**
 * As `established.ts`, for flows whose two ends are of different families (RFC 7915): one pass for what the passes of both families have left. Whole
 * datagrams alone, without options and extension headers; with it taken out the same frames come out.
 *
 * It looks up again what those have looked up in vain, rather than be told: what they would have to note costs every packet more than this costs here
 * (decision 0110). Where no flow goes across, nothing is done.
 *
 * The new IP header is written right before layer 4, which stays where it is; so the frame starts 20 bytes later or earlier (`translate.ts`).
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** The stage for one batch; it answers how many of `left` frames it has left. */
export declare function establishedAcross(b: Batch, state: State): (left: number) => number;
