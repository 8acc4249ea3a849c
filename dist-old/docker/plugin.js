/** Docker's network plugin: the driver behind its socket. */
import { join } from "node:path";
import { networkDriver } from "./network-driver.js";
import { servePlugin } from "./plugin-server.js";
/** Where the plugin socket is: beside a run folder of one's own, or where dockerd looks (pkg/plugins/discovery.go). */
function pluginSocket() {
    const { TSPROXY_RUN_DIR } = process.env;
    return TSPROXY_RUN_DIR === undefined ? "/run/docker/plugins/tsproxy.sock" : join(TSPROXY_RUN_DIR, "plugins/tsproxy.sock");
}
/** Calls that come before the model is restored wait for that. */
export function startPlugin(model, options) {
    return servePlugin({ "Plugin.Activate": async () => ({ Implements: ["NetworkDriver"] }), ...networkDriver(model) }, { path: options.pluginSocket ?? pluginSocket(), group: options.group, passed: options.passed?.plugin });
}
//# sourceMappingURL=plugin.js.map