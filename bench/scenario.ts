/** What benchmarks of one scenario with peers of its own have in common. */
import { parseArgs } from "node:util";
import { folderOf, runRounds } from "./end-to-end.js";
import { congestionOf, pick, positive } from "./options.js";
import type { Peer } from "./peers/peer.js";
import { writeReport } from "./report.js";
import type { Scenario } from "./topology.js";
import { WORKLOADS } from "./workloads/all.js";

/** Measures a scenario that has peers of its own; its results go into a folder of its name. Throws an Error with a sentence for who typed `argv`. */
export async function measureScenario(scenario: Scenario, all: readonly Peer[], argv: string[]): Promise<void> {
  const options = {
    quick: { type: "boolean", default: false },
    peers: { type: "string" },
    workloads: { type: "string" },
    rounds: { type: "string" },
    seconds: { type: "string" },
    congestion: { type: "string" },
    out: { type: "string" },
  } as const;
  const { quick, peers, workloads, rounds, seconds, congestion, out } = parseArgs({ args: argv, options }).values;
  const where = { quick, out: out ?? (quick ? undefined : `${folderOf({ quick, out })}/${scenario}`) };
  const results = await runRounds({
    ...where,
    peers: pick("--peers", peers, all, ({ name }) => name),
    workloads: pick(
      "--workloads",
      workloads,
      WORKLOADS.filter(({ slow }) => !quick || slow !== true),
      ({ name }) => name,
    ).map((workload) => ({ ...workload, scenarios: [scenario] })),
    scenarios: [scenario],
    rounds: positive("--rounds", rounds, quick ? 3 : 5),
    seconds: positive("--seconds", seconds, quick ? 1 : 3),
    congestion: congestionOf(congestion),
  });
  console.log(writeReport(results, folderOf(where)));
}
