/**
 * One process a case, so that the JIT has seen nothing else: `node nat-path.js FLOWS FRAME_BYTES SECONDS [stages]`. Prints one line of JSON.
 * `stages`: the path cut off after each stage in turn; the differences are what each stage costs. First as the engine runs it, with
 * established flows in one pass, then stage by stage as packets go that this pass leaves.
 */
import type { Batch } from "../../src/mem/batch.js";
import type { State } from "../../src/dataplane/state.js";
import { shipped } from "../paths.js";
import { time } from "./timing.js";
import { checkTranslated, makeState, ResidentIo } from "./traffic.js";

type Stage = [name: string, run: () => void];

const { Engine } = await shipped<typeof import("../../src/engine/engine.js")>("engine/engine.js");
const { createCounters } = await shipped<typeof import("../../src/engine/counters.js")>("engine/counters.js");

const [flows = 1000, len = 64, seconds = 1] = process.argv.slice(2, 5).map(Number);
const io = new ResidentIo(flows, len);
const state = makeState(flows);
const engine = new Engine(io, io.memory, state, createCounters(), { portGone: () => {}, forget: () => {} });
const { slots } = io.memory;

/** A stage that is a function of batch and state. */
async function stage(file: string, name: string): Promise<Stage> {
  const run = (await shipped<Record<string, (b: Batch, s: State) => void>>(`dataplane/${file}.js`))[name]!;
  return [file, () => run(engine.batch, state)];
}

/** Costs of the stages, in nanoseconds a packet. */
function costs(stages: readonly Stage[], harness: number): Record<string, number> {
  const answer: Record<string, number> = {};
  let before = harness;
  stages.forEach(([name], n) => {
    const upTo = stages.slice(0, n + 1).map(([, run]) => run);
    const operation = (): void => {
      io.receive();
      for (const run of upTo) run();
    };
    const { ns } = time(name, slots, operation, seconds);
    answer[name] = ns - before;
    before = ns;
  });
  return answer;
}

async function measureStages(): Promise<Record<string, number>> {
  const { parser } = await shipped<typeof import("../../src/dataplane/parse.js")>("dataplane/parse.js");
  const { establishedFlows } = await shipped<typeof import("../../src/dataplane/established.js")>("dataplane/established.js");
  engine.turn(0, 0); // fills the columns that stay the same
  const parse: Stage = ["parse", parser(engine.batch, state.ports.kind)];
  const whole = time("turn", slots, () => engine.turn(0, 0), seconds).ns;
  const harness = time("receive", slots, () => io.receive(), seconds).ns;
  const pass = costs([parse, ["established", establishedFlows(engine.batch, state)]], harness);
  const rest = whole - harness - Object.values(pass).reduce((sum, ns) => sum + ns, 0);
  const single: Stage[] = [parse];
  for (const [file, name] of [
    ["flow-lookup", "flowLookup"],
    ["icmp-error", "icmpError"],
    ["admit", "admit"],
    ["ttl", "ttl"],
    ["track", "track"],
    ["rewrite", "rewrite"],
    ["l2-out", "l2Out"],
  ] as const)
    single.push(await stage(file, name));
  const { parse: _, ...slow } = costs(single, harness);
  return { ...pass, "engine: take, emit, expire": rest, ...Object.fromEntries(Object.entries(slow).map(([name, ns]) => [`${name} (not established)`, ns])) };
}

if (process.argv[5] === "stages") {
  console.log(JSON.stringify(await measureStages()));
} else {
  const harness = time("harness", slots, () => io.receive(), seconds / 2).ns;
  const ns = time("turn", slots, () => engine.turn(0, 0), seconds).ns;
  checkTranslated(io);
  console.log(JSON.stringify({ ns, harness }));
}
