/** `npm run bench -- startup`: time from exec to `ready`, memory of a range of ports, and processor time when nothing happens. */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Lab } from "../test/support/lab.js";
import { type Proc, sleep } from "../test/support/proc.js";
import { ADDR, buildWorld, type World } from "../test/support/topology.js";
import { launch, untilReady } from "../test/support/tsproxy.js";
import { memoryOf, preciseProcessTime } from "./cpu.js";
import { folderOf } from "./end-to-end.js";
import { describeMachine } from "./machine.js";
import { positive } from "./options.js";
import { type Provenance, provenance, type Row, spreadTable } from "./page.js";
import { writeJson } from "./results.js";
import { format, summarize } from "./stats.js";

const IDLE_MS = 10_000,
  ENDPOINTS = 10;
/** Until garbage of the start has been collected, or not. */
const SETTLE_MS = 1_000;
/** Until the endpoints' kernels have stopped to announce and solicit (RFC 4861 §10). */
const IDLE_SETTLE_MS = 12_000;
const CASES: [name: string, args: string[]][] = [
  ["one port", ["-p", `8999:${ADDR.c1}:8080`]],
  ["10,000 ports", ["-p", `20000-29999:${ADDR.c1}:20000-29999`]],
];

async function begin(lab: Lab, ns: string, args: string[]): Promise<{ proc: Proc; ms: number }> {
  const start = performance.now();
  const proc = await untilReady(launch(lab, ns, args), 30_000);
  return { proc, ms: performance.now() - start };
}

async function idle(lab: Lab, world: World): Promise<number> {
  const endpoints = Array.from({ length: ENDPOINTS }, (_, i) => ["--endpoint", `${lab.addNamespace(`e${i}`)}=172.18.0.${i + 2}`]);
  const { proc } = await begin(lab, world.host, ["--network", "172.18.0.0/16", ...endpoints.flat()]);
  await sleep(IDLE_SETTLE_MS);
  const before = preciseProcessTime(proc.pid);
  await sleep(IDLE_MS);
  const used = preciseProcessTime(proc.pid) - before;
  await proc.stop();
  return (100 * used) / (IDLE_MS / 1000);
}

export interface StartupResults extends Provenance {
  rounds: number;
  /** By case, one a round: milliseconds from exec to `ready`. */
  readyMs: Record<string, number[]>;
  /** By case, one a round. */
  rssMiB: Record<string, number[]>;
  /** Share of a core. */
  idlePercent: number;
}

export async function startup(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options: { rounds: { type: "string" }, out: { type: "string" } } });
  const rounds = positive("--rounds", values.rounds, 5);
  const results: StartupResults = {
    date: new Date().toISOString(),
    command: ["npm run bench -- startup", ...argv].join(" "),
    machine: describeMachine(),
    rounds,
    readyMs: Object.fromEntries(CASES.map(([name]) => [name, []])),
    rssMiB: Object.fromEntries(CASES.map(([name]) => [name, []])),
    idlePercent: Number.NaN,
  };
  const lab = new Lab();
  try {
    const world = buildWorld(lab, "kernel");
    // With a server behind every first port, so that nothing waits for one.
    lab.start(world.c1, [process.execPath, "-e", "for (const p of [8080, 20000]) require('net').createServer().listen(p)"]);
    await sleep(300);
    for (let round = 0; round < rounds; round++) {
      for (const [name, args] of CASES) {
        const { proc, ms } = await begin(lab, world.host, args);
        await sleep(SETTLE_MS);
        const { rss } = memoryOf([proc.pid]);
        results.readyMs[name]!.push(ms);
        results.rssMiB[name]!.push(rss);
        await proc.stop();
        console.log(`round ${round + 1}/${rounds} ${name}: ready after ${format(ms)} ms, RSS ${format(rss)} MiB`);
      }
    }
    console.log(`idle with ${ENDPOINTS} endpoints for ${IDLE_MS / 1000} s …`);
    results.idlePercent = await idle(lab, world);
  } finally {
    await lab.close();
  }
  const folder = folderOf({ out: values.out, quick: false });
  writeJson(path.join(folder, "startup.json"), results);
  console.log(renderStartup(results, folder));
}

/** Writes `startup.md`; answers it. */
export function renderStartup(results: StartupResults, folder: string): string {
  const { rounds, readyMs, rssMiB, idlePercent } = results;
  const rows = (by: Record<string, number[]>): Row[] => CASES.map(([label]) => ({ label, values: by[label]! }));
  const [one = Number.NaN, many = Number.NaN] = CASES.map(([name]) => summarize(rssMiB[name]!).median);
  const more = many - one;
  const markdown = `${[
    "# Start and rest",
    ...provenance(results, {}),
    `Rounds: ${rounds}.`,
    "## From exec to `ready`",
    "ms, lower is better.",
    spreadTable("published", rows(readyMs)),
    "## Memory, RSS",
    "MiB, lower is better.",
    spreadTable("published", rows(rssMiB)),
    `10,000 ports in one range take ${format(more)} MiB more than one port: ${format((more * 1024) / 9999)} KiB a port.`,
    "## Idle",
    `With ${ENDPOINTS} endpoints: ${format(idlePercent)} % of a core over ${IDLE_MS / 1000} s.`,
  ].join("\n\n")}\n`;
  fs.writeFileSync(path.join(folder, "startup.md"), markdown);
  return markdown;
}
