/** Learns which station is behind which port (IEEE 802.1D-2004 §7.8). */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function l2Learn(b: Batch, state: State): void;
