/**
 * `npm run bench -- startup`: time from exec to `ready`, memory, what is done while nothing happens, the stop of many endpoints, and long port ranges
 * under dockerd; beside docker-proxy, and Node.js without any program.
 */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { parseDataplane } from "../src/standalone/config.js";
import { Lab } from "../test/support/lab.js";
import { type Proc, sleep } from "../test/support/proc.js";
import { ADDR, buildWorld, type World } from "../test/support/topology.js";
import { launch, untilReady } from "../test/support/tsproxy.js";
import { preciseProcessTime } from "./cpu.js";
import { folderOf } from "./end-to-end.js";
import { describeMachine } from "./machine.js";
import { measurePortRanges, type PortCosts } from "./many-ports.js";
import { positive } from "./options.js";
import { fence, type Provenance, provenance, spreadTable, table, wrap } from "./page.js";
import { dockerProxy, dockerProxyFile } from "./peers/docker-proxy.js";
import { bpfMemory, type RestMemory, restMemory, type Wakes, wakesOf } from "./rest.js";
import { writeJson } from "./results.js";
import { format, summarize } from "./stats.js";

const IDLE_SEC = 10,
  ENDPOINTS = 10,
  STOP_ENDPOINTS = 300;
/** Until garbage of the start has been collected, or not, and spare memory given back. */
const SETTLE_MS = 3_000;
/** Until helper threads have nothing to do any more, and the endpoints' kernels no neighbours to announce (RFC 4861 §10). */
const IDLE_SETTLE_MS = 12_000;
const NODE = "Node.js alone",
  ONE = "tsproxy, one port",
  FIRST = "tsproxy, one port, first start",
  MANY = "tsproxy, 10,000 ports",
  PROXY = "docker-proxy, one port";

interface Subject {
  name: string;
  command: string;
  /** Resolves when it is ready. */
  start(lab: Lab, world: World): Promise<Proc[]>;
}

function ours(name: string, args: string[]): Subject {
  const start = async (lab: Lab, { host }: World): Promise<Proc[]> => [await untilReady(launch(lab, host, args), 30_000)];
  return { name, command: `tsproxy ${args.join(" ")}`, start };
}

/** In a run folder of its own, where no code of an earlier start is kept (`src/sys/code-cache.ts`). */
function firstStart(name: string, args: string[]): Subject {
  let starts = 0;
  const start = async (lab: Lab, { host }: World): Promise<Proc[]> => {
    const env = { TSPROXY_RUN_DIR: path.join(lab.runDir, `first-${starts++}`) };
    return [await untilReady(launch(lab, host, args, { env }), 30_000)];
  };
  return { name, command: `TSPROXY_RUN_DIR=NEW tsproxy ${args.join(" ")}`, start };
}

const SCRIPT = "console.log('ready'); setTimeout(() => {}, 1e9)";
const SUBJECTS: readonly Subject[] = [
  {
    name: NODE,
    command: `node -e "${SCRIPT}"`,
    start: async (lab, { host }) => [await untilReady(lab.start(host, [process.execPath, "-e", SCRIPT]))],
  },
  {
    // As dockerd starts it, for each family.
    name: PROXY,
    command: "docker-proxy -proto tcp -host-ip ADDRESS -host-port 8999 -container-ip 172.17.0.4 -container-port 8080   # 0.0.0.0 and ::",
    start: (lab, { host }) => {
      const target = ["-container-ip", ADDR.c1, "-container-port", "8080"];
      const procs = ["0.0.0.0", "::"].map((ip) =>
        lab.start(host, [dockerProxyFile()!, "-proto", "tcp", "-host-ip", ip, "-host-port", "8999", ...target], { extraFd: true }),
      );
      return Promise.all(procs.map((proc) => proc.until("its status", () => proc.extra.includes("0\n"))));
    },
  },
  ours(ONE, ["-p", `8999:${ADDR.c1}:8080`]),
  firstStart(FIRST, ["-p", `8999:${ADDR.c1}:8080`]),
  ours(MANY, ["-p", `20000-29999:${ADDR.c1}:20000-29999`]),
];

export interface StartupResults extends Provenance {
  rounds: number;
  /** Without what makes Node.js do more at its start. */
  plainEnvironment?: boolean;
  skipped: Record<string, string>;
  /** By subject, one a round: milliseconds from exec to `ready`. */
  readyMs: Record<string, number[]>;
  /** By subject, one a round. */
  memory: Record<string, RestMemory[]>;
  /** The kernel's, of the BPF maps and programs of one port, MiB. */
  bpfMiB: number;
  /** There is room for so many. */
  flows: number;
  /** By subject. */
  wakes: Record<string, Wakes>;
  /** Share of a core, with endpoints. */
  idlePercent: number;
  /** One a round. */
  stopSec: number[];
  /** By way. */
  ranges: Record<string, PortCosts[]>;
}

export async function startup(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: { quick: { type: "boolean", default: false }, rounds: { type: "string" }, ports: { type: "string" }, out: { type: "string" } },
  });
  const { quick, out } = values;
  const rounds = positive("--rounds", values.rounds, quick ? 1 : 5);
  const ports = positive("--ports", values.ports, quick ? 1_000 : 10_000);
  const skipped: Record<string, string> = {};
  const missing = dockerProxy.missing();
  if (missing !== undefined) skipped[PROXY] = missing;
  const subjects = SUBJECTS.filter(({ name }) => skipped[name] === undefined);
  const perSubject = <T>(): Record<string, T[]> => Object.fromEntries(subjects.map(({ name }) => [name, []]));
  const results: StartupResults = {
    date: new Date().toISOString(),
    command: ["npm run bench -- startup", ...argv].join(" "),
    machine: describeMachine(),
    rounds,
    plainEnvironment: true,
    skipped,
    readyMs: perSubject(),
    memory: perSubject(),
    bpfMiB: Number.NaN,
    flows: parseDataplane({}).conntrackMax,
    wakes: {},
    idlePercent: Number.NaN,
    stopSec: [],
    ranges: {},
  };
  delete process.env.NODE_EXTRA_CA_CERTS; // Node.js reads what it names at each start; `dist/cli/tsproxy` takes it away, too
  const lab = new Lab();
  try {
    const world = buildWorld(lab, "kernel");
    // With a server behind every first port, so that nothing waits for one.
    lab.start(world.c1, [process.execPath, "-e", "for (const p of [8080, 20000]) require('net').createServer().listen(p)"]);
    await sleep(300);
    const [before] = await SUBJECTS.find(({ name }) => name === ONE)!.start(lab, world); // its code is kept for the others
    await sleep(SETTLE_MS);
    await before!.stop();
    for (let round = 0; round < rounds; round++)
      for (const subject of subjects) await measureStart(lab, world, subject, round === rounds - 1, results);
    await measureEndpoints(lab, world, rounds, results);
  } finally {
    await lab.close();
  }
  results.ranges = await measurePortRanges(ports, Math.max(100, ports / 10), skipped);
  const folder = folderOf({ quick, out });
  writeJson(path.join(folder, "startup.json"), results, 3);
  console.log(renderStartup(results, folder));
}

async function measureStart(lab: Lab, world: World, { name, start }: Subject, isLast: boolean, results: StartupResults): Promise<void> {
  const begin = performance.now();
  const procs = await start(lab, world);
  const ms = performance.now() - begin;
  await sleep(SETTLE_MS);
  const pids = procs.map(({ pid }) => pid);
  const memory = restMemory(pids);
  results.readyMs[name]!.push(ms);
  results.memory[name]!.push(memory);
  console.log(`${name}: ready after ${format(ms)} ms, RSS ${format(memory.rss)} MiB, PSS ${format(memory.pss)}`);
  if (isLast && (name === NODE || name === ONE)) {
    await sleep(IDLE_SETTLE_MS - SETTLE_MS);
    results.wakes[name] = await wakesOf(pids, IDLE_SEC);
    if (name === ONE) results.bpfMiB = bpfMemory(pids[0]!);
  }
  await Promise.all(procs.map((proc) => proc.stop()));
}

/** The processor time of a few endpoints, and the stop of many. */
async function measureEndpoints(lab: Lab, { host }: World, rounds: number, results: StartupResults): Promise<void> {
  const names = Array.from({ length: STOP_ENDPOINTS }, (_, i) => lab.addNamespace(`e${i}`));
  const begin = (count: number): Promise<Proc> => {
    const endpoints = names.slice(0, count).flatMap((name, i) => ["--endpoint", `${name}=172.18.${1 + (i >> 7)}.${1 + (i & 127)}`]);
    return untilReady(launch(lab, host, ["--network", "172.18.0.0/16", ...endpoints]), 60_000);
  };
  const few = await begin(ENDPOINTS);
  await sleep(IDLE_SETTLE_MS);
  const before = preciseProcessTime(few.pid);
  results.wakes[`tsproxy, ${ENDPOINTS} endpoints`] = await wakesOf([few.pid], IDLE_SEC);
  results.idlePercent = (100 * (preciseProcessTime(few.pid) - before)) / IDLE_SEC;
  await few.stop();
  for (let round = 0; round < rounds; round++) {
    const many = await begin(STOP_ENDPOINTS);
    const start = performance.now();
    await many.stop("SIGTERM", 60_000);
    results.stopSec.push((performance.now() - start) / 1000);
    console.log(`stop with ${STOP_ENDPOINTS} endpoints: ${format(results.stopSec.at(-1)!)} s`);
  }
}

/** Writes `startup.md`; answers it. */
export function renderStartup(results: StartupResults, folder: string): string {
  const { rounds, skipped, readyMs, memory, bpfMiB, flows, wakes, idlePercent, stopSec, ranges } = results;
  const subjects = SUBJECTS.filter(({ name }) => readyMs[name] !== undefined);
  const median = (values: readonly number[]): string => format(summarize(values).median);
  const alone = { title: NODE, of: () => readyMs[NODE] ?? [] };
  const kinds = ["main thread", "workers", "other threads"] as const;
  const markdown = `${[
    "# Start and rest",
    ...provenance(results, {}),
    `Rounds: ${rounds}, each with everybody.`,
    ...Object.entries(skipped).map(([name, why]) => `Left out: ${name} (${why}).`),
    ...(results.plainEnvironment ? ["Started without `NODE_EXTRA_CA_CERTS`, by which Node.js reads certificates first."] : []),
    fence(subjects.map(({ command }) => command)),
    "## From exec to `ready`",
    "ms, lower is better.",
    ...(readyMs[FIRST] === undefined
      ? []
      : [
          wrap(
            "A start keeps V8's code for the next one, until the machine is started again. The row of the first start has none; all others of tsproxy have.",
          ),
        ]),
    spreadTable(
      "",
      subjects.map(({ name }) => ({ label: name, values: readyMs[name]! })),
      [alone],
    ),
    "## Memory",
    wrap(
      `MiB, medians, ${SETTLE_MS / 1000} s after \`ready\`; lower is better. RSS counts pages whole that other processes share, those of Node.js's own file above all; PSS divides them by the number of processes; the last column is what the process has written, so nobody else's.`,
    ),
    table([
      ["", "RSS", "PSS", "written"],
      ...subjects.map(({ name }) => [name, ...(["rss", "pss", "own"] as const).map((key) => median(memory[name]!.map((m) => m[key])))]),
    ]),
    wrap(
      `The kernel keeps ${format(bpfMiB)} MiB more for the BPF maps and programs of a tsproxy with room for ${flows.toLocaleString("en")} flows.`,
    ),
    "## Idle",
    `Wake-ups a second, over ${IDLE_SEC} s.`,
    table([["", ...kinds], ...Object.entries(wakes).map(([name, by]) => [name, ...kinds.map((kind) => format(by[kind] ?? 0))])]),
    `With ${ENDPOINTS} endpoints: ${format(idlePercent)} % of a core.`,
    "## Stop",
    `With ${STOP_ENDPOINTS} endpoints: ${median(stopSec)} s.`,
    ...(Object.keys(ranges).length > 0 ? rangePage(ranges) : []),
  ].join("\n\n")}\n`;
  fs.writeFileSync(path.join(folder, "startup.md"), markdown);
  return markdown;
}

function rangePage(ranges: StartupResults["ranges"]): string[] {
  return [
    "## A port range under dockerd",
    wrap(
      "`docker run -p RANGE:RANGE`, each port for IPv4 and IPv6, and `docker rm -f`; dockerd makes no rules of its own (`iptables: false`). docker-proxy, and what stands in its place, is two processes a port, so these have fewer ports. Memory, in MiB, is that of all processes behind the ports, the daemon with them.",
    ),
    rangeTable(ranges),
  ];
}

function whole(count: number): string {
  return count.toLocaleString("en");
}

/** Times and memory of `docker run -p RANGE:RANGE`. */
export function rangeTable(ranges: StartupResults["ranges"]): string {
  return table([
    ["", "ports", "run, s", "rm, s", "processes", "RSS", "PSS"],
    ...Object.entries(ranges).flatMap(([name, costs]) =>
      costs.map(({ ports, run, remove, processes, rss, pss }) => [
        name,
        whole(ports),
        format(run),
        format(remove),
        whole(processes),
        format(rss),
        format(pss),
      ]),
    ),
  ]);
}
