/** `tsproxy stats` */
import type { OffloadView, StatsView } from "../../api/types.js";
import { formatMapping } from "../../control/mapping.js";
import { CliCommand } from "../command.js";
import { formatBytes, formatCounters, formatDuration } from "../format.js";
import { addShowOptions, parseShow, type RawShow, type ShowOptions, show } from "../show.js";
import { stdout, type Write } from "../stdout.js";
import { formatTable } from "../table.js";

export function statsCommand(): CliCommand {
  return addShowOptions(new CliCommand("stats", "Show a running instance's published ports, counters and drops"))
    .example("What is published, what came by, and what was dropped for which reason", "tsproxy stats")
    .example("Drops every second, as they come", "watch -n 1 'tsproxy stats --json | jq .drops'")
    .action((options: RawShow) => showStats(parseShow(options)));
}

export function showStats(options: ShowOptions, write: Write = stdout): Promise<void> {
  return show(options, write, (client, { socketPath }) => client.ask(socketPath, "stats"), format);
}

function format(s: StatsView): string {
  const carries = s.mappings.some(({ offloaded }) => offloaded !== undefined);
  const mappings = s.mappings.map((m) => [
    formatMapping(m),
    m.via,
    ...(carries ? [m.offloaded?.packets ?? "-", m.offloaded === undefined ? "-" : formatBytes(m.offloaded.bytes)] : []),
  ]);
  const ports = s.ports.map((p) => [
    p.name,
    p.kind,
    p.address ?? "-",
    p.rxPackets,
    formatBytes(p.rxBytes),
    p.txPackets,
    formatBytes(p.txBytes),
    formatCounters(p.drops),
  ]);
  const holders = (s.holders ?? []).map((h) => [h.name, h.kind, h.flows, h.limited ? "yes" : "no"]);
  const { created, expired, evicted = 0, refused } = s.flows;
  return [
    `tsproxy ${s.version}, pid ${s.pid}, up ${formatDuration(s.uptimeSec)}\n`,
    formatTable(["MAPPING", "VIA", ...(carries ? ["OFFLOADED", "BYTES"] : [])], mappings),
    formatTable(["PORT", "KIND", "ADDRESS", "RX PACKETS", "RX BYTES", "TX PACKETS", "TX BYTES", "DROPS"], ports),
    ...(holders.length === 0 ? [] : [formatTable(["MOST FLOWS", "KIND", "FLOWS", "REFUSED"], holders)]),
    `Flows:     ${s.flows.active} of ${s.flows.capacity} (${created} created, ${expired} expired, ${evicted} evicted, ${refused} refused)\n` +
      `Drops:     ${formatCounters(s.drops)}\n${s.offload === undefined ? "" : `Offload:   ${formatOffload(s.offload)}\n`}Steering:  ${formatCounters(s.steering)}\n`,
  ].join("\n");
}

function formatOffload({ mode, ipv4, ipv6, refused, reason, loading }: OffloadView): string {
  if (mode === "never") return mode;
  if (loading) return `${mode}, loading`;
  const families = [...(ipv4 ? ["IPv4"] : []), ...(ipv6 ? ["IPv6"] : [])];
  const why = refused === 0 ? "" : ` (${refused} refused${reason === undefined ? "" : `: ${reason}`})`;
  return `${mode}, ${families.length === 0 ? "off" : `on for ${families.join(" and ")}`}${why}`;
}
