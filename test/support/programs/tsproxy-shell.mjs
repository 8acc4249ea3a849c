/**
 * tsproxy-shell.mjs: `tsproxy` for each line of standard input, a JSON array of words, in one process: a start of Node takes longer than most commands. After
 * each command a line `END CODE` on standard output and one on standard error.
 */
import { createInterface } from "node:readline";
import shared from "../../../dist/run/shared.cjs";

const { exitCodeOf, program_exports, reportError } = shared;
const { buildProgram } = program_exports;

process.setMaxListeners(0); // each `run` listens for signals, to hand them on
for await (const line of createInterface({ input: process.stdin })) {
  const words = JSON.parse(line);
  process.argv.splice(2, Infinity, ...words);
  process.exitCode = 0;
  try {
    await (await buildProgram(words)).parseAsync(["node", "tsproxy", ...words]);
  } catch (error) {
    reportError(error);
    process.exitCode = exitCodeOf(error);
  }
  process.stdout.write(`\nEND ${process.exitCode}\n`);
  process.stderr.write(`\nEND ${process.exitCode}\n`);
}
process.exit(0);
