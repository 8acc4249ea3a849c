/** What one client, endpoint or published port may have of a whole dataplane; `dataplane/limits.ts` holds to it, a worker at a time. */
import type { LimitOptions, PerHolder } from "../table/limit-options.js";

export { DEFAULT_LIMITS, type LimitOptions, type PerHolder } from "../table/limit-options.js";

/** What one of so many workers is to hold to. */
export function partOf({ flows, newFlowsPerSec }: LimitOptions, workers: number): LimitOptions {
  const part = ({ client, endpoint, port }: PerHolder): PerHolder => ({
    client: Math.ceil(client / workers),
    endpoint: Math.ceil(endpoint / workers),
    port: Math.ceil(port / workers),
  });
  return { flows: part(flows), newFlowsPerSec: part(newFlowsPerSec) };
}
