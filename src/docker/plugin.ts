/** The Docker side of the daemon: the network driver behind its plugin socket, and what the API says of it. */

import { join } from "node:path";
import type { Handlers } from "../api/routes.js";
import { DriverState, stateDir } from "../model/store.js";
import { findDevice, removeHostDevice } from "../model/stray-device.js";
import { type DriverPlane, NetworkDriver } from "./network-driver.js";
import { servePlugin } from "./plugin-server.js";

export interface PluginOptions {
  /** Default: where dockerd looks for driver `tsproxy`. */
  pluginSocket?: string | undefined;
  group?: string | undefined;
}

export interface Plugin {
  readonly socketPath: string;
  readonly handlers: Pick<Handlers, "networks" | "endpoints">;
  /** Networks and published ports end with the dataplane; containers keep their devices. */
  close(): Promise<void>;
}

/** Where the plugin socket is: beside a run folder of one's own, or where dockerd looks (pkg/plugins/discovery.go). */
export function pluginSocket(): string {
  const { TSPROXY_RUN_DIR } = process.env;
  return TSPROXY_RUN_DIR === undefined ? "/run/docker/plugins/tsproxy.sock" : join(TSPROXY_RUN_DIR, "plugins/tsproxy.sock");
}

export async function startPlugin(plane: DriverPlane, options: PluginOptions): Promise<Plugin> {
  const driver = new NetworkDriver(plane, { findDevice, removeHostDevice }, new DriverState(stateDir()));
  const socketPath = options.pluginSocket ?? pluginSocket();
  const calls = Object.entries(driver.calls).map(([name, call]) => [`NetworkDriver.${name}`, call] as const);
  const server = await servePlugin(
    { "Plugin.Activate": async () => ({ Implements: ["NetworkDriver"] }), ...Object.fromEntries(calls) },
    { path: socketPath, group: options.group },
  );
  // Only now: it is certain that no other daemon serves the same networks.
  try {
    driver.restore();
  } catch (error) {
    await server.close();
    throw error;
  }
  return {
    socketPath,
    handlers: { networks: () => driver.networkViews(), endpoints: () => driver.endpointViews() },
    close: () => server.close(),
  };
}
