/** Asks a running instance: the typed other end of `server.ts`. */
import { TsproxyError } from "../errors.js";
import { errorOf } from "./error-body.js";
import { NoAnswer, requestJson } from "./http-client.js";
import { PATHS } from "./route-paths.js";
const TIMEOUT_MS = 5000;
/**
 * The answer of the instance that listens on `socketPath`. Throws the error that it answers with, or TSP_ERR_INSTANCE (unavailable, permission)
 * when there is no answer.
 */
export async function ask(socketPath, name, ...[given]) {
    const { method, path } = PATHS[name];
    const { params = {}, query = {}, body, } = (given ?? {});
    const filled = path.replace(/:(\w+)/g, (_, key) => encodeURIComponent(params[key] ?? ""));
    const search = new URLSearchParams(query).toString();
    const answer = await send(socketPath, method, search === "" ? filled : `${filled}?${search}`, body);
    if (answer.status >= 200 && answer.status < 300)
        return answer.value;
    throw (errorOf(answer.value) ??
        new TsproxyError("TSP_ERR_INSTANCE", "unavailable", `the instance at ${socketPath} answers ${method} ${filled} with status ${answer.status}`, "is it of another version?"));
}
async function send(socketPath, method, path, body) {
    try {
        return await requestJson(socketPath, { method, path, body, timeoutMs: TIMEOUT_MS });
    }
    catch (error) {
        if (!(error instanceof NoAnswer))
            throw error;
        if (error.errno === "EACCES" || error.errno === "EPERM")
            throw denied(socketPath, error);
        const message = `the instance at ${socketPath} does not answer (${error.errno ?? error.message})`;
        throw new TsproxyError("TSP_ERR_INSTANCE", "unavailable", message, "is it still running?", error);
    }
}
/** The error for a file of another user's instance. */
export function denied(file, cause) {
    return new TsproxyError("TSP_ERR_INSTANCE", "permission", `this user may not open ${file}`, "run as the user who started tsproxy, or as root", cause);
}
//# sourceMappingURL=client.js.map