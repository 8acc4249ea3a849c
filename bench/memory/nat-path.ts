/**
 * One process a case, so that the JIT has seen nothing else: `node nat-path.js FLOWS FRAME_BYTES SECONDS [PATH COUNT]`. Prints one line of JSON,
 * nanoseconds a packet. Without PATH: the engine's whole turn. PATH `fast` or `single`: the first COUNT stages alone, in the order in which the
 * engine runs them: with established flows in one pass, or stage by stage as packets go that this pass leaves.
 */
import type { State } from "../../src/dataplane/state.js";
import type { Batch } from "../../src/mem/batch.js";
import { shipped } from "../paths.js";
import { STAGES, type StagePath } from "./stages.js";
import { time } from "./timing.js";
import { checkTranslated, makeState, ResidentIo } from "./traffic.js";

const { allowInlining } = await shipped<typeof import("../../src/engine/jit.js")>("engine/jit.js");
allowInlining(); // as a worker does
const [flows = 1000, len = 64, seconds = 1] = process.argv.slice(2, 5).map(Number);
const [path, count] = process.argv.slice(5);
const io = new ResidentIo(flows, len);
const state = makeState(flows);
const { slots } = io.memory;
const harness = time("harness", slots, () => io.receive(), seconds / 2).ns;
const operation = path === undefined ? await wholeTurn() : await firstStages(STAGES[path as StagePath].slice(0, Number(count)));
const ns = time("path", slots, operation, seconds).ns;
if (path === undefined) checkTranslated(io);
console.log(JSON.stringify({ ns, harness }));

async function wholeTurn(): Promise<() => void> {
  const { Engine } = await shipped<typeof import("../../src/engine/engine.js")>("engine/engine.js");
  const { createCounters } = await shipped<typeof import("../../src/engine/counters.js")>("engine/counters.js");
  const engine = new Engine(io, io.memory, state, createCounters(), {
    portGone: () => {},
    forget: () => {},

    settle: () => false,
  });
  return () => engine.turn(0, 0);
}

/** Without an engine: a stage made for a second batch would be compiled for both and so be slower. */
async function firstStages(names: readonly string[]): Promise<() => void> {
  const { Batch: BatchClass, UNDECIDED } = await shipped<typeof import("../../src/mem/batch.js")>("mem/batch.js");
  const batch = new BatchClass(io.memory);
  batch.count = slots;
  batch.len.fill(len);
  const stages: (() => void)[] = [];
  for (const name of names) stages.push(await makeStage(name, batch));
  return () => {
    io.receive();
    batch.egress.fill(UNDECIDED);
    for (const stage of stages) stage();
  };
}

async function makeStage(name: string, batch: Batch): Promise<() => void> {
  if (name === "parse") {
    const { parser } = await shipped<typeof import("../../src/dataplane/parse.js")>("dataplane/parse.js");
    return parser(batch, state.ports.kind);
  }
  if (name === "established") {
    const { establishedFlows } = await shipped<typeof import("../../src/dataplane/established.js")>("dataplane/established.js");
    return establishedFlows(batch, state);
  }
  // The others are functions of batch and state, named after their file.
  const module = await shipped<Record<string, (b: Batch, s: State) => void>>(`dataplane/${name}.js`);
  const stage = module[name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())]!;
  return () => stage(batch, state);
}
