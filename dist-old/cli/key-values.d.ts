/** Of several with one key the last counts. Throws TSP_ERR_OPTION for a word without a key. */
export declare function keyValues(option: string, words: readonly string[]): Record<string, string>;
