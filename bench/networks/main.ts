/** `npm run bench -- networks`: programs in networks, many endpoints, names; beside Docker and Podman. */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { folderOf } from "../end-to-end.js";
import { describeMachine } from "../machine.js";
import { positive } from "../options.js";
import { fence, type Provenance, provenance, spreadTable, table, wrap } from "../page.js";
import { writeJson } from "../results.js";
import { format, summarize } from "../stats.js";
import { type EngineCosts, measureEngines } from "./engine-costs.js";
import { ENGINES } from "./engines.js";
import { dnsperfCommand, measureNames, type NameCosts, RATE, RESOLVERS } from "./names.js";
import { measureScale, type ScaleResults } from "./scale.js";

const PARTS = ["start", "scale", "names"];

export interface NetworkResults extends Provenance {
  rounds: number;
  many: number;
  seconds: number;
  skipped: Record<string, string>;
  engines: Record<string, EngineCosts>;
  scale: ScaleResults | null;
  names: Record<string, NameCosts>;
}

export async function networks(argv: string[]): Promise<void> {
  const options = {
    quick: { type: "boolean", default: false },
    rounds: { type: "string" },
    seconds: { type: "string" },
    many: { type: "string" },
    endpoints: { type: "string" },
    out: { type: "string" },
  } as const;
  const { values, positionals } = parseArgs({ args: argv, options, allowPositionals: true });
  const unknown = positionals.find((word) => !PARTS.includes(word));
  if (unknown !== undefined) throw new Error(`networks: there is no '${unknown}': ${PARTS.join(", ")}`);
  const { quick, out } = values;
  const rounds = positive("--rounds", values.rounds, quick ? 1 : 5);
  const seconds = positive("--seconds", values.seconds, quick ? 1 : 3);
  const many = positive("--many", values.many, quick ? 5 : 100);
  const endpoints = positive("--endpoints", values.endpoints, quick ? 50 : 1_000);
  const skipped: Record<string, string> = {};
  const possible = <T extends { name: string; obstacle(): string | undefined }>(kinds: readonly T[]): T[] =>
    kinds.filter(({ name, obstacle }) => {
      const why = obstacle();
      if (why !== undefined) skipped[name] = why;
      return why === undefined;
    });
  const wanted = (part: string): boolean => positionals.length === 0 || positionals.includes(part);
  const results: NetworkResults = {
    date: new Date().toISOString(),
    command: ["npm run bench -- networks", ...argv].join(" "),
    machine: describeMachine(),
    rounds,
    many,
    seconds,
    skipped,
    engines: wanted("start") ? await measureEngines(possible(ENGINES), { rounds, many }) : {},
    scale: wanted("scale") ? await measureScale({ endpoints, ports: 10 * endpoints, rounds, seconds, stopWith: 300 }) : null,
    names: wanted("names") ? await measureNames(possible(RESOLVERS), rounds, seconds) : {},
  };
  const folder = folderOf({ quick, out });
  writeJson(path.join(folder, "networks.json"), results);
  console.log(renderNetworks(results, folder));
}

/** Writes `networks.md`; answers it. */
export function renderNetworks(results: NetworkResults, folder: string): string {
  const { engines, scale, names, rounds, skipped } = results;
  const versions = Object.fromEntries([...Object.entries(engines), ...Object.entries(names)].map(([name, { version }]) => [name, version]));
  const markdown = `${[
    "# Networks",
    ...provenance(results, versions),
    `Rounds: ${rounds}, each with everybody.`,
    ...Object.entries(skipped).map(([name, why]) => `Left out: ${name} (${why}).`),
    ...(Object.keys(engines).length > 0 ? enginePage(results) : []),
    ...(scale === null ? [] : scalePage(scale)),
    ...(Object.keys(names).length > 0 ? namesPage(results) : []),
  ].join("\n\n")}\n`;
  fs.writeFileSync(path.join(folder, "networks.md"), markdown);
  return markdown;
}

function enginePage({ engines, many }: NetworkResults): string[] {
  const rows = (pick: (costs: EngineCosts) => number[]) =>
    Object.entries(engines).map(([label, costs]) => ({ label, values: pick(costs) }));
  return [
    "## A program in a network",
    fence(Object.values(engines).flatMap(({ commands }) => commands)),
    "From start to end of `true`, ms, lower is better. Container engines set up a file system too.",
    spreadTable(
      "",
      rows(({ onceMs }) => onceMs),
    ),
    `${many} programs that go on, started one after another, s:`,
    spreadTable(
      "",
      rows(({ manySec }) => manySec),
    ),
    "Ended, s:",
    spreadTable(
      "",
      rows(({ removeSec }) => removeSec),
    ),
    "Memory of the daemons meanwhile, MiB (PSS):",
    spreadTable(
      "",
      rows(({ serversMiB }) => serversMiB),
    ),
  ];
}

function scalePage({
  endpoints,
  ports,
  commands,
  createSec,
  memory,
  rateOne,
  rateAll,
  quiet,
  connecting,
  stopSec,
}: ScaleResults): string[] {
  const ratio = summarize(rateAll).median / summarize(rateOne).median;
  return [
    `## ${endpoints.toLocaleString("en")} endpoints on one network`,
    fence(commands),
    table([
      ["", "figure"],
      ["created, s", format(createSec)],
      ["memory of the daemon, RSS, MiB", format(memory.rss)],
      [`stop of a daemon with ${stopSec.endpoints} of them, s`, format(stopSec.seconds)],
    ]),
    wrap(
      `UDP packets of 64 bytes that arrive of a flood through a published port, packets/s, higher is better. With all others beside it, and ${ports.toLocaleString("en")} more ports, ${format(ratio)} of the rate arrives.`,
    ),
    spreadTable("", [
      { label: "one endpoint, one port", values: rateOne },
      { label: "all", values: rateAll },
    ]),
    "A steady stream while another sandbox is connected to the network and disconnected:",
    table([
      ["", "lost", "longest gap, ms"],
      ["undisturbed", String(quiet.lost), format(quiet.longestMs)],
      ["connect, disconnect", String(connecting.lost), format(connecting.longestMs)],
    ]),
  ];
}

function namesPage({ names, seconds }: NetworkResults): string[] {
  const rows = (pick: (costs: NameCosts) => number[]) => Object.entries(names).map(([label, costs]) => ({ label, values: pick(costs) }));
  return [
    "## Names",
    fence([dnsperfCommand("127.0.0.11", seconds).join(" "), dnsperfCommand("127.0.0.11", seconds, ["-Q", String(RATE), "-v"]).join(" ")]),
    "Answers/s from one sandbox, higher is better:",
    spreadTable(
      "",
      rows(({ answersPerSec }) => answersPerSec),
    ),
    `When ${RATE.toLocaleString("en")} a second are asked for: answers/s,`,
    spreadTable(
      "",
      rows(({ atRate }) => atRate),
    ),
    "99th percentile of the time to the answer, ms, lower is better:",
    spreadTable(
      "",
      rows(({ p99 }) => p99),
    ),
  ];
}
