export { DEFAULT_LIMITS } from "../table/limit-options.js";
/** What one of so many workers is to hold to. */
export function partOf({ flows, newFlowsPerSec }, workers) {
    const part = ({ client, endpoint, port }) => ({
        client: Math.ceil(client / workers),
        endpoint: Math.ceil(endpoint / workers),
        port: Math.ceil(port / workers),
    });
    return { flows: part(flows), newFlowsPerSec: part(newFlowsPerSec) };
}
//# sourceMappingURL=limits.js.map