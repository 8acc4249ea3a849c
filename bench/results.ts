/** What a run of the benchmark leaves: the shape of its JSON. */
import type { Machine } from "./machine.js";
import type { Scenario } from "./topology.js";
import type { Metric } from "./workloads/workload.js";

export interface PeerInfo {
  name: string;
  title: string;
  /** Who moved the bytes. */
  mover: string;
  version: string;
}

export interface Cell {
  peer: string;
  scenario: Scenario;
  round: number;
  values: Record<string, number>;
  /** Who moved the bytes, where that was observed. */
  mover?: string;
  /** Round-trip time by percentile, µs. */
  curve?: [percentile: number, us: number][];
  failures: Record<string, string>;
}

export interface Results {
  date: string;
  command: string;
  machine: Machine;
  rounds: number;
  seconds: number;
  /** Congestion control of TCP. */
  congestion: string;
  peers: PeerInfo[];
  skipped: Record<string, string>;
  metrics: Metric[];
  /** Share of the processors in use by others before each round. */
  load: number[];
  cells: Cell[];
  /** By `peer scenario`: how it was set up. */
  setups: Record<string, string[]>;
  /** By scenario: what generated the traffic; of a search only the first step. */
  traffic: Record<string, string[]>;
}

/** Values of a metric, one a round. */
export function valuesOf(results: Results, scenario: Scenario, peer: string, metric: string): number[] {
  return results.cells
    .filter((cell) => cell.scenario === scenario && cell.peer === peer)
    .map((cell) => cell.values[metric] ?? Number.NaN)
    .filter(Number.isFinite);
}
