/** What is measured. Each workload drives one real program from one end to the other and answers numbers. */
import type { CpuUse } from "../cpu.js";
import type { Scenario, Session } from "../topology.js";

export interface Metric {
  /** As in results and tables. */
  name: string;
  title: string;
  unit: string;
  better: "higher" | "lower";
}

export interface Context {
  session: Session;
  seconds: number;
  /** Processor time since now, when called. */
  meter(): () => CpuUse;
}

export interface Workload {
  /** As in `--workloads`. */
  name: string;
  scenarios: readonly Scenario[];
  udp?: true;
  /** Seconds that it takes at least, whatever `--seconds` says; not when it warms up. */
  atLeast?: number;
  /** Left out of `--quick`. */
  slow?: boolean;
  metrics: readonly Metric[];
  /** Names of those that tell a round that is not as usual; the first one unless told otherwise. */
  telling?: readonly string[];
  run(context: Context): Promise<Outcome>;
  /** Seconds of traffic, for the estimate of what remains. */
  cost(seconds: number): number;
}

export interface Outcome {
  /** By metric name; what could not be had is missing. */
  values: Record<string, number>;
  /** Percentile to microseconds. */
  curve?: [percentile: number, us: number][];
  /** What a reader of the figures should know: errors that the generator of the traffic had. */
  remark?: string | undefined;
}

/** How long it measures. */
export function secondsOf({ atLeast = 0 }: Workload, seconds: number): number {
  return Math.max(seconds, atLeast);
}

export const EVERYWHERE: readonly Scenario[] = ["publish", "publish6", "nat64", "bridge", "masquerade"];
/** What takes longer is left out of the last. */
export const MOST: readonly Scenario[] = EVERYWHERE.filter((scenario) => scenario !== "masquerade");
