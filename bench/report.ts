/** From results to files: JSON with everything, tables in Markdown, charts. */
import fs from "node:fs";
import path from "node:path";
import { QUIET } from "./machine.js";
import { type Results, valuesOf } from "./results.js";
import { format, summarize } from "./stats.js";
import { type Bar, barChart, type Curve, percentileChart } from "./svg.js";
import type { Scenario } from "./topology.js";
import type { Metric } from "./workloads/workload.js";

const SCENARIOS: Record<Scenario, string> = {
  publish: "Client to a published port",
  bridge: "Container to container",
  masquerade: "Container to outside (masquerade)",
};
/** What ratios are given against. */
const BASES = ["iptables", "docker-proxy", "c-on-tap", "veth"];
const OWN = "tsproxy";
/** One chart each: file, scenario, metric. */
const CHARTS: [file: string, scenario: Scenario, metric: string][] = [
  ["bulk-in", "publish", "bulk-in"],
  ["bulk-out", "publish", "bulk-out"],
  ["connections", "publish", "connections"],
  ["requests", "publish", "requests"],
  ["round-trip", "publish", "rtt-p50"],
  ["udp-64", "publish", "udp-64-lossless"],
  ["memory", "publish", "pss"],
  ["bridge-bulk", "bridge", "bulk-in"],
  ["masquerade-bulk", "masquerade", "bulk-in"],
];

/** Writes `end-to-end.json`, `end-to-end.md` and `*.svg`; answers the Markdown. */
export function writeReport(results: Results, folder: string): string {
  const text = markdown(results);
  fs.writeFileSync(path.join(folder, "end-to-end.json"), `${JSON.stringify(results, null, 1)}\n`);
  fs.writeFileSync(path.join(folder, "end-to-end.md"), text);
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
  return text;
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

export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...body.map(line)].join("\n");
}

function markdown(results: Results): string {
  const { machine } = results;
  const busy = results.load.filter((load) => load > QUIET).length;
  const scenarios = (Object.keys(SCENARIOS) as Scenario[]).filter((scenario) => results.cells.some((cell) => cell.scenario === scenario));
  const tools = Object.entries(machine.tools).map(([tool, version]) => `${tool} ${version}`);
  return `${[
    "# End to end",
    `\`${results.command}\`, ${results.date.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}; ${tools.join(", ")}.`,
    `${results.rounds} rounds of ${results.seconds} s a measurement, every peer in every round, TCP with ${results.congestion} (\`congctl\` of every route). Median, and (lowest–highest). ${busy === 0 ? "The machine was quiet before every round." : `Before ${busy} of the rounds the machine was busy with something else: compare within a row, and run again.`}`,
    ...scenarios.flatMap((scenario) => section(results, scenario)),
    "## Who moved the bytes",
    table([["peer", "version", "moved by"], ...results.peers.map(({ title, version, mover }) => [title, version, mover])]),
    ...leftOut(results),
    "## Commands",
    ...Object.entries(results.setups).map(([name, commands]) => `${name}:\n\n\`\`\`\n${commands.join("\n")}\n\`\`\``),
    ...Object.entries(results.traffic).map(
      ([scenario, commands]) => `Traffic, ${scenario}:\n\n\`\`\`\n${[...new Set(commands)].join("\n")}\n\`\`\``,
    ),
  ].join("\n\n")}\n`;
}

/** Metrics down, peers across. */
function section(results: Results, scenario: Scenario): string[] {
  const cells = results.cells.filter((cell) => cell.scenario === scenario);
  const peers = results.peers.filter(({ name }) => cells.some(({ peer }) => peer === name));
  const metrics = results.metrics.filter(({ name }) => cells.some(({ values }) => Number.isFinite(values[name])));
  const rows = metrics.map((metric) => [
    `${metric.title} (${metric.unit})`,
    ...peers.map(({ name }) => {
      const { median, min, max, count } = summarize(valuesOf(results, scenario, name, metric.name));
      return count === 0 ? "–" : `${format(median)} (${format(min)}–${format(max)})`;
    }),
  ]);
  return [`## ${SCENARIOS[scenario]}`, table([["", ...peers.map(({ title }) => title)], ...rows]), ...ratios(results, scenario, metrics)];
}

function ratios(results: Results, scenario: Scenario, metrics: readonly Metric[]): string[] {
  const bases = BASES.filter((base) => results.cells.some(({ peer, scenario: s }) => peer === base && s === scenario));
  const own = results.peers.filter(
    ({ name }) => name.startsWith(OWN) && results.cells.some(({ peer, scenario: s }) => peer === name && s === scenario),
  );
  return own.flatMap(({ name, title }) => {
    const rows = metrics.flatMap((metric) => {
      const mine = summarize(valuesOf(results, scenario, name, metric.name)).median;
      const cells = bases.map((base) => format(mine / summarize(valuesOf(results, scenario, base, metric.name)).median));
      return cells.every((cell) => cell === "–") ? [] : [[`${metric.title} (${metric.better} is better)`, ...cells]];
    });
    return bases.length === 0
      ? []
      : [`${title} divided by:`, table([["", ...bases.map((base) => results.peers.find((p) => p.name === base)!.title)], ...rows])];
  });
}

export function leftOut(results: Results): string[] {
  const failures = results.cells.flatMap(({ peer, scenario, round, failures: f }) =>
    Object.entries(f).map(([what, why]) => `- ${peer}, ${scenario}, round ${round}, ${what}: ${why.split("\n", 1)[0]}`),
  );
  const skipped = Object.entries(results.skipped).map(([name, why]) => `- ${name}: ${why}`);
  return skipped.length + failures.length === 0 ? [] : ["## Left out or failed", [...skipped, ...failures].join("\n")];
}
