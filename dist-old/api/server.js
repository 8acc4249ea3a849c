/** The HTTP API of a running instance, on its unix socket (`routes.ts`). */
import { serveHttp } from "./http-server.js";
import { runDir, socketPath } from "./paths.js";
import { version } from "./version.js";
const MAX_BODY = 1 << 20;
/**
 * Listens on `PID.sock` in the run folder, for its owner, and for `group` if one is given; answers /v1/info by itself. Throws TSP_ERR_API_SOCKET,
 * or TSP_ERR_GROUP for an unknown group.
 */
export async function serveApi(handlers, about, group) {
    const startedAt = performance.now();
    const info = () => ({
        pid: process.pid,
        version: version(),
        ...about,
        uptimeSec: Math.floor((performance.now() - startedAt) / 1000),
        apiSocket: socketPath(process.pid),
    });
    // Loaded for the first request: most runs of the main job never get one, and are to be ready soon.
    const load = async () => {
        const [{ dispatcher }, { ROUTES }] = await Promise.all([import("./dispatch.js"), import("./routes.js")]);
        return dispatcher(ROUTES, { info, ...handlers });
    };
    let dispatch;
    const service = await serveHttp(async (request) => {
        dispatch ??= load();
        return (await dispatch)(request);
    }, {
        path: socketPath(process.pid),
        group,
        maxBody: MAX_BODY,
        contentType: "application/json",
        refusal: { code: "TSP_ERR_API_SOCKET", other: "another process", hint: `see who uses ${runDir()}` },
    });
    return { info: info(), close: () => service.close() };
}
//# sourceMappingURL=server.js.map