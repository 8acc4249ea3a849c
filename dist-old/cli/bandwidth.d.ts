import type { Bandwidth } from "../table/bandwidth.js";
/** Throws TSP_ERR_USAGE. */
export declare function parseBandwidth(text: string): Bandwidth;
