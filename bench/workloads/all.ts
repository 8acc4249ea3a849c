/** All workloads, in the order in which they run. */
import { bulkWorkloads } from "./bulk.js";
import { httpWorkloads } from "./http.js";
import { latencyWorkloads } from "./latency.js";
import { udpWorkloads } from "./udp.js";
import type { Context, Metric, Workload } from "./workload.js";

export const WORKLOADS: readonly Workload[] = [...bulkWorkloads, ...latencyWorkloads, ...httpWorkloads, ...udpWorkloads];

/** Taken after the workloads of a run, with all ports published. */
const MEMORY: readonly Metric[] = [
  { name: "rss", title: "memory, RSS", unit: "MiB", better: "lower" },
  { name: "pss", title: "memory, PSS", unit: "MiB", better: "lower" },
];

/**
 * Two seconds of traffic that are not measured, bulk and new connections: caches, neighbours, and the JIT of who has one. Answers what became of the
 * first connection if that failed, and the next one did not.
 */
export async function warmUp(context: Context): Promise<string | undefined> {
  const once = { ...context, seconds: 1 };
  const [bulk, connections] = ["bulk-in", "connections"].map((wanted) => WORKLOADS.find(({ name }) => name === wanted)!);
  const first = await bulk!.run(once).then(
    () => undefined,
    (error: Error) => `the first connection failed: ${error.message.split("\n", 1)[0]}`,
  );
  if (first !== undefined) await bulk!.run(once);
  await connections!.run(once);
  return first;
}

export function metricsOf(workloads: readonly Workload[]): Metric[] {
  return [...workloads.flatMap(({ metrics }) => metrics), ...MEMORY];
}
