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
 * Two seconds of traffic that are not measured, bulk and new connections: caches, neighbours, and the JIT of who has one. Some peers refuse
 * their first connection.
 */
export async function warmUp(context: Context): Promise<void> {
  const once = { ...context, seconds: 1 };
  const [bulk, connections] = ["bulk-in", "connections"].map((wanted) => WORKLOADS.find(({ name }) => name === wanted)!);
  await bulk!.run(once).catch(() => bulk!.run(once));
  await connections!.run(once);
}

export function metricsOf(workloads: readonly Workload[]): Metric[] {
  return [...workloads.flatMap(({ metrics }) => metrics), ...MEMORY];
}
