/**
 * One process a case, so that the JIT has seen nothing else: `node nat-path.js FLOWS FRAME_BYTES SECONDS [PATH COUNT]`. Prints one line of JSON,
 * nanoseconds a packet. Without PATH: the engine's whole turn. PATH `fast` or `single`: the first COUNT stages alone, in the order in which the
 * engine runs them: with established flows in one pass, or stage by stage as packets go that this pass leaves. Last a name of TRAFFIC; default: ipv4.
 */
import { admit } from "../../src/dataplane/admit.js";
import { establishedFlows } from "../../src/dataplane/established.js";
import { flowLookup } from "../../src/dataplane/flow-lookup.js";
import { icmpError } from "../../src/dataplane/icmp-error.js";
import { l2Out } from "../../src/dataplane/l2-out.js";
import { parser } from "../../src/dataplane/parse.js";
import { rewrite } from "../../src/dataplane/rewrite.js";
import type { State } from "../../src/dataplane/state.js";
import { track } from "../../src/dataplane/track.js";
import { ttl } from "../../src/dataplane/ttl.js";
import { createCounters } from "../../src/engine/counters.js";
import { Engine } from "../../src/engine/engine.js";
import { useHugePages } from "../../src/engine/huge-pages.js";
import { tuneJit } from "../../src/engine/jit.js";
import { Batch, UNDECIDED } from "../../src/mem/batch.js";
import { PacketMemory, SLOTS } from "../../src/mem/packet-memory.js";
import { native } from "../../src/sys/native.js";
import { STAGES, type Stage, type StagePath } from "./stages.js";
import { time } from "./timing.js";
import { checkTranslated, fill, makeState, ResidentIo, TRAFFIC, type Traffic } from "./traffic.js";

const MAKE: Record<Stage, (b: Batch, s: State) => () => void> = {
  established: establishedFlows,
  parse: (b, s) => parser(b, s),
  "flow-lookup": (b, s) => () => flowLookup(b, s),
  "icmp-error": (b, s) => () => icmpError(b, s),
  admit: (b, s) => () => admit(b, s),
  ttl: (b, s) => () => ttl(b, s),
  track: (b, s) => () => track(b, s),
  rewrite: (b, s) => () => rewrite(b, s),
  "l2-out": (b, s) => () => l2Out(b, s),
};

const args = process.argv.slice(2);
const traffic: Traffic = args.at(-1)! in TRAFFIC ? (args.pop() as Traffic) : "ipv4";
const [flowCount = "1000", frameLength = "64", secondsText = "1", path, count] = args;
// One by one: an array of numbers with a fraction among them would make doubles of all, and what is computed with them slower.
const flows = Number.parseInt(flowCount, 10);
const len = Number.parseInt(frameLength, 10);
const seconds = Number(secondsText);
// As a worker does it.
tuneJit();
const allocate = (size: number): ArrayBuffer => native.allocate(size);
const memory = new PacketMemory(SLOTS, allocate);
const state = makeState(Math.max(flows, 1024), allocate);
useHugePages(memory, state);
fill(state, flows, traffic);
const io = new ResidentIo(memory, flows, len, traffic);
const { slots } = memory;
const harness = time("harness", slots, () => io.receive(), seconds / 2).ns;
const operation = path === undefined ? wholeTurn() : firstStages(STAGES[path as StagePath].slice(0, Number(count)));
const ns = time("path", slots, operation, seconds).ns;
if (path === undefined) checkTranslated(io);
console.log(JSON.stringify({ ns, harness }));

function wholeTurn(): () => void {
  const engine = new Engine(io, memory, state, createCounters(), {
    portGone: () => {},
    forget: () => {},
    record: () => {},
    settle: () => false,
    withhold: () => {},
    tick: () => {},
    unsee: () => {},
    carriedAck: () => 0,
    carriedPackets: () => 0,
  });
  return () => engine.turn(0, 0);
}

/** Without an engine: a stage made for a second batch would be compiled for both and so be slower. */
function firstStages(names: readonly Stage[]): () => void {
  const batch = new Batch(memory);
  batch.count = slots;
  batch.len.fill(len);
  const stages = names.map((name) => MAKE[name](batch, state));
  return () => {
    io.receive();
    batch.egress.fill(UNDECIDED);
    for (const stage of stages) stage();
  };
}
