/** How fast a port may send and be sent to. */
import { MAX_PORTS } from "./ports.js";
/** What ports have used of theirs (`dataplane/shaper.ts`), for all workers: a float64 a port and direction. */
export function createBuckets() {
    return new SharedArrayBuffer(MAX_PORTS * 2 * Float64Array.BYTES_PER_ELEMENT);
}
//# sourceMappingURL=bandwidth.js.map