/** Numbers for what one may have (`dataplane/limits.ts`). */
/** New flows: more than anybody is known to open for a good reason, and so few that a table of the default size holds each for seconds, time enough for an answer. */
export const DEFAULT_LIMITS = {
    flows: { client: 0, endpoint: 0, port: 0 },
    newFlowsPerSec: { client: 50_000, endpoint: 50_000, port: 200_000 },
};
//# sourceMappingURL=limit-options.js.map