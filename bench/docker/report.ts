/** From results under Docker to `docker.json`, `docker.md` and charts. */
import fs from "node:fs";
import path from "node:path";
import type { Machine } from "../machine.js";
import { leftOut, table } from "../report.js";
import { type Results, valuesOf } from "../results.js";
import { format, summarize } from "../stats.js";
import { type Bar, barChart } from "../svg.js";
import { CASES, type Case, NO_BRIDGE_NETFILTER } from "./cases.js";
import { KERNEL } from "./mover.js";
import { type Costs, FIRST_PORT, type PortResults } from "./ports.js";

/** Each half may have been measured in a run of its own. */
export interface DockerResults {
  ports?: PortResults;
  traffic?: Results;
}

/** A row of a comparison. */
export interface Measure {
  title: string;
  /** Of a case, one a round. */
  of(item: Case): number[];
}

const COSTS: [keyof Costs, string][] = [
  ["run", "`docker run` (s)"],
  ["remove", "`docker rm -f` (s)"],
  ["processes", "processes"],
  ["rss", "memory, RSS summed (MiB)"],
  ["pss", "memory, PSS summed (MiB)"],
];
/** One chart each. */
const CHARTS: [file: string, metric: string][] = [
  ["docker-bulk-in", "bulk-in"],
  ["docker-bulk-out", "bulk-out"],
  ["docker-connections", "connections"],
  ["docker-requests", "requests"],
  ["docker-round-trip", "rtt-p50"],
];

/** Measures down, cases across, behind each pair of them the ratio of its medians. `facts`: rows of words, by case. */
export function comparison(
  cases: readonly Case[],
  measures: readonly Measure[],
  facts: Record<string, (item: Case) => string> = {},
): string {
  const row = (title: string, cell: (item: Case) => string, ratio: (own: Case, base: Case) => string): string[] => [
    title,
    ...cases.flatMap((item) => {
      const base = cases.find(({ proxy, iptables }) => proxy === "docker-proxy" && iptables === item.iptables);
      return item.proxy === "docker-proxy" || base === undefined ? [cell(item)] : [cell(item), ratio(item, base)];
    }),
  ];
  return table([
    row(
      "",
      ({ name }) => name,
      () => "ratio",
    ),
    ...Object.entries(facts).map(([title, cell]) => row(title, cell, () => "")),
    ...measures.map(({ title, of }) => {
      const text = (item: Case): string => {
        const { median, min, max, count } = summarize(of(item));
        return count === 0 ? "–" : min === max ? format(median) : `${format(median)} (${format(min)}–${format(max)})`;
      };
      return row(title, text, (own, base) => format(summarize(of(own)).median / summarize(of(base)).median));
    }),
  ]);
}

/** Writes what there is, with the other half from an earlier run into the same folder; answers the Markdown. */
export function writeDocker(fresh: DockerResults, folder: string): string {
  const file = path.join(folder, "docker.json");
  const earlier = fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, "utf8")) as DockerResults) : {};
  const results = { ...earlier, ...fresh };
  const text = markdown(results);
  fs.writeFileSync(file, `${JSON.stringify(results, null, 1)}\n`);
  fs.writeFileSync(path.join(folder, "docker.md"), text);
  for (const [name, svg] of charts(results)) fs.writeFileSync(path.join(folder, `${name}.svg`), svg);
  return text;
}

export function markdown({ ports, traffic }: DockerResults): string {
  const sections = ["# Under a real dockerd", 'tsproxy\'s ratios are to docker-proxy with the same `"iptables"` in daemon.json.'];
  if (ports !== undefined) sections.push(...portSection(ports));
  if (traffic !== undefined) sections.push(...trafficSection(traffic));
  return `${sections.join("\n\n")}\n`;
}

function portSection({ date, command, machine, versions, rounds, ports, costs }: PortResults): string[] {
  const range = `${FIRST_PORT}-${FIRST_PORT + ports - 1}`;
  return [
    "## A port range",
    provenance(command, date, machine, versions),
    `\`docker run -p ${range}:${range}\`, each port for IPv4 and IPv6; rounds: ${rounds.iptables} with iptables, ${rounds.noIptables} without. Median, and (lowest–highest). Processes and memory: the proxies and, of tsproxy, the daemon behind them.`,
    comparison(
      CASES.filter(({ name }) => costs[name] !== undefined),
      COSTS.map(([key, title]) => ({ title, of: ({ name }) => costs[name]!.map((one) => one[key]) })),
    ),
  ];
}

function trafficSection(results: Results): string[] {
  const { date, command, machine, rounds, seconds, congestion, peers, metrics, setups, traffic } = results;
  const cases = CASES.filter(({ name }) => peers.some((peer) => peer.name === name));
  const tools = Object.fromEntries(CASES.flatMap(({ name, proxy }) => peers.filter((p) => p.name === name).map((p) => [proxy, p.version])));
  const bridgeNetfilter = Object.values(setups)
    .flat()
    .includes(`host# ${NO_BRIDGE_NETFILTER.join(" ")}`)
    ? "Frames on the bridge were kept from iptables (--no-bridge-netfilter)."
    : "Settings of the kernel are as dockerd leaves them.";
  return [
    "## Traffic through one port",
    provenance(command, date, machine, { ...tools, ...machine.tools }),
    `A client on the LAN to a published port of a container; rounds: ${rounds} of ${seconds} s a measurement, TCP with ${congestion} (\`congctl\` of every route), each case in every one with a dockerd of its own. Median, and (lowest–highest). Who moved the bytes was observed: by the counters of docker's rules and of tsproxy's steering, and the proxies' processor time. With iptables a LAN client's packets never reach docker-proxy, which then serves the host itself and IPv6; tsproxy takes them before iptables does. ${bridgeNetfilter}`,
    comparison(
      cases,
      metrics.map(({ name, title, unit, better }) => ({
        title: `${title} (${unit}, ${better} is better)`,
        of: (item) => valuesOf(results, "publish", item.name, name),
      })),
      { "moved by": (item) => moversOf(results, item) },
    ),
    ...leftOut(results),
    "### Commands",
    ...Object.entries(setups).map(([name, commands]) => `${name.replace(/ publish$/, "")}:\n\n\`\`\`\n${commands.join("\n")}\n\`\`\``),
    `Traffic:\n\n\`\`\`\n${[...new Set(Object.values(traffic).flat())].join("\n")}\n\`\`\``,
  ];
}

function provenance(command: string, date: string, machine: Machine, versions: Record<string, string>): string {
  const tools = Object.entries(versions).map(([tool, version]) => `${tool} ${version}`);
  return `\`${command}\`, ${date.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}; ${tools.join(", ")}.`;
}

/** "–" when no round was finished. */
function moversOf({ cells }: Results, { name }: Case): string {
  const seen = cells.flatMap(({ peer, mover }) => (peer === name && mover !== undefined ? [mover] : []));
  return [...new Set(seen)].join("; ") || "–";
}

function charts({ ports, traffic }: DockerResults): [name: string, svg: string][] {
  const bar = (label: string, { proxy }: Case, values: number[]): Bar[] => {
    const { median, min, max, count } = summarize(values);
    return count === 0 ? [] : [{ label, value: median, min, max, own: proxy === "tsproxy" }];
  };
  const made: [string, string][] = [];
  if (ports !== undefined) {
    const bars = CASES.flatMap((item) =>
      bar(
        item.name,
        item,
        (ports.costs[item.name] ?? []).map(({ pss }) => pss),
      ),
    );
    made.push(["docker-ports", barChart(`${ports.ports} ports published: memory, PSS (MiB, lower is better)`, bars, format)]);
  }
  if (traffic !== undefined)
    for (const [file, metric] of CHARTS) {
      const { title, unit, better } = traffic.metrics.find(({ name }) => name === metric)!;
      const bars = CASES.flatMap((item) => {
        const mover = moversOf(traffic, item);
        return bar(
          mover === KERNEL ? mover : `${mover}, ${item.iptables ? "iptables" : "no iptables"}`,
          item,
          valuesOf(traffic, "publish", item.name, metric),
        );
      });
      made.push([file, barChart(`Published port under dockerd: ${title} (${unit}, ${better} is better)`, bars, format)]);
    }
  return made;
}
