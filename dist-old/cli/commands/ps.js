import { formatPorts } from "../../control/mapping.js";
import { addressPort } from "../../wire/address-port.js";
import { CliCommand } from "../command.js";
import { containerOf, dockerNames, loadDockerView, networkOf, pickDaemon, shortId, } from "../docker-view.js";
import { formatDuration } from "../format.js";
import { addShowOptions, parseShow, stdout } from "../show.js";
import { bothFamilies, formatTable } from "../table.js";
const MAX_COMMAND = 24;
export function psCommand() {
    return addShowOptions(new CliCommand("ps", "Show sandboxes, and Docker's containers on networks of driver tsproxy"))
        .option("-a, --all", "Show sandboxes that have ended, too")
        .option("-q, --quiet", "Print ids of sandboxes only")
        .example("What runs, which address it has, and which ports", "tsproxy ps")
        .action(({ all, quiet, ...options }) => showPs({ ...parseShow(options), all, quiet }));
}
export async function showPs({ json, pid, all, quiet }, write = stdout, names = dockerNames) {
    const [{ ask }, socket, docker] = await Promise.all([import("../../api/client.js"), pickDaemon(pid), loadDockerView(pid, names)]);
    const sandboxes = (await ask(socket, "sandboxes")).filter(({ state }) => all || state === "running");
    if (json)
        write(`${JSON.stringify({ sandboxes, ...docker }, null, 2)}\n`);
    else if (quiet)
        write(sandboxes.map(({ id }) => `${shortId(id)}\n`).join(""));
    else {
        const tables = [
            ...(sandboxes.length > 0 || docker.networks.length === 0 ? [sandboxTable(sandboxes)] : []),
            ...(docker.networks.length > 0 ? dockerTables(docker) : []),
        ];
        write(tables.join("\n"));
    }
}
function sandboxTable(sandboxes) {
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
function statusOf({ kind, state, created, exitCode, finished }) {
    if (kind === "attached")
        return "Attached";
    if (state === "running")
        return `Up ${since(created)}`;
    return `Exited (${exitCode}) ${since(finished ?? created)} ago`;
}
function since(time) {
    return formatDuration(Math.max(0, (Date.now() - Date.parse(time)) / 1000));
}
function shortened(text) {
    return text.length > MAX_COMMAND ? `${text.slice(0, MAX_COMMAND - 1)}…` : text;
}
function dockerTables(view) {
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
function portText(p) {
    const host = addressPort(p.hostIp, formatPorts(p.hostPort, p.hostPortEnd));
    return `${host}->${formatPorts(p.targetPort, p.targetPortEnd)}/${p.proto}`;
}
function flags({ internal, icc, masquerade, promiscuous }) {
    const set = [internal && "internal", !icc && "no-icc", !masquerade && "no-masquerade", promiscuous && "promiscuous"].filter((word) => word !== false);
    return set.join(",") || "-";
}
//# sourceMappingURL=ps.js.map