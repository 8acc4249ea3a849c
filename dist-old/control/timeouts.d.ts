/** Seconds by state, the RFCs' where nothing else is said. Throws TSP_ERR_OPTION (invalid). */
export declare function parseTimeouts(words: readonly string[]): Int32Array;
