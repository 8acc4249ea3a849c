/** Docker's network plugin: the driver behind its socket. */
import type { HttpService } from "../api/http-server.js";
import type { NetworkModel } from "../model/network-model.js";
import type { PassedToDocker } from "./passed-sockets.js";
export interface PluginOptions {
    /** Default: where dockerd looks for driver `tsproxy`. */
    pluginSocket?: string | undefined;
    group?: string | undefined;
    passed?: PassedToDocker | undefined;
}
/** Calls that come before the model is restored wait for that. */
export declare function startPlugin(model: NetworkModel, options: PluginOptions): Promise<HttpService>;
