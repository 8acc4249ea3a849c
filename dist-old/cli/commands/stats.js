import { formatMapping } from "../../control/mapping.js";
import { CliCommand } from "../command.js";
import { formatBytes, formatCounters, formatDuration } from "../format.js";
import { addShowOptions, parseShow, show, stdout } from "../show.js";
import { formatTable } from "../table.js";
export function statsCommand() {
    return addShowOptions(new CliCommand("stats", "Show a running instance's published ports, counters and drops"))
        .example("What is published, what came by, and what was dropped for which reason", "tsproxy stats")
        .example("Drops every second, as they come", "watch -n 1 'tsproxy stats --json | jq .drops'")
        .action((options) => showStats(parseShow(options)));
}
export function showStats(options, write = stdout) {
    return show(options, write, (client, { socketPath }) => client.ask(socketPath, "stats"), format);
}
function format(s) {
    const mappings = s.mappings.map((m) => [formatMapping(m), m.via]);
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
        formatTable(["MAPPING", "VIA"], mappings),
        formatTable(["PORT", "KIND", "ADDRESS", "RX PACKETS", "RX BYTES", "TX PACKETS", "TX BYTES", "DROPS"], ports),
        ...(holders.length === 0 ? [] : [formatTable(["MOST FLOWS", "KIND", "FLOWS", "REFUSED"], holders)]),
        `Flows:     ${s.flows.active} of ${s.flows.capacity} (${created} created, ${expired} expired, ${evicted} evicted, ${refused} refused)\n` +
            `Drops:     ${formatCounters(s.drops)}\nSteering:  ${formatCounters(s.steering)}\n`,
    ].join("\n");
}
//# sourceMappingURL=stats.js.map