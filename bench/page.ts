/** Parts of the pages in Markdown: what was run where, and tables that can be read as plain text. */
import type { Machine } from "./machine.js";
import { format, summarize } from "./stats.js";

const WIDTH = 100;

/** Lines of at most `width` columns. */
export function wrap(text: string, width = WIDTH): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join("\n");
}

/** Of a list, whose further lines stand below the text of the first. */
export function item(text: string): string {
  return wrap(`- ${text}`, WIDTH - 2).replaceAll("\n", "\n  ");
}

export function fence(lines: readonly string[]): string {
  return ["```", ...lines, "```"].join("\n");
}

/** The first row is the head, the first column words, the others figures. Columns are aligned in the source too. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, i) => Math.max(3, ...rows.map((row) => [...(row[i] ?? "")].length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(" | ")} |`;
  const rule = widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(head), line(rule), ...body.map(line)].join("\n");
}

/** A table of words only. */
export function wordTable(rows: readonly (readonly string[])[]): string {
  const [head = [], ...body] = rows;
  const widths = head.map((_, i) => Math.max(3, ...rows.map((row) => [...(row[i] ?? "")].length)));
  const line = (cells: readonly string[]): string => `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

export interface Row {
  label: string;
  /** One a round. */
  values: readonly number[];
}

/** Something that rows are compared with. */
export interface Base {
  title: string;
  /** The row's median is divided by the median of these values; none: no ratio. */
  of(row: Row): readonly number[];
}

/** A line a row: median, lowest and highest round, and the ratio to each base. Rows without a value are left out. */
export function spreadTable(head: string, rows: readonly Row[], bases: readonly Base[] = []): string {
  const body = rows.flatMap((row) => {
    const { median, min, max, count } = summarize(row.values);
    const ratios = bases.map((base) => format(median / summarize(base.of(row)).median));
    return count === 0 ? [] : [[row.label, format(median), format(min), format(max), ...ratios]];
  });
  const named = bases.filter((_, i) => body.some((cells) => cells[4 + i] !== "–"));
  const kept = (cells: string[]): string[] => cells.filter((_, i) => i < 4 || named.includes(bases[i - 4]!));
  return table([[head, "median", "lowest", "highest", ...named.map(({ title }) => `÷ ${title}`)], ...body.map(kept)]);
}

export interface Provenance {
  command: string;
  /** ISO 8601. */
  date: string;
  machine: Machine;
}

/** The command, and where and when it ran. */
export function provenance({ command, date, machine }: Provenance, versions: Record<string, string> = machine.tools): string[] {
  const { cpu, cores, memoryGiB, kernel, node } = machine;
  const tools = Object.entries(versions).map(([tool, version]) => `${tool} ${version}`);
  const parts = [
    `${date.slice(0, 10)}, ${cpu}, ${cores} cores, ${memoryGiB} GiB, Linux ${kernel}, Node ${node.replace("v", "")}`,
    ...tools,
  ];
  const idle = machine.idle === undefined ? "" : ` Idle cores: ${machine.idle}.`;
  return [fence([command]), wrap(`${parts.join(", ")}.${idle}`)];
}

/** What a page tells of a run. */
export interface Run extends Pick<Provenance, "date" | "machine"> {
  rounds: number;
  seconds?: number;
  lasting?: Record<string, number>;
  congestion?: string;
}

/** "1 s (connections: 3 s)": how long a measurement takes. */
export function duration({ seconds, lasting = {} }: Pick<Run, "seconds" | "lasting">): string {
  const exceptions = Object.entries(lasting).map(([workload, time]) => `${workload}: ${time} s`);
  return `${seconds} s${exceptions.length === 0 ? "" : ` (${exceptions.join(", ")})`}`;
}

/** "2026-11-21, AMD EPYC, 2 cores, Linux 6.18, Node 20.20, TCP with cubic. Medians of 5 rounds of 1 s." */
export function describeRun(run: Run): string {
  const { machine, rounds, seconds, congestion } = run;
  const short = (version: string): string => version.replace(/^v?(\d+\.\d+).*/, "$1");
  const parts = [
    run.date.slice(0, 10),
    machine.cpu,
    `${machine.cores} cores`,
    `Linux ${short(machine.kernel)}`,
    `Node ${short(machine.node)}`,
  ];
  if (congestion !== undefined) parts.push(`TCP with ${congestion}`);
  const each = `${rounds === 1 ? "One round" : `Medians of ${rounds} interleaved rounds`}${seconds === undefined ? "" : ` of ${duration(run)}`}`;
  return `${parts.join(", ")}. ${each}.`;
}
