import type { Handlers } from "./routes.js";
import type { InfoView } from "./types.js";
export interface ApiService {
    /** What it answers at /v1/info but for the time. */
    readonly info: InfoView;
    close(): Promise<void>;
}
/**
 * Listens on `PID.sock` in the run folder, for its owner, and for `group` if one is given; answers /v1/info by itself. Throws TSP_ERR_API_SOCKET,
 * or TSP_ERR_GROUP for an unknown group.
 */
export declare function serveApi(handlers: Handlers, about: Pick<InfoView, "role" | "launcherSocket" | "pluginSocket" | "launched">, group?: string): Promise<ApiService>;
