/** `node workers.js js|c COUNT FLOWS SECONDS`: so many worker threads at once, or processes in C, each with tables of its own. Prints the packets/s of all. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { bundled, native } from "../paths.js";

const [kind = "js", count = "2", flows = "10000", seconds = "1"] = process.argv.slice(2);
const args = [flows, "64", seconds];

async function rate(output: Readable): Promise<number> {
  const { ns, harness } = JSON.parse(await text(output)) as { ns: number; harness: number };
  return 1e9 / (ns - harness);
}

async function one(): Promise<number> {
  if (kind === "c") return rate(spawn(native("nat-path"), args, { stdio: ["ignore", "pipe", "inherit"] }).stdout);
  const worker = new Worker(bundled("nat-path"), { argv: args, stdout: true });
  const [answer] = await Promise.all([rate(worker.stdout), once(worker, "exit")]);
  return answer;
}

const rates = await Promise.all(Array.from({ length: Number(count) }, one));
console.log(JSON.stringify({ rate: rates.reduce((sum, each) => sum + each, 0) }));
