/** Docker's network plugins: a driver behind each socket. */

import { dirname, join } from "node:path";
import type { HttpService } from "../api/http-server.js";
import type { NetworkModel } from "../model/network-model.js";
import { GLOBAL_DRIVER, type GlobalNetworks, globalScope } from "./global-scope.js";
import { networkDriver } from "./network-driver.js";
import type { PassedToDocker } from "./passed-sockets.js";
import { servePlugin } from "./plugin-server.js";

export interface PluginOptions {
  /** Default: where dockerd looks for driver `tsproxy`. */
  pluginSocket?: string | undefined;
  group?: string | undefined;
  passed?: PassedToDocker | undefined;
}

/** Where the plugin socket is: beside a run folder of one's own, or where dockerd looks (pkg/plugins/discovery.go). */
function pluginSocket(): string {
  const { TSPROXY_RUN_DIR } = process.env;
  return TSPROXY_RUN_DIR === undefined ? "/run/docker/plugins/tsproxy.sock" : join(TSPROXY_RUN_DIR, "plugins/tsproxy.sock");
}

/** Calls that come before the model is restored wait for that. */
export function startPlugin(model: NetworkModel, options: PluginOptions): Promise<HttpService> {
  return servePlugin(
    { "Plugin.Activate": async () => ({ Implements: ["NetworkDriver"] }), ...networkDriver(model) },
    { path: options.pluginSocket ?? pluginSocket(), group: options.group, passed: options.passed?.plugin },
  );
}

/** The driver of the cluster's networks, beside the other one. */
export function startGlobalPlugin(model: NetworkModel, networks: GlobalNetworks, options: PluginOptions): Promise<HttpService> {
  return servePlugin(
    { "Plugin.Activate": async () => ({ Implements: ["NetworkDriver"] }), ...networkDriver(model, globalScope(model, networks)) },
    { path: join(dirname(options.pluginSocket ?? pluginSocket()), `${GLOBAL_DRIVER}.sock`), group: options.group },
  );
}
