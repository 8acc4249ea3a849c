/** `npm run bench -- memory`: the NAT path without I/O in JavaScript and in C, by number of flows and size of frames; tables; stages. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { awaitQuiet, describeMachine, QUIET } from "../machine.js";
import { bundled, native, RESULTS } from "../paths.js";
import { Progress } from "../progress.js";
import { table } from "../report.js";
import { format, summarize } from "../stats.js";
import { barChart } from "../svg.js";
import { STAGES } from "./stages.js";

const FLOWS = [1, 1_000, 10_000, 100_000, 1_000_000],
  SIZES = [64, 1500];
const STAGE_FLOWS = [1_000, 1_000_000];
const WORKER_FLOWS = 10_000;
const TABLE_ENTRIES = 100_000,
  MILLION = 1_000_000;

interface Case {
  name: string;
  js: string[];
  c?: string[];
}

type Answer = Record<string, number>;

function run(program: string, args: string[]): Answer {
  return JSON.parse(execFileSync(program, args, { encoding: "utf8" })) as Answer;
}

/** Time of the path alone: what setting the frames up costs is taken off. */
function net({ ns = Number.NaN, harness = 0 }: Answer): number {
  return ns - harness;
}

/** What each stage adds, in nanoseconds a packet of 64 bytes. */
function stageCosts(flows: number, seconds: string): Answer {
  const measure = (...rest: string[]): number => net(run(process.execPath, [bundled("nat-path"), String(flows), "64", seconds, ...rest]));
  const costs: Answer = {};
  const whole = measure();
  let before = 0;
  STAGES.fast.forEach((name, i) => {
    const upTo = measure("fast", String(i + 1));
    costs[name] = upTo - before;
    before = upTo;
  });
  costs["engine: take, emit, expire"] = whole - before;
  before = costs[STAGES.single[0]] ?? 0;
  STAGES.single.forEach((name, i) => {
    if (i === 0) return;
    const upTo = measure("single", String(i + 1));
    costs[`${name} (not established)`] = upTo - before;
    before = upTo;
  });
  return costs;
}

export async function memory(argv: string[]): Promise<void> {
  const { values } = parseArgs({
    args: argv,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      out: { type: "string" },
    },
  });
  const rounds = Number(values.rounds ?? (values.quick ? 3 : 5));
  const seconds = values.seconds ?? (values.quick ? "0.5" : "2");
  const cases: Case[] = FLOWS.flatMap((flows) =>
    SIZES.map((size) => {
      const args = [String(flows), String(size), seconds];
      return { name: `${flows.toLocaleString("en")} flows, ${size} bytes`, js: [bundled("nat-path"), ...args], c: args };
    }),
  );
  for (const [name, count] of [
    ["insert", MILLION],
    ["expire", TABLE_ENTRIES],
  ] as const)
    cases.push({
      name: `${name} ${count.toLocaleString("en")} entries`,
      js: [bundled("tables"), name, String(count)],
      c: [String(count), "64", "1", name],
    });
  cases.push({ name: "take and give a port, 99 % in use", js: [bundled("tables"), "ports"] });
  const js = new Map<string, number[]>();
  const c = new Map<string, number[]>();
  const progress = new Progress(rounds * cases.length);
  const load: number[] = [];
  const keep = (map: Map<string, number[]>, name: string, value: number): void => {
    map.set(name, [...(map.get(name) ?? []), value]);
  };
  for (let round = 1; round <= rounds; round++) {
    load.push(await awaitQuiet(values.quick ? 3_000 : 30_000));
    if (load.at(-1)! > QUIET)
      progress.note(`round ${round}: the machine is busy with something else: the figures of this round are doubtful`);
    for (const { name, js: jsArgs, c: cArgs } of cases) {
      progress.show(`round ${round}/${rounds} ${name}`);
      keep(js, name, net(run(process.execPath, jsArgs)));
      if (cArgs !== undefined) keep(c, name, net(run(native("nat-path"), cArgs)));
      progress.done(1);
      progress.show(
        `round ${round}/${rounds} ${name}: ${format(js.get(name)!.at(-1)!)} ns, C ${format(c.get(name)?.at(-1) ?? Number.NaN)} ns\n`,
      );
    }
  }
  progress.end();
  const stages = Object.fromEntries(STAGE_FLOWS.map((flows) => [flows, stageCosts(flows, seconds)]));
  const scaling = { js: [] as number[], c: [] as number[] };
  const workers = fileURLToPath(new URL("workers.js", import.meta.url));
  for (let round = 1; round <= rounds; round++)
    for (const kind of ["js", "c"] as const) {
      const [one = Number.NaN, two = Number.NaN] = ["1", "2"].map(
        (count) => run(process.execPath, [workers, kind, count, String(WORKER_FLOWS), seconds]).rate,
      );
      scaling[kind].push(two / one);
    }
  const bytes = run(process.execPath, [bundled("tables"), "bytes", String(1 << 18)]).bytes ?? Number.NaN;
  write({ cases, js, c, stages, scaling, bytes, rounds, load }, values.out ?? path.join(RESULTS, values.quick ? "tmp" : ""));
}

interface Figures {
  cases: Case[];
  js: Map<string, number[]>;
  c: Map<string, number[]>;
  stages: Record<string, Answer>;
  /** Packets/s of two workers by those of one; in C of two processes. */
  scaling: { js: number[]; c: number[] };
  /** Of a conntrack entry. */
  bytes: number;
  rounds: number;
  load: number[];
}

function write({ cases, js, c, stages, scaling, bytes, rounds, load }: Figures, folder: string): void {
  const machine = describeMachine();
  const rows = cases.map(({ name }) => {
    const mine = summarize(js.get(name) ?? []);
    const theirs = summarize(c.get(name) ?? []);
    const spread = ({ median, min, max, count }: typeof mine): string =>
      count === 0 ? "–" : `${format(median)} (${format(min)}–${format(max)})`;
    return [name, spread(mine), format(1000 / mine.median), spread(theirs), theirs.count === 0 ? "–" : format(theirs.median / mine.median)];
  });
  const names = Object.keys(stages[STAGE_FLOWS[0]!] ?? {});
  const busy = load.filter((l) => l > QUIET).length;
  const markdown = `# In memory

\`npm run bench -- memory\`: ${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}. ${rounds} rounds, a process a case and round; median (lowest–highest).
${busy === 0 ? "The machine was quiet before every round." : `Before ${busy} of the rounds the machine was busy with something else.`}
One thread, batches of 32 frames, half of them answers; setting the frames up is taken off. In C: \`bench/native/nat-path.c\`, gcc -O2.

${table([["NAT path, and tables", "ns", "million/s", "C, ns", "speed against C"], ...rows])}

A conntrack entry takes ${format(bytes)} bytes, all counted. Two workers move ${format(summarize(scaling.js).median)} times what one moves (${WORKER_FLOWS.toLocaleString("en")} flows each), two processes in C ${format(summarize(scaling.c).median)} times.

${table([["stage, ns a packet of 64 bytes", ...STAGE_FLOWS.map((flows) => `${flows.toLocaleString("en")} flows`)], ...names.map((name) => [name, ...STAGE_FLOWS.map((flows) => format(stages[flows]![name]!))])])}
`;
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(
    path.join(folder, "memory.json"),
    `${JSON.stringify({ machine, rounds, load, js: Object.fromEntries(js), c: Object.fromEntries(c), stages, twoWorkers: scaling, bytesPerEntry: bytes }, null, 1)}\n`,
  );
  fs.writeFileSync(path.join(folder, "memory.md"), markdown);
  const bars = cases
    .filter(({ name }) => name.endsWith(" 64 bytes"))
    .flatMap(({ name }) => {
      const [mine, theirs] = [summarize(js.get(name)!), summarize(c.get(name)!)];
      const label = name.replace(", 64 bytes", "");
      return [
        { label: `${label}, tsproxy`, value: mine.median, min: mine.min, max: mine.max, own: true },
        { label: `${label}, C`, value: theirs.median, min: theirs.min, max: theirs.max },
      ];
    });
  fs.writeFileSync(
    path.join(folder, "nat-path.svg"),
    barChart("NAT path in memory (ns a packet of 64 bytes, lower is better)", bars, format),
  );
  console.log(markdown);
}
