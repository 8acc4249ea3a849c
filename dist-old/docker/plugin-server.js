/**
 * Docker's plugin protocol v1: HTTP POST of JSON on a unix socket, one path a call. What cannot be decoded is answered with an HTTP error,
 * what cannot be done with status 200 and `Err` (libnetwork's docs/remote.md).
 */
import { RequestError, serveHttp } from "../api/http-server.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
/** Room for 65,535 published ports in one message, twice over. */
const MAX_BODY = 16 << 20;
const CONTENT_TYPE = "application/vnd.docker.plugins.v1.1+json";
/** Throws TSP_ERR_PLUGIN_SOCKET when another process serves it. */
export async function servePlugin(calls, options) {
    return serveHttp((request) => answer(calls, request), {
        ...options,
        maxBody: MAX_BODY,
        contentType: CONTENT_TYPE,
        refusal: { code: "TSP_ERR_PLUGIN_SOCKET", other: "another process", hint: "stop it, or give --plugin-socket another path" },
    });
}
/** Never rejects. */
async function answer(calls, request) {
    const name = request.path.slice(1);
    const call = Object.hasOwn(calls, name) ? calls[name] : undefined;
    if (call === undefined)
        return refusal(404, `there is no ${name}`);
    if (request.method !== "POST")
        return refusal(405, `${name} is called by POST`);
    try {
        const body = (await request.body()) ?? {};
        return { status: 200, value: await call(body) };
    }
    catch (error) {
        if (error instanceof RequestError)
            return refusal(error.status, `${name}: ${error.message}`);
        if (error instanceof TsproxyError)
            return refusal(200, error.describe());
        log.fault(name, error);
        return refusal(500, `internal error: ${error.message}`);
    }
}
function refusal(status, text) {
    return { status, value: { Err: text } };
}
//# sourceMappingURL=plugin-server.js.map