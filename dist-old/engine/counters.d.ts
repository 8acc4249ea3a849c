export declare const RX_PACKETS = 0, RX_BYTES = 1, TX_PACKETS = 2, TX_BYTES = 3, DROPS = 4;
export declare const ROW: number;
export declare function createCounters(): Float64Array;
/** Starts a port's row afresh. */
export declare function clearRow(counters: Float64Array, port: number): void;
/** Drops of one port by reason name, those that happened. */
export declare function dropsOf(counters: Float64Array, port: number): Record<string, number>;
