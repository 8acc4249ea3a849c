/** What a run of the benchmark leaves: the shape of its JSON, from which its page and charts can be made again (`npm run bench -- render`). */
import fs from "node:fs";
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
  /** By workload: errors that the generator of the traffic had. */
  remarks?: Record<string, string>;
  /** By workload that was measured again since it was not as usual (usual.ts): its first metric, of each time. */
  again?: Record<string, number[]>;
  /** By workload: share of the processors that others had meanwhile, where it was more than DISTURBED. */
  disturbed?: Record<string, number>;
}

export interface Results {
  date: string;
  command: string;
  machine: Machine;
  rounds: number;
  seconds: number;
  /** Seconds of the workloads that take longer, by name. Missing in results of before. */
  lasting?: Record<string, number>;
  /** Congestion control of TCP. */
  congestion: string;
  peers: PeerInfo[];
  skipped: Record<string, string>;
  metrics: Metric[];
  /** Share of the processors in use by others before each round. */
  load: number[];
  /** Others were looked for while something was measured, too (`Cell.disturbed`). Missing in results of before. */
  watched?: boolean;
  /** What differed by more than this factor from the median of the peer's earlier rounds was measured again. Missing in results of before. */
  unusual?: number;
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

/** More than any page shows. */
const DIGITS = 5;
/** What is longer is broken into its entries, a line each. */
const SHORT = 120;

/** JSON with a line an entry, down to `depth`: readable as a difference between two runs, and no longer than it need be. */
export function compact(value: unknown, depth: number, indent = ""): string {
  const text = JSON.stringify(value, (_, item) => (typeof item === "number" ? Number(item.toPrecision(DIGITS)) : item));
  if (depth === 0 || text.length <= SHORT || typeof value !== "object" || value === null) return text;
  const inner = `${indent} `;
  const entry = (item: unknown): string => compact(item, depth - 1, inner);
  if (Array.isArray(value)) return `[\n${value.map((item) => inner + entry(item)).join(",\n")}\n${indent}]`;
  const entries = Object.entries(value as object).filter(([, item]) => item !== undefined);
  return `{\n${entries.map(([key, item]) => `${inner}${JSON.stringify(key)}: ${entry(item)}`).join(",\n")}\n${indent}}`;
}

export function writeJson(file: string, value: unknown, depth = 2): void {
  fs.writeFileSync(file, `${compact(value, depth)}\n`);
}

export function readJson<T>(file: string): T {
  return JSON.parse(fs.readFileSync(file, "utf8")) as T;
}
