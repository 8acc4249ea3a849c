/** From results to files: `end-to-end.json`, its page in Markdown, and charts. */
import fs from "node:fs";
import path from "node:path";
import { isLeft, leftSection } from "./left.js";
import { QUIET } from "./machine.js";
import { DISTURBED } from "./others.js";
import { type Base, duration, fence, item, provenance, type Row, spreadTable, table, wordTable, wrap } from "./page.js";
import { type Cell, type Results, valuesOf, writeJson } from "./results.js";
import { format, summarize } from "./stats.js";
import { type Bar, barChart, type Curve, percentileChart } from "./svg.js";
import type { Scenario } from "./topology.js";
import type { Metric } from "./workloads/workload.js";

const SCENARIOS: Record<Scenario, string> = {
  publish: "Client to a published port",
  publish6: "Client to a published port, IPv6",
  nat64: "IPv6 client to a published port of an IPv4 container",
  bridge: "Container to container",
  masquerade: "Container to outside (masquerade)",
  overlay: "Container to container on another node",
  macvlan: "Station of a LAN to a container on it",
};
/** What ratios are given to, by peer: the head of their column. */
const BASES: Record<string, string> = {
  iptables: "iptables",
  "docker-proxy": "docker-proxy",
  "c-on-tap": "C",
  veth: "veth",
  vxlan: "kernel VXLAN",
  macvlan: "kernel macvlan",
};
const OWN = "tsproxy";
/** The medians at a glance: metric, head of its column. */
export const GLANCE: [metric: string, head: string][] = [
  ["bulk-in", "in Gbit/s"],
  ["bulk-out", "out Gbit/s"],
  ["bulk-in-8", "in, 8 streams"],
  ["bulk-out-8", "out, 8 streams"],
  ["rtt-p50", "p50 µs"],
  ["rtt-p99", "p99 µs"],
  ["rtt-awake-p50", "p50 awake"],
  ["rtt-apart-p50", "p50 apart"],
  ["connections", "conn/s"],
  ["requests", "req/s"],
  ["udp-64-lossless", "UDP/s"],
];
/** One chart each: file, scenario, metric. */
const CHARTS: [file: string, scenario: Scenario, metric: string][] = [
  ["bulk-in", "publish", "bulk-in"],
  ["bulk-out", "publish", "bulk-out"],
  ["connections", "publish", "connections"],
  ["requests", "publish", "requests"],
  ["round-trip", "publish", "rtt-p50"],
  ["round-trip-awake", "publish", "rtt-awake-p50"],
  ["round-trip-apart", "publish", "rtt-apart-p50"],
  ["udp-64", "publish", "udp-64-lossless"],
  ["memory", "publish", "pss"],
  ["ipv6-bulk-in", "publish6", "bulk-in"],
  ["ipv6-bulk-out", "publish6", "bulk-out"],
  ["ipv6-connections", "publish6", "connections"],
  ["nat64-bulk-in", "nat64", "bulk-in"],
  ["nat64-bulk-out", "nat64", "bulk-out"],
  ["nat64-connections", "nat64", "connections"],
  ["bridge-bulk", "bridge", "bulk-in"],
  ["masquerade-bulk", "masquerade", "bulk-in"],
  ["overlay-bulk", "overlay", "bulk-in"],
  ["overlay-connections", "overlay", "connections"],
  ["overlay-requests", "overlay", "requests"],
  ["overlay-round-trip", "overlay", "rtt-p50"],
  ["macvlan-bulk", "macvlan", "bulk-in"],
  ["macvlan-connections", "macvlan", "connections"],
  ["macvlan-requests", "macvlan", "requests"],
  ["macvlan-round-trip", "macvlan", "rtt-p50"],
];

/** Writes `end-to-end.json` and what is made from it; answers the main medians. */
export function writeReport(results: Results, folder: string): string {
  writeJson(path.join(folder, "end-to-end.json"), results);
  renderEndToEnd(results, folder);
  return [
    ...measured(results).flatMap((scenario) => [`${SCENARIOS[scenario]}, medians:`, mediansOf(results, scenario)]),
    ...leftOut(results),
    `Spreads, ratios, CPU, memory and commands: ${path.join(folder, "end-to-end.md")}`,
  ].join("\n\n");
}

/** Writes `end-to-end.md` and `*.svg`. */
export function renderEndToEnd(results: Results, folder: string): void {
  fs.writeFileSync(path.join(folder, "end-to-end.md"), markdown(results));
  for (const [file, scenario, name] of CHARTS) {
    const metric = results.metrics.find((m) => m.name === name);
    const bars = metric === undefined ? [] : barsOf(results, scenario, metric);
    if (metric === undefined || bars.length === 0) continue;
    const title = `${SCENARIOS[scenario]}: ${metric.title} (${metric.unit}, ${metric.better} is better)`;
    fs.writeFileSync(path.join(folder, `${file}.svg`), barChart(title, bars, format));
  }
  const curves = curvesOf(results, "publish");
  if (curves.length > 0)
    fs.writeFileSync(path.join(folder, "latency.svg"), percentileChart("Round trip through a published port", "µs", curves));
}

function barsOf(results: Results, scenario: Scenario, metric: Metric): Bar[] {
  return results.peers
    .map(({ name, title }) => ({ name, title, ...summarize(valuesOf(results, scenario, name, metric.name)) }))
    .filter(({ count }) => count > 0)
    .sort((a, b) => (metric.better === "higher" ? b.median - a.median : a.median - b.median))
    .map(({ name, title, median, min, max }) => ({ label: title, value: median, min, max, own: name.startsWith(OWN) }));
}

/** Per percentile the median of the rounds. */
function curvesOf(results: Results, scenario: Scenario): Curve[] {
  return results.peers.flatMap(({ name, title }) => {
    const rounds = results.cells
      .filter((cell) => cell.peer === name && cell.scenario === scenario)
      .flatMap((cell) => (cell.curve === undefined ? [] : [cell.curve]));
    const percentiles = rounds[0]?.map(([p]) => p) ?? [];
    const points = percentiles.map((p): [number, number] => [
      p,
      summarize(rounds.flatMap((curve) => curve.filter(([q]) => q === p).map(([, us]) => us))).median,
    ]);
    return points.length === 0 ? [] : [{ label: title, points, own: name.startsWith(OWN) }];
  });
}

function markdown(results: Results): string {
  const { rounds, congestion } = results;
  return `${[
    "# End to end",
    ...provenance(results),
    wrap(
      `Rounds: ${rounds}, of ${duration(results)} a measurement, every peer in each. TCP with ${congestion} (\`congctl\` of every route). ${quiet(results)} A column with ÷ is the row's median divided by that of another peer: kernel iptables, docker-proxy, C on the same TAPs, veth; or by that of the same peer in IPv4.`,
    ),
    ...measured(results).flatMap((scenario) => section(results, scenario)),
    "## Who moved the bytes",
    wordTable([["peer", "version", "moved by"], ...results.peers.map(({ title, version, mover }) => [title, version, mover])]),
    ...leftOut(results),
    ...commands(results, "##"),
  ].join("\n\n")}\n`;
}

function measured({ cells }: Results): Scenario[] {
  return (Object.keys(SCENARIOS) as Scenario[]).filter((scenario) => cells.some((cell) => cell.scenario === scenario));
}

/** What else the machine did, before each round and in it. */
export function quiet({
  load,
  watched,
  unusual,
  cells = [],
}: Pick<Results, "load" | "watched" | "unusual"> & Partial<Pick<Results, "cells">>): string {
  const busy = load.filter((share) => share > QUIET).length;
  const before =
    busy === 0
      ? "The machine was quiet before every round."
      : `Before ${busy} of the rounds the machine was busy with something else: compare within a table, and run again.`;
  if (watched !== true) return before;
  const count = (of: (cell: Cell) => object | undefined): number =>
    cells.reduce((sum, cell) => sum + Object.keys(of(cell) ?? {}).length, 0);
  const disturbed = count((cell) => cell.disturbed);
  const others = `What ran while others had more than ${100 * DISTURBED} % of the processors was measured again, where there was time for that; ${disturbed === 0 ? "no" : disturbed} such measurement${disturbed === 1 ? " is" : "s are"} left.`;
  if (unusual === undefined) return `${before} ${others}`;
  return `${before} ${others} What differed by a factor of more than ${unusual} from the median of the same peer's earlier rounds was measured again, up to twice, whoever it was and whether it was more or less (such measurements: ${count((cell) => cell.again)}). The first that did not differ counts, or else the one in the middle; the others are in the JSON (\`again\`).`;
}

/** A table with the main medians, and one a metric with everything. */
function section(results: Results, scenario: Scenario): string[] {
  return [
    `## ${SCENARIOS[scenario]}`,
    "Medians:",
    mediansOf(results, scenario),
    ...metricsOf(results, scenario).flatMap((metric) => {
      if (isLeft(metric.name)) return [];
      const chart = CHARTS.find(([, s, name]) => s === scenario && name === metric.name);
      const bases: Base[] = Object.entries(BASES)
        .filter(([name]) => name !== "veth" || scenario === "bridge")
        .map(([name, title]) => ({ title, of: () => valuesOf(results, scenario, name, metric.name) }));
      // What the other family costs: the same peer in IPv4.
      const inIpv4 = (row: Row): readonly number[] => valuesOf(results, "publish", peerOf(results, row.label), metric.name);
      if (scenario === "publish6" || scenario === "nat64") bases.push({ title: "its IPv4", of: inIpv4 });
      return [
        `### ${metric.title}`,
        `${metric.unit}, ${metric.better} is better.`,
        spreadTable("peer", rowsOf(results, scenario, metric.name), bases),
        ...(chart === undefined ? [] : [`![${metric.title}](${chart[0]}.svg)`]),
        ...(metric.name === "connections" ? leftSection("peer", (name) => rowsOf(results, scenario, name)) : []),
      ];
    }),
  ];
}

function peerOf({ peers }: Results, title: string): string {
  return peers.find((peer) => peer.title === title)?.name ?? "";
}

function metricsOf(results: Results, scenario: Scenario): Metric[] {
  const cells = results.cells.filter((cell) => cell.scenario === scenario);
  return results.metrics.filter(({ name }) => cells.some(({ values }) => Number.isFinite(values[name])));
}

/** A row a peer that was tried. */
function rowsOf(results: Results, scenario: Scenario, metric: string): Row[] {
  const peers = results.peers.filter(({ name }) => results.cells.some((cell) => cell.scenario === scenario && cell.peer === name));
  return peers.map(({ name, title }) => ({ label: title, values: valuesOf(results, scenario, name, metric) }));
}

function mediansOf(results: Results, scenario: Scenario): string {
  const metrics = metricsOf(results, scenario).map(({ name }) => name);
  return glance("peer", metrics, (metric) => rowsOf(results, scenario, metric));
}

/** `rows`: the values of a metric, in the same order for each. */
export function glance(head: string, metrics: readonly string[], rows: (metric: string) => readonly Row[]): string {
  const columns = GLANCE.filter(([metric]) => metrics.includes(metric)).map(([metric, title]) => ({ title, rows: rows(metric) }));
  return table([
    [head, ...columns.map(({ title }) => title)],
    ...(columns[0]?.rows ?? []).map(({ label }, i) => [label, ...columns.map(({ rows }) => format(summarize(rows[i]!.values).median))]),
  ]);
}

export function leftOut(results: Results): string[] {
  const failures = results.cells.flatMap(({ peer, scenario, round, failures: f }) =>
    Object.entries(f).map(([what, why]) => `${peer}, ${scenario}, round ${round}, ${what}: ${why.split("\n", 1)[0]!.trim()}`),
  );
  const remarks = results.cells.flatMap(({ peer, scenario, round, remarks: r = {} }) =>
    Object.entries(r).map(([what, text]) => `${peer}, ${scenario}, round ${round}, ${what}: ${text}`),
  );
  const skipped = Object.entries(results.skipped).map(([name, why]) => `${name}: ${why}`);
  const all = [...skipped, ...failures, ...remarks];
  return all.length === 0 ? [] : ["## Left out or failed", all.map(item).join("\n")];
}

/** How each peer was set up, and what the traffic was made with. */
export function commands({ setups, traffic }: Results, level: string): string[] {
  return [
    `${level} Commands`,
    ...Object.entries(setups).flatMap(([name, lines]) => [`${name}:`, fence(lines)]),
    ...Object.entries(traffic).flatMap(([scenario, lines]) => [`Traffic, ${scenario}:`, fence([...new Set(lines)])]),
  ];
}
