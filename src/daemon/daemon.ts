/**
 * `tsproxy daemon`: one dataplane for everything that asks: docker-proxy launchers (`proxy-server.ts`), Docker's network plugin
 * (`network-driver.ts`), and the API's views. It starts with nothing published and ends by taking everything back.
 */
import { launcherSocketPath } from "../api/paths.js";
import { serveApi } from "../api/server.js";
import type { InfoView, MappingView } from "../api/types.js";
import { Dataplane, type DataplaneOptions } from "../control/controller.js";
import { Undo } from "../control/undo.js";
import { views } from "../control/views.js";
import { type PluginOptions, startPlugin } from "../docker/plugin.js";
import { ProxyServer } from "../docker/proxy-server.js";
import { sweep } from "../model/sweep.js";

/** `group`: may use the sockets besides root; default: nobody. */
export interface DaemonOptions extends DataplaneOptions, PluginOptions {}

export class Daemon {
  private readonly undo = new Undo();
  private stopped: Promise<void> | undefined;
  private proxies: ProxyServer | undefined;
  /** What it serves where. */
  info!: InfoView;

  private constructor(readonly plane: Dataplane) {}

  /** Starts, or throws with everything undone. */
  static async start(options: DaemonOptions, onDeath: (error: Error) => void): Promise<Daemon> {
    sweep();
    const plane = await Dataplane.start(options, onDeath);
    const daemon = new Daemon(plane);
    daemon.undo.add("dataplane", () => plane.stop());
    try {
      const proxies = await ProxyServer.start(plane, options);
      daemon.undo.add("docker-proxy socket", () => proxies.close());
      daemon.proxies = proxies;
      const plugin = await startPlugin(plane, options);
      daemon.undo.add("plugin socket", () => plugin.close());
      const planeViews = views(plane, {
        mappings: () => daemon.mappings(),
        relayed: () => ({ active: 0, capacity: 0, created: 0, expired: 0, refused: 0 }),
      });
      const api = await serveApi(
        { ...planeViews, ...plugin.handlers },
        { role: "daemon", launcherSocket: launcherSocketPath(), pluginSocket: plugin.socketPath },
        options.group,
      );
      daemon.info = api.info;
      daemon.undo.add("API socket", () => api.close());
      return daemon;
    } catch (error) {
      await daemon.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.undo.run();
    return this.stopped;
  }

  private mappings(): MappingView[] {
    const published = this.plane.publisher.mappings().map((mapping) => ({ ...mapping, via: "dataplane" as const }));
    return [...published, ...(this.proxies?.mappings() ?? [])];
  }
}
