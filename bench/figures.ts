/**
 * The tables with figures in README.md and docs/: made from bench/results, so that no page says what no result holds. A page has
 * `<!-- figures: NAME -->` and `<!-- /figures -->` on lines of their own; what stands between is replaced by `npm run bench -- render`.
 */
import fs from "node:fs";
import path from "node:path";
import { CASES } from "./docker/cases.js";
import type { DockerResults } from "./docker/report.js";
import { leftSection } from "./left.js";
import type { MemoryResults } from "./memory/report.js";
import { describeRun, type Row, table, wrap } from "./page.js";
import { RESULTS } from "./paths.js";
import { GLANCE, glance } from "./report.js";
import { type Results, readJson, valuesOf } from "./results.js";
import { rangeTable, type StartupResults } from "./startup.js";
import { format, summarize } from "./stats.js";
import type { Scenario } from "./topology.js";

/** Pages that have such tables, from the project's folder. */
export const PAGES = ["README.md", "docs/performance.md", "docs/docker.md"];

/** Of whose median what is divided by whose. */
interface Ratio {
  head: string;
  peer: string;
  scenario: Scenario;
  by: { peer: string; scenario: Scenario };
}

const REQUESTS = ["connections", "requests"];
const ROUND_TRIPS = ["rtt-p50", "rtt-p99", "rtt-awake-p50", "rtt-awake-p99", "rtt-apart-p50", "rtt-apart-p99"];
const ALL = ["bulk-in", "bulk-out", "bulk-in-8", "bulk-out-8", ...REQUESTS, "udp-64-lossless", ...ROUND_TRIPS];
/** Of us, with TypeScript deciding. */
const FIRST = ["tsproxy", "tsproxy-loop", "tsproxy-own", "tsproxy-own-tap", "tsproxy-workers"];
const OTHERS = [
  "iptables",
  "nftables",
  "veth",
  "docker-proxy",
  "haproxy",
  "socat",
  "pasta",
  "slirp4netns",
  "openvswitch",
  "openvswitch-xdp",
];

/** Own networks, on veth pairs and on TAPs. */
const OWN = "end-to-end.json";

export const FIGURES: Record<string, () => string[]> = {
  published: () => medians("end-to-end.json", README_PEERS, README_METRICS),
  "published-auto": () => ratios("end-to-end.json", ALL, against("tsproxy", "publish", ["iptables", "nftables", "docker-proxy"])),
  "published-loop": () =>
    ratios("end-to-end.json", ALL, against("tsproxy-loop", "publish", ["iptables", "nftables", "docker-proxy", "c-on-tap"])),
  own: () => medians(OWN, ["tsproxy-own", "tsproxy-own-tap", "tsproxy", "iptables", "nftables", "veth", "docker-proxy"], README_METRICS),
  "published-own": () => ratios(OWN, ALL, against("tsproxy-own", "publish", ["iptables", "nftables", "docker-proxy", "tsproxy-own-tap"])),
  "round-trips": () => medians("end-to-end.json", [...FIRST, "c-on-tap", ...OTHERS], ROUND_TRIPS),
  left: () => {
    const [results, peers] = [endToEnd("end-to-end.json"), [...FIRST, "c-on-tap", ...OTHERS]];
    return [origin("end-to-end.json", results), ...leftSection("peer", (metric) => rowsOf(results, peers, metric))];
  },
  streams: () =>
    medians("end-to-end.json", [...FIRST, "iptables", "veth", "docker-proxy", "haproxy", "socat"], ["bulk-in-8", "bulk-out-8"]),
  /** What the kernel's own devices leave between themselves and docker-proxy, without any translation, and what we make of it. */
  limits: () =>
    ratios(
      "end-to-end.json",
      ["bulk-in-8", "bulk-out-8", "bulk-in-8-cpu-machine", "bulk-out-8-cpu-machine", "rtt-p50"],
      against(["veth", "iptables", "tsproxy", "tsproxy-own"], "publish", ["docker-proxy"]),
    ),
  families: () => ratios("families/end-to-end.json", ALL, [...each(["tsproxy", "tsproxy-loop", "iptables"], "publish6", "publish")]),
  nat64: () => ratios("families/end-to-end.json", ALL, against(["tsproxy", "tsproxy-loop"], "nat64", ["docker-proxy"])),
  bridge: () => ratios("networks/end-to-end.json", ALL, against("tsproxy", "bridge", ["veth", "c-on-tap", "tsproxy-own-tap"])),
  masquerade: () => ratios("networks/end-to-end.json", ALL, against("tsproxy", "masquerade", ["iptables", "c-on-tap", "tsproxy-own-tap"])),
  /** More rounds of few peers: transfers have two speeds on this machine. */
  bulk: () =>
    ratios(
      "bulk/end-to-end.json",
      ["bulk-in", "bulk-out", "bulk-in-8", "bulk-out-8"],
      against(["tsproxy", "tsproxy-own"], "publish", ["iptables", "veth", "docker-proxy"]),
    ),
  bbr: () =>
    ratios(
      "bbr/end-to-end.json",
      ["bulk-in", "bulk-out"],
      against(["tsproxy", "tsproxy-own-tap"], "publish", ["iptables", "docker-proxy"]),
    ),
  memory,
  "docker-iptables": () => dockerMedians(true),
  "docker-alone": () => dockerMedians(false),
  "docker-ports": dockerPorts,
  rest: () => [origin(STARTUP, startup()), restTable(startup())],
  "port-ranges": () => [origin(STARTUP, { ...startup(), rounds: 1 }), rangeTable(startup().ranges)],
};

const README_PEERS = [
  ...["tsproxy", "tsproxy-loop", "tsproxy-own", "tsproxy-own-tap", "iptables", "nftables", "veth"],
  ...["docker-proxy", "haproxy", "pasta", "openvswitch", "openvswitch-xdp"],
];
const README_METRICS = GLANCE.map(([metric]) => metric).filter((metric) => !metric.endsWith("-8"));

/** Of metrics, where the title in the results is long. */
const SHORT: Record<string, string> = {
  "rtt-p50": "round trip p50",
  "rtt-p99": "round trip p99",
  "rtt-awake-p50": "round trip p50, awake",
  "rtt-awake-p99": "round trip p99, awake",
  "rtt-apart-p50": "round trip p50, awake, two cores",
  "rtt-apart-p99": "round trip p99, awake, two cores",
  "udp-64-lossless": "UDP 64 bytes",
};

function against(peers: string | string[], scenario: Scenario, bases: string[]): Ratio[] {
  const headOf = (peer: string, base: string): string => {
    if (!Array.isArray(peers)) return `÷ @${base}`;
    return bases.length === 1 ? `@${peer}` : `@${peer} ÷ @${base}`;
  };
  return [peers]
    .flat()
    .flatMap((peer) => bases.map((base) => ({ head: headOf(peer, base), peer, scenario, by: { peer: base, scenario } })));
}

/** Each peer's `scenario` by the same peer's `base`. */
function each(peers: string[], scenario: Scenario, base: Scenario): Ratio[] {
  return peers.map((peer) => ({ head: `@${peer}`, peer, scenario, by: { peer, scenario: base } }));
}

/** The table of the peers' medians, of those that were measured, in the scenario `publish`. */
function medians(file: string, peers: string[], metrics: string[]): string[] {
  const results = endToEnd(file);
  const measured = metrics.filter((metric) => results.cells.some((cell) => Number.isFinite(cell.values[metric])));
  return [origin(file, results), glance("peer", measured, (metric) => rowsOf(results, peers, metric))];
}

function rowsOf(results: Results, peers: string[], metric: string): Row[] {
  const present = peers.flatMap((name) => results.peers.filter((peer) => peer.name === name));
  return present.map(({ name, title }) => ({ label: title, values: valuesOf(results, "publish", name, metric) }));
}

/** A line a metric, a column a ratio; what was not measured is left out. */
function ratios(file: string, metrics: string[], columns: Ratio[]): string[] {
  const results = endToEnd(file);
  const titleOf = (name: string): string => results.peers.find((peer) => peer.name === name)?.title ?? name;
  const medianOf = (peer: string, scenario: Scenario, metric: string): number =>
    summarize(valuesOf(results, scenario, peer, metric)).median;
  const cells = metrics.map((metric) =>
    columns.map(({ peer, scenario, by }) => medianOf(peer, scenario, metric) / medianOf(by.peer, by.scenario, metric)),
  );
  const kept = columns.map((_, k) => cells.some((row) => Number.isFinite(row[k])));
  const body = metrics.flatMap((name, i) => {
    const metric = results.metrics.find((one) => one.name === name);
    const row = cells[i]!.filter((_, k) => kept[k]);
    if (metric === undefined || !row.some(Number.isFinite)) return [];
    return [[SHORT[name] ?? metric.title, ...row.map(ratio)]];
  });
  const heads = columns.filter((_, k) => kept[k]).map(({ head }) => head.replace(/@([\w-]+)/g, (_, name: string) => titleOf(name)));
  return [origin(file, results), table([["measure", ...heads], ...body])];
}

function memory(): string[] {
  const file = "memory.json";
  const results = readJson<MemoryResults>(path.join(RESULTS, file));
  const rows = Object.entries(results.js).flatMap(([name, values]) => {
    const [mine, theirs] = [summarize(values).median, summarize(results.c[name] ?? []).median];
    return name.endsWith(", 64 bytes") ? [[name.replace(", 64 bytes", ""), format(mine), format(theirs), ratio(theirs / mine)]] : [];
  });
  return [origin(file, results), table([["", "ns a packet", "C, ns a packet", "speed ÷ C"], ...rows])];
}

function dockerMedians(iptables: boolean): string[] {
  const file = "docker.json";
  const { traffic } = readJson<DockerResults>(path.join(RESULTS, file));
  if (traffic === undefined) return [];
  const cases = CASES.filter((item) => item.iptables === iptables && traffic.peers.some(({ name }) => name === item.name));
  const rows = (metric: string) =>
    cases.map(({ name }) => ({ label: name.replace(/, .*/, ""), values: valuesOf(traffic, "publish", name, metric) }));
  const metrics = traffic.metrics.map(({ name }) => name);
  return [origin(file, traffic), glance("proxy", metrics, rows)];
}

function dockerPorts(): string[] {
  const file = "docker.json";
  const { ports } = readJson<DockerResults>(path.join(RESULTS, file));
  if (ports === undefined) return [];
  const rows = CASES.flatMap(({ name }) => {
    const costs = ports.costs[name];
    if (costs === undefined) return [];
    const median = (key: "run" | "remove" | "pss"): string => format(summarize(costs.map((one) => one[key])).median);
    return [[name, median("run"), median("remove"), median("pss")]];
  });
  const rounds = Math.max(ports.rounds.iptables, ports.rounds.noIptables);
  return [
    origin(file, { ...ports, rounds }),
    table([["proxy, mode of dockerd", "`docker run`, s", "`docker rm -f`, s", `${format(ports.ports)} ports, PSS, MiB`], ...rows]),
  ];
}

const STARTUP = "startup.json";

function startup(): StartupResults {
  return readJson(path.join(RESULTS, STARTUP));
}

/** Time to be ready, and memory. */
function restTable({ readyMs, memory: all }: StartupResults): string {
  const median = (values: readonly number[]): string => format(summarize(values).median);
  const rows = Object.entries(readyMs).map(([name, ms]) => [
    name,
    median(ms),
    ...(["rss", "pss", "own"] as const).map((key) => median(all[name]!.map((one) => one[key]))),
  ]);
  return table([["", "ready, ms", "RSS, MiB", "PSS, MiB", "written, MiB"], ...rows]);
}

function endToEnd(file: string): Results {
  return readJson(path.join(RESULTS, file));
}

/** Two digits after the point: a round differs from the next by more. */
function ratio(value: number): string {
  return Number.isFinite(value) ? value.toFixed(2) : "–";
}

/** Where the figures come from; `@` stands for the way from the page to the project's folder. */
function origin(file: string, results: Parameters<typeof describeRun>[0]): string {
  return wrap(`${describeRun(results)} [All of it](@bench/results/${file.replace(".json", ".md")}).`);
}

/** The page with its tables made anew; `file` from the project's folder. Throws an Error with the name of a table that there is not. */
export function withFigures(text: string, file: string): string {
  const up = "../".repeat(file.split("/").length - 1);
  return text.replace(/^<!-- figures: (\S+) -->$[\s\S]*?^<!-- \/figures -->$/gm, (_, name: string) => {
    const make = FIGURES[name];
    if (make === undefined) throw new Error(`${file}: there are no figures '${name}': ${Object.keys(FIGURES).join(", ")}`);
    const parts = make().map((part) => part.replaceAll("(@", `(${up}`));
    return [`<!-- figures: ${name} -->`, ...parts, "<!-- /figures -->"].join("\n\n");
  });
}

/** Makes the tables of the pages below `root` anew; answers the pages. */
export function renderFigures(root: string): string[] {
  for (const page of PAGES) {
    const file = path.join(root, page);
    fs.writeFileSync(file, withFigures(fs.readFileSync(file, "utf8"), page));
  }
  return PAGES;
}
