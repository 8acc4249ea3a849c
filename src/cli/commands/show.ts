/** `tsproxy flows`, `fdb` and `stats`: what a running instance's tables hold, as a table or as JSON. */

import { ask } from "../../api/client.js";
import { pickInstance } from "../../api/instances.js";
import type { AnswerOf, ROUTES } from "../../api/routes.js";
import type { Drops, StatsView } from "../../api/types.js";
import { formatMapping } from "../../control/port-spec.js";
import type { ShowOptions } from "../options.js";
import { formatTable } from "../table.js";

type Write = (text: string) => void;
const stdout: Write = (text) => process.stdout.write(text);

export function showFlows(options: ShowOptions, write: Write = stdout): Promise<void> {
  return show("flows", options, write, (flows) =>
    formatTable(
      ["PROTO", "STATE", "ORIGINAL SRC", "ORIGINAL DST", "REPLY SRC", "REPLY DST", "TIMEOUT", "PACKETS", "REPLIES"],
      flows.map((f) => [
        f.proto,
        f.offloaded ? `${f.state},offloaded` : f.state,
        f.original.src,
        f.original.dst,
        f.reply.src,
        f.reply.dst,
        formatDuration(f.timeoutSec),
        f.packets[0],
        f.packets[1],
      ]),
    ),
  );
}

export function showFdb(options: ShowOptions, write: Write = stdout): Promise<void> {
  return show("fdb", options, write, (entries) =>
    formatTable(
      ["MAC", "PORT", "NAME", "AGE"],
      entries.map((e) => [e.mac, e.port, e.name, e.static ? "static" : formatDuration(e.ageSec)]),
    ),
  );
}

export function showStats(options: ShowOptions, write: Write = stdout): Promise<void> {
  return show("stats", options, write, formatStats);
}

async function show<Name extends "flows" | "fdb" | "stats">(
  name: Name,
  { json, pid }: ShowOptions,
  write: Write,
  format: (view: AnswerOf<(typeof ROUTES)[Name]>) => string,
): Promise<void> {
  const { socketPath } = await pickInstance(pid);
  const view = (await ask<"flows" | "fdb" | "stats">(socketPath, name)) as AnswerOf<(typeof ROUTES)[Name]>;
  write(json ? `${JSON.stringify(view, null, 2)}\n` : format(view));
}

function formatStats(s: StatsView): string {
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
  return [
    `tsproxy ${s.version}, pid ${s.pid}, up ${formatDuration(s.uptimeSec)}\n`,
    formatTable(["MAPPING", "VIA"], mappings),
    formatTable(["PORT", "KIND", "ADDRESS", "RX PACKETS", "RX BYTES", "TX PACKETS", "TX BYTES", "DROPS"], ports),
    `Flows:     ${s.flows.active} of ${s.flows.capacity} (${s.flows.created} created, ${s.flows.expired} expired, ${s.flows.refused} refused)\n` +
      `Drops:     ${formatCounters(s.drops)}\nSteering:  ${formatCounters(s.steering)}\n`,
  ].join("\n");
}

/** "no-route 12, ttl 3", largest first; "none". */
function formatCounters(counters: Drops): string {
  const shown = Object.entries(counters).filter(([, count]) => count > 0);
  return shown.length === 0
    ? "none"
    : shown
        .sort((a, b) => b[1] - a[1])
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
}

/** "512 B", "1.5 MB": powers of 1000, as in `docker stats`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** "9s", "2m 5s", "3h 0m", "4d 2h": the two largest units. */
export function formatDuration(seconds: number): string {
  const s = Math.floor(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${s % 60}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${Math.floor((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}
