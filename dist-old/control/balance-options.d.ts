import { type HealthCheck } from "./health.js";
export interface BalanceOptions {
    /** So long after its last new connection a client goes to the same target; 0: connections go to targets by turns. */
    readonly affinitySec: number;
    /** Null: none. */
    readonly check: HealthCheck | null;
}
export declare const DEFAULT_BALANCE: BalanceOptions;
/** `none`, `client` or `client:TIME`. Seconds; 0 for none. Throws TSP_ERR_OPTION (invalid). */
export declare function parseAffinity(text: string): number;
/** `off`, or some of `interval=2s,timeout=1s,rise=2,fall=3,port=8080`. Throws TSP_ERR_OPTION (invalid). */
export declare function parseHealthCheck(text: string): HealthCheck | null;
/** `90`, `90s`, `10m`, `3h`, `500ms` as seconds; null: it is no time. */
export declare function parseSeconds(text: string): number | null;
