/** Docker's networks of driver tsproxy, with the names that dockerd has for them: what `tsproxy ps` and `tsproxy port` show. */
import type { EndpointView, NetworkView } from "../api/types.js";
import type { Names } from "../docker/dockerd-client.js";
import { daemonSocket } from "./daemon-socket.js";

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
    networks: networks.filter(isDockers).map((network) => ({ ...network, name: names.networks.get(network.id) ?? "" })),
    endpoints: endpoints.filter(isDockers).map((endpoint) => {
      const { name = "", id = "" } = names.containers.get(endpoint.id) ?? {};
      return { ...endpoint, container: name, containerId: id, networkName: names.networks.get(endpoint.network) ?? "" };
    }),
  };
}

/** Sandboxes' networks and endpoints are in `tsproxy network` and the rest of `tsproxy ps`. */
function isDockers(view: NetworkView | EndpointView): boolean {
  return "driver" in view ? view.driver === "tsproxy" : view.owner === "";
}

/** Socket of the instance with that process id, or of the one that is a daemon. */
export async function pickDaemon(pid: number | undefined): Promise<string> {
  if (pid === undefined) return daemonSocket();
  return (await (await import("../api/instances.js")).pickInstance(pid)).socketPath;
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
