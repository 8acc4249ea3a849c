/** From results under Docker to `docker.json`, its page in Markdown, and charts. */
import fs from "node:fs";
import path from "node:path";
import { isLeft, leftSection } from "../left.js";
import { type Base, duration, provenance, type Row, spreadTable, wordTable, wrap } from "../page.js";
import { commands, glance, leftOut, quiet } from "../report.js";
import { type Results, readJson, valuesOf, writeJson } from "../results.js";
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

/** A table of a comparison. */
export interface Measure {
  title: string;
  unit: string;
  /** Of a case, one a round. */
  of(item: Case): number[];
}

const COSTS: [key: keyof Costs, title: string, unit: string][] = [
  ["run", "`docker run`", "s"],
  ["remove", "`docker rm -f`", "s"],
  ["processes", "processes", "How many there are"],
  ["rss", "memory, RSS summed", "MiB"],
  ["pss", "memory, PSS summed", "MiB"],
];
/** One chart each. */
const CHARTS: [file: string, metric: string][] = [
  ["docker-bulk-in", "bulk-in"],
  ["docker-bulk-out", "bulk-out"],
  ["docker-connections", "connections"],
  ["docker-requests", "requests"],
  ["docker-round-trip", "rtt-p50"],
  ["docker-round-trip-awake", "rtt-awake-p50"],
];

/** A table a measure, cases down: with the ratio of each of tsproxy's to docker-proxy with the same `"iptables"`. */
export function comparison(cases: readonly Case[], measures: readonly Measure[]): string[] {
  const named = (label: string): Case => cases.find(({ name }) => name === label)!;
  return measures.flatMap(({ title, unit, of }) => {
    const base: Base = {
      title: "docker-proxy",
      of: ({ label }) => {
        const { proxy, iptables } = named(label);
        const other = cases.find((item) => item.proxy === "docker-proxy" && item.iptables === iptables);
        return proxy === "docker-proxy" || other === undefined ? [] : of(other);
      },
    };
    return [
      `### ${title}`,
      `${unit}.`,
      spreadTable(
        "proxy, mode of dockerd",
        cases.map((item) => ({ label: item.name, values: of(item) })),
        [base],
      ),
    ];
  });
}

/** Writes what there is, with the other half from an earlier run into the same folder; answers the Markdown. */
export function writeDocker(fresh: DockerResults, folder: string): string {
  const file = path.join(folder, "docker.json");
  const earlier = fs.existsSync(file) ? readJson<DockerResults>(file) : {};
  const results = { ...earlier, ...fresh };
  writeJson(file, results, 3);
  return renderDocker(results, folder);
}

/** Writes `docker.md` and charts; answers the Markdown. */
export function renderDocker(results: DockerResults, folder: string): string {
  const text = markdown(results);
  fs.writeFileSync(path.join(folder, "docker.md"), text);
  for (const [name, svg] of charts(results)) fs.writeFileSync(path.join(folder, `${name}.svg`), svg);
  return text;
}

export function markdown({ ports, traffic }: DockerResults): string {
  const sections = ["# Under a real dockerd"];
  if (ports !== undefined) sections.push(...portSection(ports));
  if (traffic !== undefined) sections.push(...trafficSection(traffic));
  return `${sections.join("\n\n")}\n`;
}

function portSection(results: PortResults): string[] {
  const { versions, rounds, ports, costs } = results;
  const range = `${FIRST_PORT}-${FIRST_PORT + ports - 1}`;
  return [
    "## A port range",
    ...provenance(results, versions),
    wrap(
      `\`docker run -p ${range}:${range}\`, each port for IPv4 and IPv6. Rounds: ${rounds.iptables} with iptables, ${rounds.noIptables} without. Processes and memory are those of the proxies and, for tsproxy, of the daemon behind them.`,
    ),
    ...comparison(
      CASES.filter(({ name }) => costs[name] !== undefined),
      COSTS.map(([key, title, unit]) => ({ title, unit, of: ({ name }) => costs[name]!.map((one) => one[key]) })),
    ),
  ];
}

function trafficSection(results: Results): string[] {
  const { machine, rounds, congestion, peers, metrics, setups } = results;
  const cases = CASES.filter(({ name }) => peers.some((peer) => peer.name === name));
  const tools = Object.fromEntries(CASES.flatMap(({ name, proxy }) => peers.filter((p) => p.name === name).map((p) => [proxy, p.version])));
  const bridgeNetfilter = Object.values(setups)
    .flat()
    .includes(`host# ${NO_BRIDGE_NETFILTER.join(" ")}`)
    ? "Frames on the bridge were kept from iptables (--no-bridge-netfilter)."
    : "Settings of the kernel are as dockerd leaves them.";
  const rowsOf = (metric: string): Row[] => cases.map(({ name }) => ({ label: name, values: valuesOf(results, "publish", name, metric) }));
  const driver = cases.some((item) => item.driver)
    ? " _network of tsproxy_: the container is in a network of the driver tsproxy, and no proxy runs; the others are on Docker's bridge."
    : "";
  return [
    "## Traffic through one port",
    ...provenance(results, { ...tools, ...machine.tools }),
    wrap(
      `A client on the LAN to a published port of a container. Rounds: ${rounds}, of ${duration(results)} a measurement, every case in each, with a dockerd of its own. TCP with ${congestion} (\`congctl\` of every route). ${bridgeNetfilter} ${quiet(results)}`,
    ),
    wrap(
      `Who moved the bytes was observed: by the counters of docker's rules and of tsproxy's steering, and by the proxies' processor time. With iptables a LAN client's packets never reach docker-proxy, which then serves the host itself and IPv6.${driver}`,
    ),
    wordTable([["proxy, mode of dockerd", "moved by"], ...cases.map((item) => [item.name, moversOf(results, item)])]),
    "Medians:",
    glance(
      "proxy, mode of dockerd",
      metrics.map(({ name }) => name),
      rowsOf,
    ),
    ...comparison(
      cases,
      metrics
        .filter(({ name }) => !isLeft(name))
        .map(({ name, title, unit, better }) => ({
          title,
          unit: `${unit}, ${better} is better`,
          of: (item) => valuesOf(results, "publish", item.name, name),
        })),
    ),
    "### what new connections leave",
    ...leftSection("proxy, mode of dockerd", rowsOf),
    ...leftOut(results),
    ...commands(results, "###"),
  ];
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
      const measured = traffic.metrics.find(({ name }) => name === metric);
      if (measured === undefined) continue; // results of before it was
      const { title, unit, better } = measured;
      const bars = CASES.flatMap((item) => {
        const mover = moversOf(traffic, item);
        return bar(
          item.driver ? item.name : mover === KERNEL ? mover : `${mover}, ${item.iptables ? "iptables" : "no iptables"}`,
          item,
          valuesOf(traffic, "publish", item.name, metric),
        );
      });
      made.push([file, barChart(`Published port under dockerd: ${title} (${unit}, ${better} is better)`, bars, format)]);
    }
  return made;
}
