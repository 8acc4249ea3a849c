/** The HTTP API of a running instance, on its unix socket (`routes.ts`). */
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { errorAnswer } from "./error-body.js";
import { type HttpAnswer, type HttpRequest, serveHttp } from "./http-server.js";
import type { RawSockets } from "./listen-first.js";
import { runDir, socketPath } from "./paths.js";
import type { Handlers } from "./routes.js";
import type { InfoView } from "./types.js";
import { version } from "./version.js";

const MAX_BODY = 1 << 20;

export interface ApiService {
  /** What it answers at /v1/info but for the time. */
  readonly info: InfoView;
  close(): Promise<void>;
}

/**
 * Listens on `PID.sock` in the run folder, for its owner, and for `group` if one is given; answers /v1/info by itself. Throws TSP_ERR_API_SOCKET,
 * or TSP_ERR_GROUP for an unknown group. `raw`: with it nothing of HTTP is loaded before somebody asks.
 */
export async function serveApi(
  handlers: Handlers,
  about: Pick<InfoView, "role" | "launcherSocket" | "pluginSocket" | "launched">,
  group?: string,
  raw?: RawSockets,
): Promise<ApiService> {
  const startedAt = performance.now();
  const info = (): InfoView => ({
    pid: process.pid,
    version: version(),
    ...about,
    uptimeSec: Math.floor((performance.now() - startedAt) / 1000),
    apiSocket: socketPath(process.pid),
  });
  // Loaded for the first request: most runs of the main job never get one, and are to be ready soon.
  const load = async (): Promise<(request: HttpRequest) => Promise<HttpAnswer>> => {
    const [{ dispatcher }, { ROUTES }] = await Promise.all([import("./dispatch.js"), import("./routes.js")]);
    return dispatcher(ROUTES, { info, ...handlers });
  };
  let dispatch: ReturnType<typeof load> | undefined;
  const service = await serveHttp(
    async (request) => {
      dispatch ??= load();
      try {
        return await (await dispatch)(request);
      } catch (error) {
        dispatch = undefined; // no descriptor was left for its files, say: the next request has it tried again
        const known = TsproxyError.of(error);
        log.warn(`the API cannot be loaded: ${known.message}`);
        return errorAnswer(known);
      }
    },
    {
      path: socketPath(process.pid),
      group,
      raw,
      maxBody: MAX_BODY,
      contentType: "application/json",
      refusal: { code: "TSP_ERR_API_SOCKET", other: "another process", hint: `see who uses ${runDir()}` },
    },
  );
  return { info: info(), close: () => service.close() };
}
