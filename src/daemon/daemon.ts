/**
 * `tsproxy daemon`: one dataplane for everything that asks. It starts with nothing published but what is remembered, and ends by taking
 * everything back.
 */
import { join } from "node:path";
import { cniSocketPath, frontSocketPath, launcherSocketPath, runDir } from "../api/paths.js";
import { serveApi } from "../api/server.js";
import type { InfoView, MappingView } from "../api/types.js";
import { prepareRunDir } from "../api/unix-socket.js";
import { version } from "../api/version.js";
import { Cluster } from "../cluster/cluster.js";
import type { NodeRecord } from "../cluster/records.js";
import { serveCni } from "../cni/server.js";
import { Controller, type ControllerOptions } from "../control/controller.js";
import { mappingText } from "../control/mapping.js";
import { giveBackSpareMemory } from "../control/spare-memory.js";
import { Undo } from "../control/undo.js";
import { views } from "../control/views.js";
import { Directory } from "../dns/directory.js";
import { Resolver } from "../dns/resolver.js";
import { adoptFormerState } from "../docker/former-state.js";
import type { GlobalNetworks } from "../docker/global-scope.js";
import { passedToDocker } from "../docker/passed-sockets.js";
import { type PluginOptions, startGlobalPlugin, startPlugin } from "../docker/plugin.js";
import { ProxyServer } from "../docker/proxy-server.js";
import { log } from "../log.js";
import { chosenAddresses } from "../model/addresses.js";
import { hostDevices } from "../model/endpoint-device.js";
import { FileStore, stateDir } from "../model/file-store.js";
import { NetworkModel } from "../model/network-model.js";
import { sweep } from "../model/sweep.js";
import { endpointViews, subnetOf } from "../model/views.js";
import { SandboxFolders } from "../sandbox/folder.js";
import { type CommandLine, serveFront } from "../sandbox/front.js";
import { sandboxHandlers } from "../sandbox/handlers.js";
import { Membership } from "../sandbox/membership.js";
import { NamedPorts } from "../sandbox/named-ports.js";
import { NetworkCatalog } from "../sandbox/network-catalog.js";
import { Overlays } from "../sandbox/overlays.js";
import { hostResolver } from "../sandbox/sandbox-files.js";
import { Sandboxes } from "../sandbox/sandboxes.js";
import { type ClusterSettings, connectStore, nodeText, thisNode, underlayMtu } from "./join-cluster.js";
import { takeOver } from "./take-over.js";

/** `group`: may use the sockets besides root; default: nobody. */
export interface DaemonOptions extends ControllerOptions, Pick<PluginOptions, "group" | "pluginSocket"> {
  commandLine: CommandLine;
  /** The cluster that it is in; undefined: none. */
  cluster?: ClusterSettings | undefined;
}

export class Daemon {
  private readonly undo = new Undo();
  private stopped: Promise<void> | undefined;
  private proxies: ProxyServer | undefined;
  /** What it serves where. */
  info!: InfoView;

  private constructor(readonly controller: Controller) {}

  /** Starts, or throws with everything undone. */
  static async start(options: DaemonOptions, onDeath: (error: Error) => void): Promise<Daemon> {
    const launched = process.env.TSPROXY_LAUNCHED === "1"; // by native/docker-proxy.c
    prepareRunDir();
    await takeOver(launched);
    const passed = passedToDocker();
    await sweep();
    const controller = await Controller.start({ ...options, continuity: { dir: runDir(), role: "daemon" } }, onDeath);
    const daemon = new Daemon(controller);
    // Networks and published ports end with the dataplane; containers keep their devices.
    daemon.undo.add("dataplane", () => controller.stop());
    try {
      const store = new FileStore(stateDir());
      const self = options.cluster && thisNode(options.cluster, controller.host, stateDir());
      const model = new NetworkModel(controller, hostDevices, store, chosenAddresses, self?.tunnel);
      const overlays = options.cluster && self && (await joinCluster(options.cluster, self, model, controller));
      const catalog = new NetworkCatalog(model, controller.host, undefined, undefined, overlays);
      const proxies = await ProxyServer.start(controller, { ...options, passed });
      daemon.undo.add("docker-proxy socket", () => proxies.close());
      daemon.proxies = proxies;
      const plugin = await startPlugin(model, { ...options, passed });
      daemon.undo.add("plugin socket", () => plugin.close());
      // Only now: it is certain that no other daemon serves the same networks.
      adoptFormerState(store.file);
      await model.restore();
      daemon.undo.add("watch of ranges", catalog.watch());
      if (overlays !== undefined) {
        daemon.undo.add("cluster", () => overlays.close());
        await overlays.start();
        const shared: GlobalNetworks = {
          create: (create, origin, id) => catalog.create(create, origin, id),
          remove: (id) => overlays.remove(id),
          createEndpoint: (network, request) => overlays.createEndpointIn(network, request),
          left: (network, endpoint) => overlays.left(network, endpoint),
        };
        const global = await startGlobalPlugin(model, shared, options);
        daemon.undo.add("plugin socket of the cluster", () => global.close());
      }
      const folders = new SandboxFolders(join(runDir(), "sandboxes"));
      const names = new Resolver(new Directory(model, overlays), () => hostResolver().servers);
      const sandboxes = new Sandboxes(
        catalog,
        new Membership(model, catalog),
        folders,
        names,
        new NamedPorts(model, controller.publisher, overlays),
      );
      daemon.undo.add("sandboxes", () => sandboxes.close());
      await sandboxes.restore();
      if (overlays !== undefined)
        daemon.undo.add(
          "watch of other nodes",
          overlays.cluster.view.onChange(() => sandboxes.elsewhereChanged()),
        );
      await controller.takeUp(false);
      const cni = await serveCni(catalog, sandboxes, cniSocketPath(), options.group);
      daemon.undo.add("CNI socket", () => cni.close());
      const front = await serveFront(sandboxes, options.commandLine, frontSocketPath(), options.group);
      daemon.undo.add("socket of run and exec", () => front.close());
      const served = {
        version: version(),
        mappings: () => daemon.mappings(),
        balanced: () => controller.publisher.balanced,
        subnetOf: (word: string) => subnetOf(model, word),
        relayed: () => ({ active: 0, capacity: 0, created: 0, expired: 0, refused: 0 }),
      };
      const api = await serveApi(
        { ...views(controller, served), endpoints: () => endpointViews(model), ...sandboxHandlers(catalog, model, sandboxes) },
        { role: "daemon", launcherSocket: launcherSocketPath(), pluginSocket: plugin.path, launched },
        options.group,
      );
      daemon.info = api.info;
      daemon.undo.add("API socket", () => api.close());
      daemon.undo.add(
        "spare memory",
        giveBackSpareMemory(() => controller.packets()),
      );
      return daemon;
    } catch (error) {
      await daemon.stop();
      throw error;
    }
  }

  stop(): Promise<void> {
    this.stopped ??= this.controller.halt().finally(() => this.undo.run());
    return this.stopped;
  }

  private mappings(): MappingView[] {
    const published = this.controller.publisher.mappings().map((mapping) => ({ ...mappingText(mapping), via: "dataplane" as const }));
    return [...published, ...(this.proxies?.mappings() ?? [])];
  }
}

async function joinCluster(
  settings: ClusterSettings,
  self: NodeRecord,
  model: NetworkModel,
  { host, keys }: Controller,
): Promise<Overlays> {
  log.info(`cluster ${settings.cluster}: ${nodeText(self)}`);
  const store = await connectStore(settings);
  const { rekeySec } = settings;
  const cluster = new Cluster(store, { ...settings, self, publicKeys: () => keys?.published, onTold: () => keys?.told(settings.ttlSec) });
  const overlap = host.overlap.bind(host);
  return new Overlays(model, cluster, overlap, keys && { ring: keys, rekeySec }, underlayMtu(self, host));
}
