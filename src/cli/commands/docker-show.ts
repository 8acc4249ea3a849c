/** `tsproxy ps` and `tsproxy port`: Docker's networks of driver tsproxy, which `docker ps` and `docker port` show no ports of. */

import { ask } from "../../api/client.js";
import { findInstances, type Instance, pickInstance } from "../../api/instances.js";
import type { EndpointView, MappingView, NetworkView } from "../../api/types.js";
import { dockerNames, type Names } from "../../docker/dockerd-client.js";
import { TsproxyError } from "../../errors.js";
import { addressPort } from "../../wire/address-port.js";
import type { ShowOptions } from "../options.js";
import { formatTable } from "../table.js";

type Write = (text: string) => void;
const stdout: Write = (text) => process.stdout.write(text);

/** With what dockerd calls it; "" when it does not say. */
type Named = EndpointView & { container: string; containerId: string; networkName: string };

export async function showPs({ json, pid }: ShowOptions, write: Write = stdout, names = dockerNames): Promise<void> {
  const { networks, endpoints } = await load(pid, await names());
  if (json) return write(`${JSON.stringify({ networks, endpoints }, null, 2)}\n`);
  const networkRows = networks.map((n) => [short(n.id), n.name || "-", n.subnet, n.gateway, n.device || "-", n.mtu, flags(n), n.endpoints]);
  const endpointRows = endpoints.map((e) => [
    e.container || short(e.id),
    e.networkName || short(e.network),
    e.address,
    e.mac,
    e.state,
    e.ports
      .map((p) => `${addressPort(p.hostIp, range(p.hostPort, p.hostPortEnd))}->${range(p.targetPort, p.targetPortEnd)}/${p.proto}`)
      .join(", ") || "-",
  ]);
  write(
    `${formatTable(["NETWORK ID", "NAME", "SUBNET", "GATEWAY", "DEVICE", "MTU", "OPTIONS", "ENDPOINTS"], networkRows)}\n` +
      formatTable(["CONTAINER", "NETWORK", "ADDRESS", "MAC", "STATE", "PORTS"], endpointRows),
  );
}

/** `word`: a container's name or id, or an endpoint's id, as far as they are unique; undefined: all. */
export async function showPort(
  word: string | undefined,
  { json, pid }: ShowOptions,
  write: Write = stdout,
  names = dockerNames,
): Promise<void> {
  const { endpoints } = await load(pid, await names());
  const chosen = word === undefined ? endpoints : choose(endpoints, word);
  if (json) return write(`${JSON.stringify(chosen, null, 2)}\n`);
  const line = (p: MappingView): string =>
    `${range(p.targetPort, p.targetPortEnd)}/${p.proto} -> ${addressPort(p.hostIp, range(p.hostPort, p.hostPortEnd))}`;
  if (word !== undefined) return write(chosen.flatMap((e) => e.ports.map((p) => `${line(p)}\n`)).join(""));
  write(
    formatTable(
      ["CONTAINER", "NETWORK", "PORT"],
      chosen.flatMap((e) => e.ports.map((p) => [e.container || short(e.id), e.networkName || short(e.network), line(p)])),
    ),
  );
}

async function load(pid: number | undefined, names: Names): Promise<{ networks: (NetworkView & { name: string })[]; endpoints: Named[] }> {
  const { socketPath } = await pickDaemon(pid);
  const [networks, endpoints] = await Promise.all([ask(socketPath, "networks"), ask(socketPath, "endpoints")]);
  return {
    networks: networks.map((network) => ({ ...network, name: names.networks.get(network.id) ?? "" })),
    endpoints: endpoints.map((endpoint) => {
      const { name = "", id = "" } = names.containers.get(endpoint.id) ?? {};
      return { ...endpoint, container: name, containerId: id, networkName: names.networks.get(endpoint.network) ?? "" };
    }),
  };
}

/** Among several instances the one that is a daemon. */
async function pickDaemon(pid: number | undefined): Promise<Instance> {
  if (pid !== undefined) return pickInstance(pid);
  for (const instance of await findInstances()) {
    const info = await ask(instance.socketPath, "info").catch(() => undefined);
    if (info?.role === "daemon") return instance;
  }
  throw new TsproxyError("TSP_ERR_INSTANCE", "not-found", "no tsproxy daemon is running", "start it with 'tsproxy daemon'");
}

function choose(endpoints: Named[], word: string): Named[] {
  const named = endpoints.filter(({ container }) => container === word);
  const found = named.length > 0 ? named : endpoints.filter(({ id, containerId }) => id.startsWith(word) || containerId.startsWith(word));
  if (found.length === 0)
    throw new TsproxyError(
      "TSP_ERR_ENDPOINT",
      "not-found",
      `no container or endpoint '${word}' in a network of tsproxy`,
      "see 'tsproxy ps'",
    );
  if (new Set(found.map(({ id, containerId }) => containerId || id)).size > 1)
    throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `'${word}' is the start of several ids`, "give more of it");
  return found;
}

function flags({ internal, icc, masquerade }: NetworkView): string {
  const set = [internal && "internal", !icc && "no-icc", !masquerade && "no-masquerade"].filter((word) => word !== false);
  return set.join(",") || "-";
}

function range(first: number, last: number): string {
  return first === last ? `${first}` : `${first}-${last}`;
}

/** As docker prints ids. */
function short(id: string): string {
  return id.slice(0, 12);
}
