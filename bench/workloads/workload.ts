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
  /** Left out of `--quick`. */
  slow?: boolean;
  metrics: readonly Metric[];
  /** Values by metric name; what could not be had is missing. `curve`: percentile to microseconds. */
  run(context: Context): Promise<{ values: Record<string, number>; curve?: [percentile: number, us: number][] }>;
  /** Seconds of traffic, for the estimate of what remains. */
  cost(seconds: number): number;
}

export const EVERYWHERE: readonly Scenario[] = ["publish", "publish6", "nat64", "bridge", "masquerade"];
/** What takes longer is left out of the last. */
export const MOST: readonly Scenario[] = EVERYWHERE.filter((scenario) => scenario !== "masquerade");
