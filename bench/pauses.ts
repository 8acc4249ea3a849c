/** `npm run bench -- pauses`: whether the packet path ever stops for a garbage collection or for compiled code thrown away, and how long a batch takes. */
import { execFileSync } from "node:child_process";
import type { Steady } from "../test/support/steady.js";
import { awaitQuiet } from "./machine.js";
import { bundled } from "./paths.js";
import { format } from "./stats.js";

const PACKETS = 10_000_000;

/** Throws when there was a pause. */
export async function pauses(): Promise<void> {
  await awaitQuiet(30_000);
  const output = execFileSync(process.execPath, ["--expose-gc", bundled("steady"), String(PACKETS)], { encoding: "utf8" });
  const lines = output.trim().split("\n");
  const { sent, created, batchUs } = JSON.parse(lines.pop()!) as Steady;
  const [p50, p99, p999, max] = batchUs.map(format);
  console.log(`${PACKETS.toLocaleString("en")} packets of all kinds, ${created.toLocaleString("en")} flows opened, ${sent.toLocaleString("en")} frames sent
garbage collections and deoptimisations: ${lines.length === 0 ? "none" : `\n${lines.join("\n")}`}
a batch of 32, µs: p50 ${p50}, p99 ${p99}, p99.9 ${p999}, longest ${max} (what other processes took of the core included)`);
  if (lines.length > 0) throw new Error(`${lines.length} pauses in the steady state`);
}
