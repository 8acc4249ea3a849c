/** `node workers.js COUNT FLOWS SECONDS`: so many worker threads at once, each with tables of its own. Prints the packets/s of all. */
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { Worker } from "node:worker_threads";
import { bundled } from "../paths.js";

const [count = "2", flows = "10000", seconds = "1"] = process.argv.slice(2);
const workers = Array.from(
  { length: Number(count) },
  () => new Worker(bundled("nat-path"), { argv: [flows, "64", seconds], stdout: true }),
);
const answers = await Promise.all(
  workers.map(async (worker) => {
    const [output] = await Promise.all([text(worker.stdout), once(worker, "exit")]);
    const { ns, harness } = JSON.parse(output) as { ns: number; harness: number };
    return 1e9 / (ns - harness);
  }),
);
console.log(JSON.stringify({ rate: answers.reduce((sum, rate) => sum + rate, 0) }));
