/** What one client, endpoint or published port may have of a whole dataplane; `dataplane/limits.ts` holds to it, a worker at a time. */
import type { LimitOptions } from "../table/limit-options.js";
export { DEFAULT_LIMITS, type LimitOptions, type PerHolder } from "../table/limit-options.js";
/** What one of so many workers is to hold to. */
export declare function partOf({ flows, newFlowsPerSec }: LimitOptions, workers: number): LimitOptions;
