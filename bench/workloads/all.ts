/** All workloads, in the order in which they run. */
import { bulkWorkloads } from "./bulk.js";
import { httpWorkloads } from "./http.js";
import { latency } from "./latency.js";
import { udpWorkloads } from "./udp.js";
import type { Metric, Workload } from "./workload.js";

export const WORKLOADS: readonly Workload[] = [...bulkWorkloads, latency, ...httpWorkloads, ...udpWorkloads];

/** Taken after the workloads of a run, with all ports published. */
export const MEMORY: readonly Metric[] = [
  { name: "rss", title: "memory, RSS", unit: "MiB", better: "lower" },
  { name: "pss", title: "memory, PSS", unit: "MiB", better: "lower" },
];

export function metricsOf(workloads: readonly Workload[]): Metric[] {
  return [...workloads.flatMap(({ metrics }) => metrics), ...MEMORY];
}
