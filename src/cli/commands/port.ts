/** `tsproxy port`: of sandboxes, and of Docker's containers, as `docker port` shows no ports of a plugin's networks. */
import type { MappingView } from "../../api/types.js";
import { formatPorts } from "../../control/mapping.js";
import { TsproxyError } from "../../errors.js";
import { addressPort } from "../../wire/address-port.js";
import { CliCommand } from "../command.js";
import { containerOf, dockerNames, type FindNames, loadDockerView, type NamedEndpoint, networkOf, pickDaemon } from "../docker-view.js";
import { addShowOptions, parseShow, type RawShow, type ShowOptions } from "../show.js";
import { stdout, type Write } from "../stdout.js";
import { formatTable } from "../table.js";

export function portCommand(): CliCommand {
  return addShowOptions(new CliCommand("port", "Show the published ports of sandboxes, and of the containers that 'ps' shows"))
    .argument("[container]", "Name or id of a sandbox or container, or id of an endpoint")
    .example("Where the ports of container 'web' are published", "tsproxy port web")
    .action((word: string | undefined, options: RawShow) => showPort(word, parseShow(options)));
}

/** `word`: a container's name or id, or an endpoint's id, as far as they are unique; undefined: all. */
export async function showPort(
  word: string | undefined,
  { json, pid }: ShowOptions,
  write: Write = stdout,
  names: FindNames = dockerNames,
): Promise<void> {
  const { endpoints } = await loadView(pid, names);
  const chosen = word === undefined ? endpoints : choose(endpoints, word);
  if (json) write(`${JSON.stringify(chosen, null, 2)}\n`);
  else if (word !== undefined) write(chosen.flatMap((e) => e.ports.map((p) => `${portText(p)}\n`)).join(""));
  else
    write(
      formatTable(
        ["CONTAINER", "NETWORK", "PORT"],
        chosen.flatMap((e) => e.ports.map((p) => [containerOf(e), networkOf(e), portText(p)])),
      ),
    );
}

/** Endpoints of Docker's, and of sandboxes under the names that those have. */
async function loadView(pid: number | undefined, names: FindNames): Promise<{ endpoints: NamedEndpoint[] }> {
  const [{ ask }, socket, docker] = await Promise.all([import("../../api/client.js"), pickDaemon(pid), loadDockerView(pid, names)]);
  const [endpoints, networks, sandboxes] = await Promise.all([ask(socket, "endpoints"), ask(socket, "networks"), ask(socket, "sandboxes")]);
  // Ports that lead to a name are no single endpoint's.
  const named = (id: string): MappingView[] =>
    sandboxes.flatMap((sandbox) =>
      sandbox.endpoints.find(({ gateway, ipv6Gateway }) => gateway || ipv6Gateway)?.endpoint === id
        ? sandbox.ports.filter(({ targets }) => targets !== undefined)
        : [],
    );
  const own = endpoints
    .filter(({ owner }) => owner !== "")
    .map((endpoint) => ({
      ...endpoint,
      ports: [...endpoint.ports, ...named(endpoint.id)],
      container: endpoint.names[0] ?? "",
      containerId: endpoint.owner,
      networkName: networks.find(({ id }) => id === endpoint.network)?.name ?? "",
    }));
  return { endpoints: [...own, ...docker.endpoints] };
}

/** As `docker port` has it. */
function portText(p: MappingView): string {
  return `${formatPorts(p.targetPort, p.targetPortEnd)}/${p.proto} -> ${addressPort(p.hostIp, formatPorts(p.hostPort, p.hostPortEnd))}`;
}

function choose(endpoints: NamedEndpoint[], word: string): NamedEndpoint[] {
  const named = endpoints.filter(({ container }) => container === word);
  const starting = word === "" ? [] : endpoints.filter(({ id, containerId }) => id.startsWith(word) || containerId.startsWith(word));
  const found = named.length > 0 && word !== "" ? named : starting;
  if (found.length === 0) {
    const message = `no sandbox, container or endpoint '${word}' in a network of tsproxy`;
    throw new TsproxyError("TSP_ERR_ENDPOINT", "not-found", message, "see 'tsproxy ps'");
  }
  if (new Set(found.map(({ id, containerId }) => containerId || id)).size > 1)
    throw new TsproxyError("TSP_ERR_ENDPOINT", "conflict", `'${word}' is the start of several ids`, "give more of it");
  return found;
}
