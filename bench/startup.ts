/** `npm run bench -- startup`: time from exec to `ready`, memory of a range of ports, and processor time when nothing happens. */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { Lab } from "../test/support/lab.js";
import { type Proc, sleep } from "../test/support/proc.js";
import { ADDR, buildWorld, type World } from "../test/support/topology.js";
import { memoryOf, preciseProcessTime } from "./cpu.js";
import { describeMachine } from "./machine.js";
import { MAIN, RESULTS } from "./paths.js";
import { table } from "./report.js";
import { format, type Summary, summarize } from "./stats.js";

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
  let ms = Number.NaN;
  const proc = lab.start(ns, [process.execPath, MAIN, ...args], { env: { TSPROXY_RUN_DIR: path.join(lab.dir, "run") } });
  await proc.until(
    "ready",
    () => {
      if (Number.isNaN(ms) && /^ready$/m.test(proc.stdout)) ms = performance.now() - start;
      return !Number.isNaN(ms);
    },
    30_000,
  );
  return { proc, ms };
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

export async function startup(argv: string[]): Promise<void> {
  const { values } = parseArgs({ args: argv, options: { rounds: { type: "string", default: "5" }, out: { type: "string" } } });
  const rounds = Number(values.rounds);
  const times = new Map<string, number[]>(CASES.map(([name]) => [name, []]));
  const memory = new Map<string, number[]>(CASES.map(([name]) => [name, []]));
  const lab = new Lab();
  let idlePercent: number;
  try {
    const world = buildWorld(lab, "kernel");
    // With a server behind every first port, so that nothing waits for one.
    lab.start(world.c1, [process.execPath, "-e", "for (const p of [8080, 20000]) require('net').createServer().listen(p)"]);
    await sleep(300);
    for (let round = 0; round < rounds; round++) {
      for (const [name, args] of CASES) {
        const { proc, ms } = await begin(lab, world.host, args);
        await sleep(SETTLE_MS);
        times.get(name)!.push(ms);
        memory.get(name)!.push(memoryOf([proc.pid]).rss);
        await proc.stop();
        console.log(`round ${round + 1}/${rounds} ${name}: ready after ${format(ms)} ms, RSS ${format(memory.get(name)!.at(-1)!)} MiB`);
      }
    }
    console.log(`idle with ${ENDPOINTS} endpoints for ${IDLE_MS / 1000} s …`);
    idlePercent = await idle(lab, world);
  } finally {
    await lab.close();
  }
  report(times, memory, idlePercent, rounds, values.out ?? RESULTS);
}

function report(times: Map<string, number[]>, memory: Map<string, number[]>, idlePercent: number, rounds: number, folder: string): void {
  const machine = describeMachine();
  const text = ({ median, min, max }: Summary): string => `${format(median)} (${format(min)}–${format(max)})`;
  const rows = CASES.map(([name]) => [name, text(summarize(times.get(name)!)), text(summarize(memory.get(name)!))]);
  const medians = CASES.map(([name]) => summarize(memory.get(name)!).median);
  const more = medians[1]! - medians[0]!;
  const markdown = `# Start and rest

\`npm run bench -- startup\`: ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}. ${rounds} rounds; median (lowest–highest).

${table([["", "exec to ready, ms", "RSS, MiB"], ...rows])}

10,000 ports take ${format(more)} MiB more than one: ${format((more * 1024) / 9999)} KiB a port.
Idle with ${ENDPOINTS} endpoints: ${format(idlePercent)} % of a core over ${IDLE_MS / 1000} s.
`;
  fs.mkdirSync(folder, { recursive: true });
  const json = { machine, times: Object.fromEntries(times), rssMiB: Object.fromEntries(memory), idlePercent };
  fs.writeFileSync(path.join(folder, "startup.json"), `${JSON.stringify(json, null, 1)}\n`);
  fs.writeFileSync(path.join(folder, "startup.md"), markdown);
  console.log(markdown);
}
