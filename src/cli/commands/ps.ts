/** `tsproxy ps`: sandboxes, and Docker's containers on networks of driver tsproxy, as `docker ps` shows no ports of a plugin's networks. */
import type { SandboxView } from "../../api/sandbox-types.js";
import type { MappingView, NetworkView } from "../../api/types.js";
import { formatPorts } from "../../control/mapping.js";
import { addressPort } from "../../wire/address-port.js";
import { CliCommand } from "../command.js";
import {
  containerOf,
  type DockerView,
  dockerNames,
  type FindNames,
  loadDockerView,
  networkOf,
  pickDaemon,
  shortId,
} from "../docker-view.js";
import { formatDuration } from "../format.js";
import { addShowOptions, parseShow, type RawShow, type ShowOptions } from "../show.js";
import { stdout, type Write } from "../stdout.js";
import { bothFamilies, formatTable } from "../table.js";

interface PsOptions extends ShowOptions {
  /** Those that have ended too. */
  all?: boolean | undefined;
  /** Ids of sandboxes alone. */
  quiet?: boolean | undefined;
}

const MAX_COMMAND = 24;

export function psCommand(): CliCommand {
  return addShowOptions(new CliCommand("ps", "Show sandboxes, and Docker's containers on networks of driver tsproxy"))
    .option("-a, --all", "Show sandboxes that have ended, too")
    .option("-q, --quiet", "Print ids of sandboxes only")
    .example("What runs, which address it has, and which ports", "tsproxy ps")
    .action(({ all, quiet, ...options }: RawShow & Pick<PsOptions, "all" | "quiet">) => showPs({ ...parseShow(options), all, quiet }));
}

export async function showPs({ json, pid, all, quiet }: PsOptions, write: Write = stdout, names: FindNames = dockerNames): Promise<void> {
  const [{ ask }, socket, docker] = await Promise.all([import("../../api/client.js"), pickDaemon(pid), loadDockerView(pid, names)]);
  const sandboxes = (await ask(socket, "sandboxes")).filter(({ state }) => all || state === "running");
  if (json) write(`${JSON.stringify({ sandboxes, ...docker }, null, 2)}\n`);
  else if (quiet) write(sandboxes.map(({ id }) => `${shortId(id)}\n`).join(""));
  else {
    const tables = [
      ...(sandboxes.length > 0 || docker.networks.length === 0 ? [sandboxTable(sandboxes)] : []),
      ...(docker.networks.length > 0 ? dockerTables(docker) : []),
    ];
    write(tables.join("\n"));
  }
}

function sandboxTable(sandboxes: readonly SandboxView[]): string {
  const rows = sandboxes.map((s) => [
    shortId(s.id),
    s.name,
    s.kind === "attached" ? `(${s.netns})` : shortened(s.command.join(" ")),
    statusOf(s),
    s.endpoints.map((e) => e.networkName).join(",") || s.network.replace(/^container:(.{12}).*/, "container:$1") || "-",
    s.endpoints.map((e) => bothFamilies(e.address, e.ipv6Address)).join(",") || "-",
    s.ports.map(portText).join(", ") || "-",
  ]);
  return formatTable(["SANDBOX ID", "NAME", "COMMAND", "STATUS", "NETWORK", "ADDRESS", "PORTS"], rows);
}

function statusOf({ kind, state, created, exitCode, finished }: SandboxView): string {
  if (kind === "attached") return "Attached";
  if (state === "running") return `Up ${since(created)}`;
  return `Exited (${exitCode}) ${since(finished ?? created)} ago`;
}

function since(time: string): string {
  return formatDuration(Math.max(0, (Date.now() - Date.parse(time)) / 1000));
}

function shortened(text: string): string {
  return text.length > MAX_COMMAND ? `${text.slice(0, MAX_COMMAND - 1)}…` : text;
}

function dockerTables(view: DockerView): string[] {
  const networks = view.networks.map((n) => [
    shortId(n.id),
    n.name || "-",
    bothFamilies(n.subnet, n.ipv6Subnet),
    bothFamilies(n.gateway, n.ipv6Gateway),
    n.device || "-",
    n.mtu,
    flags(n),
    n.endpoints,
  ]);
  const endpoints = view.endpoints.map((e) => [
    containerOf(e),
    networkOf(e),
    bothFamilies(e.address, e.ipv6Address),
    e.mac,
    e.state,
    e.ports.map(portText).join(", ") || "-",
  ]);
  return [
    formatTable(["NETWORK ID", "NAME", "SUBNET", "GATEWAY", "DEVICE", "MTU", "OPTIONS", "ENDPOINTS"], networks),
    formatTable(["CONTAINER", "NETWORK", "ADDRESS", "MAC", "STATE", "PORTS"], endpoints),
  ];
}

/** As `docker ps` has it. */
function portText(p: MappingView): string {
  const host = addressPort(p.hostIp, formatPorts(p.hostPort, p.hostPortEnd));
  return `${host}->${formatPorts(p.targetPort, p.targetPortEnd)}/${p.proto}`;
}

function flags({ internal, icc, masquerade, promiscuous, attach }: NetworkView): string {
  const words = [internal && "internal", !icc && "no-icc", !masquerade && "no-masquerade", promiscuous && "promiscuous"];
  const set = [...words, attach !== "auto" && attach].filter((word) => word !== false);
  return set.join(",") || "-";
}
