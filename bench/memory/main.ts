/** `npm run bench -- memory`: the NAT path without I/O in JavaScript and in C, by number of flows and size of frames; tables; stages. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { folderOf } from "../end-to-end.js";
import { awaitQuiet, describeMachine, QUIET } from "../machine.js";
import { positive } from "../options.js";
import { bundled, native } from "../paths.js";
import { Progress } from "../progress.js";
import { writeJson } from "../results.js";
import { format } from "../stats.js";
import { type MemoryResults, renderMemory } from "./report.js";
import { STAGES } from "./stages.js";
import type { Traffic } from "./traffic.js";

const FLOWS = [1, 1_000, 10_000, 100_000, 1_000_000],
  SIZES = [64, 1500];
const STAGE_FLOWS = [1_000, 1_000_000];
const WORKER_FLOWS = 10_000;
/** Compared with IPv4's time for as many flows and as long a payload. */
const IPV6_FLOWS = 10_000;
const IPV6_TRAFFIC: Partial<Record<Traffic, string>> = {
  ipv6: "IPv6",
  nat64: "IPv6 client, IPv4 target",
  nat46: "IPv4 client, IPv6 target",
};
/** By the addon, for encrypted networks. */
const SEALED_BYTES = 1400,
  SEALING = ["seal", "open"].flatMap((what) => [[what, "aes", "AES-256-GCM"] as const, [what, "chacha", "ChaCha20-Poly1305"] as const]);
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
  const rounds = positive("--rounds", values.rounds, values.quick ? 3 : 5);
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
  for (const [traffic, name] of Object.entries(IPV6_TRAFFIC))
    cases.push({
      name: `${IPV6_FLOWS.toLocaleString("en")} flows, ${name}, ${SIZES[0]} bytes`,
      js: [bundled("nat-path"), String(IPV6_FLOWS), String(SIZES[0]), seconds, traffic],
    });
  const seal = fileURLToPath(new URL("seal.js", import.meta.url));
  for (const [what, cipher, name] of SEALING)
    cases.push({
      name: `${what} a frame of ${SEALED_BYTES.toLocaleString("en")} bytes, ${name}`,
      js: [seal, what, cipher, String(SEALED_BYTES), seconds],
    });
  cases.push({ name: "take and give a port, 99 % in use", js: [bundled("tables"), "ports"] });
  const js: Record<string, number[]> = Object.fromEntries(cases.map(({ name }) => [name, []]));
  const c: Record<string, number[]> = Object.fromEntries(cases.flatMap(({ name, c }) => (c === undefined ? [] : [[name, []]])));
  const progress = new Progress(rounds * cases.length);
  const load: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    load.push(await awaitQuiet(values.quick ? 3_000 : 30_000));
    if (load.at(-1)! > QUIET)
      progress.note(`round ${round}: the machine is busy with something else: the figures of this round are doubtful`);
    for (const { name, js: jsArgs, c: cArgs } of cases) {
      progress.show(`round ${round}/${rounds} ${name}`);
      const mine = net(run(process.execPath, jsArgs));
      js[name]!.push(mine);
      const theirs = cArgs === undefined ? Number.NaN : net(run(native("nat-path"), cArgs));
      c[name]?.push(theirs);
      progress.done(1);
      progress.show(`round ${round}/${rounds} ${name}: ${format(mine)} ns, C ${format(theirs)} ns\n`);
    }
  }
  progress.end();
  const stages = Object.fromEntries(STAGE_FLOWS.map((flows) => [flows, stageCosts(flows, seconds)]));
  const twoWorkers = { js: [] as number[], c: [] as number[] };
  const workers = fileURLToPath(new URL("workers.js", import.meta.url));
  for (let round = 1; round <= rounds; round++)
    for (const kind of ["js", "c"] as const) {
      const [one = Number.NaN, two = Number.NaN] = ["1", "2"].map(
        (count) => run(process.execPath, [workers, kind, count, String(WORKER_FLOWS), seconds]).rate,
      );
      twoWorkers[kind].push(two / one);
    }
  const bytesPerEntry = run(process.execPath, [bundled("tables"), "bytes", String(1 << 18)]).bytes ?? Number.NaN;
  const provenance = {
    date: new Date().toISOString(),
    command: ["npm run bench -- memory", ...argv].join(" "),
    machine: describeMachine(),
  };
  const results: MemoryResults = { ...provenance, rounds, load, js, c, stages, twoWorkers, workerFlows: WORKER_FLOWS, bytesPerEntry };
  const folder = folderOf({ out: values.out, quick: values.quick });
  writeJson(path.join(folder, "memory.json"), results);
  console.log(renderMemory(results, folder));
}
