#!/usr/bin/env node
/** Entry point: the only place that exits. Whatever goes wrong ends in one line and an exit code: 0 done, 1 failed, 2 used wrongly. */
import { writeFileSync } from "node:fs";
import { TsproxyError } from "../errors.js";
import { setLogSink } from "../log.js";
import { exitCodeOf, oneLine, reportError } from "./report.js";
import { goesOnUnread, printed } from "./stdout.js";

setLogSink((level, message) => {
  if (level === "warn") process.stderr.write(`tsproxy: warning: ${process.env.TSPROXY_DEBUG ? message : oneLine(message)}\n`);
});

try {
  writeFileSync("/proc/self/comm", "tsproxy"); // what `ss`, `top` and our own errors call us; the arguments stay as they are
} catch {
  // then it is "node"
}

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE" && goesOnUnread()) return;
  if (error.code === "EPIPE") process.exit(0); // `tsproxy flows | head` is no failure of ours
  const message = `cannot write to standard output (${error.code})`;
  reportError(new TsproxyError("TSP_ERR_OUTPUT", "unavailable", message, "is the disk full?", error));
  process.exitCode = 1;
  if (!process.emit("SIGTERM")) process.exit(); // an instance ends in order
});
process.stderr.on("error", () => {
  if (!goesOnUnread()) process.exit(1); // nothing can be said any more
});
process.on("uncaughtException", (error) => {
  reportError(error);
  process.exit(1);
});

async function main(): Promise<void> {
  let command = "";
  try {
    const words = process.argv.slice(2);
    const { buildProgram, commandIn } = await import("./program.js"); // late, so that what fails to load is reported too
    const program = await buildProgram(words);
    command = commandIn(program, words);
    await program.parseAsync();
    process.exitCode ??= 0;
  } catch (error) {
    reportError(error, undefined, command);
    process.exitCode = exitCodeOf(error);
  }
  await printed();
  setImmediate(() => process.exit()); // after the events of what was written last
}
void main();
