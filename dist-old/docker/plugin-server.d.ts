/**
 * Docker's plugin protocol v1: HTTP POST of JSON on a unix socket, one path a call. What cannot be decoded is answered with an HTTP error,
 * what cannot be done with status 200 and `Err` (libnetwork's docs/remote.md).
 */
import { type HttpService } from "../api/http-server.js";
/** By path, without its leading slash: `NetworkDriver.Join`. */
export type PluginCalls = Readonly<Record<string, (body: unknown) => Promise<object>>>;
export interface PluginServerOptions {
    path: string;
    /** Group that may use it besides its owner; undefined: nobody. */
    group?: string | undefined;
    /** A socket that systemd listens on there already. */
    passed?: number | undefined;
}
/** Throws TSP_ERR_PLUGIN_SOCKET when another process serves it. */
export declare function servePlugin(calls: PluginCalls, options: PluginServerOptions): Promise<HttpService>;
