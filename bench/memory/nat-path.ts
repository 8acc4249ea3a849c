/**
 * One process a case, so that the JIT has seen nothing else: `node nat-path.js FLOWS FRAME_BYTES SECONDS [stages]`. Prints one line of JSON.
 * `stages`: the path cut off after each stage in turn; the differences are what each stage costs.
 */
import type { Batch } from "../../src/mem/batch.js";
import type { State } from "../../src/dataplane/state.js";
import { shipped } from "../paths.js";
import { time } from "./timing.js";
import { checkTranslated, makeState, ResidentIo } from "./traffic.js";

const { Engine } = await shipped<typeof import("../../src/engine/engine.js")>("engine/engine.js");
const { createCounters } = await shipped<typeof import("../../src/engine/counters.js")>("engine/counters.js");

const [flows = 1000, len = 64, seconds = 1] = process.argv.slice(2, 5).map(Number);
const io = new ResidentIo(flows, len);
const state = makeState(flows);
const engine = new Engine(io, io.memory, state, createCounters(), { portGone: () => {}, forget: () => {} });
const { slots } = io.memory;

if (process.argv[5] !== "stages") {
  const harness = time("harness", slots, () => io.receive(), seconds / 2);
  const turn = time("turn", slots, () => engine.turn(0, 0), seconds);
  checkTranslated(io);
  console.log(JSON.stringify({ ns: turn.ns, harness: harness.ns, rme: turn.rme }));
} else {
  type Stage = [name: string, run: (b: Batch, state: State) => void];
  const load = async (file: string, name: string): Promise<Stage> => [file, (await shipped<Record<string, Stage[1]>>(`dataplane/${file}.js`))[name]!];
  const { parse } = await shipped<typeof import("../../src/dataplane/parse.js")>("dataplane/parse.js");
  const stages: Stage[] = [["parse", (b, s) => parse(b, s.ports.kind)]];
  for (const [file, name] of [
    ["flow-lookup", "flowLookup"],
    ["icmp-error", "icmpError"],
    ["admit", "admit"],
    ["ttl", "ttl"],
    ["track", "track"],
    ["rewrite", "rewrite"],
    ["l2-out", "l2Out"],
  ] as const)
    stages.push(await load(file, name));
  const { batch } = engine;
  engine.turn(0, 0); // fills the columns that stay the same
  let before = time("receive", slots, () => io.receive(), seconds).ns;
  const costs: Record<string, number> = { "(harness)": before };
  for (let n = 1; n <= stages.length; n++) {
    const upTo = stages.slice(0, n).map(([, run]) => run);
    const { ns } = time(
      stages[n - 1]![0],
      slots,
      () => {
        io.receive();
        for (const run of upTo) run(batch, state);
      },
      seconds,
    );
    costs[stages[n - 1]![0]] = ns - before;
    before = ns;
  }
  const whole = time("turn", slots, () => engine.turn(0, 0), seconds).ns;
  checkTranslated(io);
  costs["engine (take, emit, expire)"] = whole - before;
  console.log(JSON.stringify(costs));
}
