/** Docker's networks of driver tsproxy, with the names that dockerd has for them: what `tsproxy ps` and `tsproxy port` show. */
import type { EndpointView, NetworkView } from "../api/types.js";
import type { Names } from "../docker/dockerd-client.js";
import { TsproxyError } from "../errors.js";

export type NamedNetwork = NetworkView & { name: string };
/** With what dockerd calls it; "" when it does not say. */
export type NamedEndpoint = EndpointView & { container: string; containerId: string; networkName: string };

export interface DockerView {
  networks: NamedNetwork[];
  endpoints: NamedEndpoint[];
}

/** How names are found out; tests have their own. */
export type FindNames = () => Promise<Names>;

export async function dockerNames(): Promise<Names> {
  return (await import("../docker/dockerd-client.js")).dockerNames();
}

/** What the daemon with process id `pid` serves, or the only one. */
export async function loadDockerView(pid: number | undefined, findNames: FindNames): Promise<DockerView> {
  const [{ ask }, socketPath, names] = await Promise.all([import("../api/client.js"), pickDaemon(pid), findNames()]);
  const [networks, endpoints] = await Promise.all([ask(socketPath, "networks"), ask(socketPath, "endpoints")]);
  return {
    networks: networks.map((network) => ({ ...network, name: names.networks.get(network.id) ?? "" })),
    endpoints: endpoints.map((endpoint) => {
      const { name = "", id = "" } = names.containers.get(endpoint.id) ?? {};
      return { ...endpoint, container: name, containerId: id, networkName: names.networks.get(endpoint.network) ?? "" };
    }),
  };
}

/** Socket of the instance with that process id, or of the one that is a daemon. */
async function pickDaemon(pid: number | undefined): Promise<string> {
  const { findDaemon, pickInstance } = await import("../api/instances.js");
  if (pid !== undefined) return (await pickInstance(pid)).socketPath;
  const daemon = await findDaemon();
  if (daemon !== undefined) return daemon.apiSocket;
  throw new TsproxyError("TSP_ERR_INSTANCE", "not-found", "no tsproxy daemon is running", "start it with 'tsproxy daemon'");
}

export function containerOf(endpoint: NamedEndpoint): string {
  return endpoint.container || shortId(endpoint.id);
}

export function networkOf(endpoint: NamedEndpoint): string {
  return endpoint.networkName || shortId(endpoint.network);
}

/** As docker prints ids. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
