/** Docker's network plugin: the driver behind its socket. */

import { join } from "node:path";
import type { HttpService } from "../api/http-server.js";
import type { NetworkModel } from "../model/network-model.js";
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
