/** From results in memory to the page in Markdown and the chart. */
import fs from "node:fs";
import path from "node:path";
import { type Provenance, provenance, table, wrap } from "../page.js";
import { quiet } from "../report.js";
import { format, summarize } from "../stats.js";
import { barChart } from "../svg.js";

export interface MemoryResults extends Provenance {
  rounds: number;
  /** Share of the processors in use by others before each round. */
  load: number[];
  /** Nanoseconds by case, one a round. */
  js: Record<string, number[]>;
  /** The same in C, where there is such a program. */
  c: Record<string, number[]>;
  /** Nanoseconds by number of flows, then by stage. */
  stages: Record<string, Record<string, number>>;
  /** Packets/s of two workers by those of one; in C of two processes. One a round. */
  twoWorkers: { js: number[]; c: number[] };
  workerFlows: number;
  /** Of a conntrack entry. */
  bytesPerEntry: number;
}

/** Writes `memory.md` and `nat-path.svg`; answers the Markdown. */
export function renderMemory(results: MemoryResults, folder: string): string {
  const text = markdown(results);
  fs.writeFileSync(path.join(folder, "memory.md"), text);
  fs.writeFileSync(path.join(folder, "nat-path.svg"), chart(results));
  return text;
}

function markdown(results: MemoryResults): string {
  const { rounds, load, js, c, stages, twoWorkers, workerFlows, bytesPerEntry } = results;
  const rows = Object.entries(js).map(([name, values]) => {
    const mine = summarize(values);
    const theirs = summarize(c[name] ?? []);
    const figures = [mine.median, mine.min, mine.max, theirs.median, theirs.min, theirs.max, theirs.median / mine.median];
    return [name, ...figures.map(format)];
  });
  const flows = Object.keys(stages).sort((a, b) => Number(a) - Number(b));
  const names = Object.keys(stages[flows[0]!] ?? {});
  return `${[
    "# In memory",
    ...provenance(results, {}),
    wrap(`Rounds: ${rounds}, a process a case and round. ${quiet({ load: load })}`),
    "## NAT path, and tables",
    wrap(
      "Nanoseconds a packet, or a change of a table. One thread, batches of 32 frames, half of them answers; setting the frames up is taken off. A frame of IPv6 is 20 bytes longer than said. C: `bench/native/nat-path.c`, gcc -O2. ÷ C: tsproxy's speed divided by that of C.",
    ),
    table([["", "ns", "lowest", "highest", "C, ns", "lowest", "highest", "÷ C"], ...rows]),
    "![NAT path in memory](nat-path.svg)",
    "## Stages",
    "Nanoseconds a packet of 64 bytes.",
    table([
      ["stage", ...flows.map((count) => `${Number(count).toLocaleString("en")} flows`)],
      ...names.map((name) => [name, ...flows.map((count) => format(stages[count]![name]!))]),
    ]),
    "## Memory and workers",
    [
      `- A conntrack entry takes ${format(bytesPerEntry)} bytes, all counted.`,
      `- Two workers move ${format(summarize(twoWorkers.js).median)} times what one moves (${workerFlows.toLocaleString("en")} flows each).`,
      `- Two processes in C move ${format(summarize(twoWorkers.c).median)} times what one moves.`,
    ].join("\n"),
  ].join("\n\n")}\n`;
}

function chart({ js, c }: MemoryResults): string {
  const bars = Object.entries(js)
    .filter(([name]) => name.endsWith(" 64 bytes"))
    .flatMap(([name, values]) => {
      const [mine, theirs] = [summarize(values), summarize(c[name] ?? [])];
      const label = name.replace(", 64 bytes", "");
      return [
        { label: `${label}, tsproxy`, value: mine.median, min: mine.min, max: mine.max, own: true },
        ...(theirs.count === 0 ? [] : [{ label: `${label}, C`, value: theirs.median, min: theirs.min, max: theirs.max }]),
      ];
    });
  return barChart("NAT path in memory (ns a packet of 64 bytes, lower is better)", bars, format);
}
