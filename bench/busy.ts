/**
 * `npm run bench -- busy`: ten minutes of 20,000 short connections, or DNS queries, a second at the default settings, by the engine's clock. Shows
 * that none is refused, and what a connection costs from its first packet to its last, table and ports included.
 */
import { execFileSync } from "node:child_process";
import type { Busy } from "../test/support/busy.js";
import { table } from "./page.js";
import { bundled } from "./paths.js";
import { format } from "./stats.js";

const PER_SEC = 20_000,
  SECONDS = 600;
const KINDS = [
  ["tcp-out", "TCP, endpoints to one server outside"],
  ["tcp-host", "TCP, the host to a published port"],
  ["dns-out", "DNS, endpoints to one server outside"],
  ["dns-host", "DNS, the host to a published server"],
] as const;

/** Throws when one was refused. */
export function busy(): void {
  let refused = 0;
  const rows = KINDS.map(([what, name]) => {
    const output = execFileSync(process.execPath, [bundled("busy"), what, String(PER_SEC), String(SECONDS)], { encoding: "utf8" });
    const { tried, done, drops, restSec, ns } = JSON.parse(output) as Busy;
    refused += tried - done;
    const dropped = Object.entries(drops).map(([reason, n]) => `${reason} ${n}`);
    return [name, tried.toLocaleString("en"), done.toLocaleString("en"), dropped.join(", ") || "none", format(restSec), format(ns)];
  });
  console.log(table([["", "tried", "done", "drops", "least rest of a port, s", "ns each"], ...rows]));
  if (refused > 0) throw new Error(`${refused} were refused`);
}
