/**
 * Gives each packet of a flow the addresses and ports of its translation, corrects the checksums by the flow's deltas (RFC 1624), and
 * picks the egress port. Where the flow's other end is of the other family, the packet becomes one of that (`translate.ts`). A partial checksum (NEEDS_CSUM) stays partial, a segmentation-offload frame stays whole.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** A frame of the host's own up to this long fits into one packet on any way out, in bytes. */
export declare const FITS = 1280;
export declare function rewrite(b: Batch, state: State): void;
