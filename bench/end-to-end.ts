/** The end-to-end benchmark: rounds, in each round every peer, in each peer every workload. */
import fs from "node:fs";
import path from "node:path";
import { setCongestion } from "../test/support/topology.js";
import { cpuMeter, memoryOf } from "./cpu.js";
import { awaitQuiet, describeMachine, QUIET } from "./machine.js";
import type { Options } from "./options.js";
import { DISTURBED, Undisturbed } from "./others.js";
import { RESULTS } from "./paths.js";
import type { Peer } from "./peers/peer.js";
import { Progress } from "./progress.js";
import { writeReport } from "./report.js";
import type { Cell, Results } from "./results.js";
import { format } from "./stats.js";
import { type Scenario, Session } from "./topology.js";
import { measureUsual, UNUSUAL, usualOf } from "./usual.js";
import { metricsOf, warmUp } from "./workloads/all.js";
import { secondsOf, type Workload } from "./workloads/workload.js";

/** How long a round waits for a quiet machine. */
const PATIENCE_MS = 30_000,
  QUICK_PATIENCE_MS = 3_000;
/** Set-up, warm-up and tear-down of a peer's run. */
const OVERHEAD_SEC = 4;

export async function endToEnd(options: Options): Promise<void> {
  const results = await runRounds(options);
  const folder = folderOf(options);
  console.log(writeReport(results, folder));
}

/** Makes the folder that results go to. */
export function folderOf({ out, quick }: Pick<Options, "out" | "quick">): string {
  const folder = out ?? path.join(RESULTS, quick ? "tmp" : "");
  fs.mkdirSync(folder, { recursive: true });
  return folder;
}

/** Measures, and tells on standard output how far it is. */
export async function runRounds(options: Options): Promise<Results> {
  const skipped: Record<string, string> = {};
  const peers = options.peers.filter((peer) => {
    const why = peer.missing();
    if (why !== undefined) skipped[peer.name] = why;
    return why === undefined;
  });
  const machine = describeMachine();
  const results: Results = {
    date: new Date().toISOString(),
    command: `npm run bench -- ${process.argv.slice(2).join(" ")}`.replace(/ -- $/, ""),
    machine,
    rounds: options.rounds,
    seconds: options.seconds,
    lasting: lastingOf(options),
    congestion: options.congestion,
    peers: peers.map(({ name, title, mover, version }) => ({ name, title, mover, version: version() })),
    skipped,
    metrics: metricsOf(options.workloads),
    load: [],
    watched: true,
    unusual: UNUSUAL,
    cells: [],
    setups: {},
    traffic: {},
  };
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}`);
  for (const [tool, version] of Object.entries(machine.tools)) console.log(`  ${tool} ${version}`);
  for (const { name, version, mover } of results.peers) console.log(`  ${name} ${version} (moved by: ${mover})`);
  for (const [name, why] of Object.entries(skipped)) console.log(`  ${name}: left out, ${why}`);

  const plan = options.scenarios.flatMap((scenario) =>
    peers.filter((peer) => peer.scenarios.includes(scenario)).map((peer) => ({ scenario, peer })),
  );
  const costOf = ({ scenario, peer }: { scenario: Scenario; peer: Peer }): number =>
    OVERHEAD_SEC +
    workloadsOf(options, scenario, peer).reduce((sum, workload) => sum + workload.cost(secondsOf(workload, options.seconds)), 0);
  const progress = new Progress(options.rounds * plan.reduce((sum, item) => sum + costOf(item), 0));
  for (let round = 1; round <= options.rounds; round++) {
    const patience = options.quick ? QUICK_PATIENCE_MS : PATIENCE_MS;
    const load = await awaitQuiet(patience);
    const undisturbed = new Undisturbed(patience);
    results.load.push(load);
    if (load > QUIET)
      progress.note(
        `round ${round}: ${Math.round(100 * load)} % of the processors are busy with something else: the figures of this round are doubtful`,
      );
    for (const item of orderOf(plan, round - 1)) {
      const label = `round ${round}/${options.rounds} ${item.scenario} ${item.peer.name}`;
      const show = (text: string): void => progress.show(`${label}: ${text}`);
      results.cells.push(await measure(item.peer, item.scenario, round, options, results, undisturbed, show));
      progress.done(costOf(item));
    }
  }
  progress.end();
  return results;
}

/**
 * The items in the order of a round, counted from 0. Each round begins with another one, and in as many rounds as there are numbers without a common
 * divisor with that of the items, nobody follows the same one twice: what one leaves behind for a moment is not always the same one's burden.
 */
export function orderOf<T>(items: readonly T[], round: number): T[] {
  const count = items.length;
  const strides = items.map((_, k) => k + 1).filter((stride) => divisor(stride, count) === 1);
  const stride = strides[round % strides.length] ?? 1;
  return items.map((_, k) => items[(round + k * stride) % count]!);
}

/** The greatest common one. */
function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b);
}

/** Workloads that take longer than the others. */
function lastingOf({ workloads, seconds }: Options): Record<string, number> {
  const longer = workloads.filter((workload) => secondsOf(workload, seconds) > seconds);
  return Object.fromEntries(longer.map((workload) => [workload.name, secondsOf(workload, seconds)]));
}

function workloadsOf(options: Options, scenario: Scenario, peer: Peer): Workload[] {
  return options.workloads.filter((w) => w.scenarios.includes(scenario) && (w.udp === undefined || peer.udp !== false));
}

/** One peer's run in one round. What fails is noted and leaves a gap. */
async function measure(
  peer: Peer,
  scenario: Scenario,
  round: number,
  options: Options,
  results: Results,
  undisturbed: Undisturbed,
  show: (text: string) => void,
): Promise<Cell> {
  const cell: Cell = { peer: peer.name, scenario, round, values: {}, failures: {} };
  const earlier = results.cells.filter((other) => other.peer === peer.name && other.scenario === scenario).map(({ values }) => values);
  const attempt = async (what: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      cell.failures[what] = (error as Error).message;
      show(`${what} FAILED: ${(error as Error).message.split("\n", 1)[0]}\n`);
    }
  };
  const containers = typeof peer.containers === "function" ? peer.containers(scenario) : peer.containers;
  await attempt("run", async () => {
    show("set-up");
    const session = await (peer.open?.() ?? Session.open(scenario, containers));
    try {
      const started = await peer.start(session);
      setCongestion(session.world, options.congestion);
      results.setups[`${peer.name} ${scenario}`] ??= session.commands;
      const context = { session, seconds: options.seconds, meter: () => cpuMeter(started.movers) };
      await attempt("warm-up", async () => {
        const failed = await warmUp(context);
        if (failed !== undefined) cell.remarks = { "warm-up": failed };
      });
      for (const workload of workloadsOf(options, scenario, peer)) {
        await attempt(workload.name, async () => {
          show(workload.name);
          const seconds = secondsOf(workload, options.seconds);
          const once = () => undisturbed.run(() => workload.run({ ...context, seconds }));
          const first = workload.metrics[0]!;
          const { run, tries } = await measureUsual(once, usualOf(workload.telling ?? [first.name], earlier), first.name);
          const { result, others } = run;
          const { values, curve, remark: errors } = result;
          if (tries.length > 1) cell.again = { ...cell.again, [workload.name]: tries };
          Object.assign(cell.values, values);
          if (curve !== undefined) cell.curve = curve;
          if (errors !== undefined) cell.remarks = { ...cell.remarks, [workload.name]: errors };
          if (others > DISTURBED) cell.disturbed = { ...cell.disturbed, [workload.name]: others };
          const remark = others > DISTURBED ? `, while others had ${Math.round(100 * others)} % of the processors` : "";
          show(`${workload.name} ${format(values[first.name] ?? Number.NaN)} ${first.unit}${remark}\n`);
        });
      }
      if (started.observe !== undefined) cell.mover = await started.observe();
      if (started.movers.length > 0) Object.assign(cell.values, memoryOf(started.movers));
      results.traffic[scenario] ??= session.traffic.filter((line) => !/udp send \S+ \d+ \d+ [1-9]/.test(line));
      await attempt("stop", () => started.stop());
    } finally {
      await session.close();
    }
  });
  return cell;
}
