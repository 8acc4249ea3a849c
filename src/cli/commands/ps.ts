/** `tsproxy ps`: `docker ps` shows no ports of a plugin's networks. */
import type { MappingView, NetworkView } from "../../api/types.js";
import { formatPorts } from "../../control/mapping.js";
import { addressPort } from "../../wire/address-port.js";
import { CliCommand } from "../command.js";
import { containerOf, dockerNames, type FindNames, loadDockerView, networkOf, shortId } from "../docker-view.js";
import { addShowOptions, parseShow, type RawShow, type ShowOptions, stdout, type Write } from "../show.js";
import { formatTable } from "../table.js";

export function psCommand(): CliCommand {
  return addShowOptions(new CliCommand("ps", "Show Docker's networks of driver tsproxy, with endpoints and ports"))
    .example("Which container has which address, and which ports", "tsproxy ps")
    .action((options: RawShow) => showPs(parseShow(options)));
}

export async function showPs({ json, pid }: ShowOptions, write: Write = stdout, names: FindNames = dockerNames): Promise<void> {
  const view = await loadDockerView(pid, names);
  if (json) {
    write(`${JSON.stringify(view, null, 2)}\n`);
    return;
  }
  const networks = view.networks.map((n) => [
    shortId(n.id),
    n.name || "-",
    both(n.subnet, n.ipv6Subnet),
    both(n.gateway, n.ipv6Gateway),
    n.device || "-",
    n.mtu,
    flags(n),
    n.endpoints,
  ]);
  const endpoints = view.endpoints.map((e) => [
    containerOf(e),
    networkOf(e),
    both(e.address, e.ipv6Address),
    e.mac,
    e.state,
    e.ports.map(portText).join(", ") || "-",
  ]);
  write(
    `${formatTable(["NETWORK ID", "NAME", "SUBNET", "GATEWAY", "DEVICE", "MTU", "OPTIONS", "ENDPOINTS"], networks)}\n` +
      formatTable(["CONTAINER", "NETWORK", "ADDRESS", "MAC", "STATE", "PORTS"], endpoints),
  );
}

/** Of IPv4, where there is any, and of IPv6. */
function both(ipv4: string, ipv6: string | undefined): string {
  return [ipv4, ipv6 ?? ""].filter((text) => text !== "").join(",");
}

/** As `docker ps` has it. */
function portText(p: MappingView): string {
  const host = addressPort(p.hostIp, formatPorts(p.hostPort, p.hostPortEnd));
  return `${host}->${formatPorts(p.targetPort, p.targetPortEnd)}/${p.proto}`;
}

function flags({ internal, icc, masquerade, promiscuous }: NetworkView): string {
  const set = [internal && "internal", !icc && "no-icc", !masquerade && "no-masquerade", promiscuous && "promiscuous"].filter(
    (word) => word !== false,
  );
  return set.join(",") || "-";
}
