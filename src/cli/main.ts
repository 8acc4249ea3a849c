#!/usr/bin/env node
/** Entry point: the only place that exits. Commands load what they need, so that `--help` needs nothing. */
import { writeFileSync } from "node:fs";
import { TsproxyError } from "../errors.js";
import { setLogSink } from "../log.js";
import { showFdb, showFlows, showStats } from "./commands/show.js";
import { buildProgram, exitCodeOf, reportError } from "./options.js";

setLogSink((level, message) => {
  if (level === "warn") process.stderr.write(`tsproxy: warning: ${message}\n`);
});

try {
  writeFileSync("/proc/self/comm", "tsproxy"); // what `ss`, `top` and our own errors call us; the arguments stay as they are
} catch {
  // then it is "node"
}

const program = buildProgram({
  run: async (config) => (await import("./commands/run.js")).run(config),
  flows: showFlows,
  fdb: showFdb,
  stats: showStats,
  ps: async (options) => (await import("./commands/docker-show.js")).showPs(options),
  port: async (word, options) => (await import("./commands/docker-show.js")).showPort(word, options),
  daemon: async (options) => (await import("./commands/daemon.js")).daemon(options),
  install: async (options) => (await import("./commands/install.js")).install(options),
  doctor: async (options) => (await import("./commands/doctor.js")).doctor(options),
  cleanup: async (options) => (await import("./commands/cleanup.js")).cleanup(options),
});

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  // `tsproxy flows | head` is no failure of ours.
  if (error.code === "EPIPE") process.exit(0);
  const message = `cannot write to standard output (${error.code})`;
  reportError(new TsproxyError("TSP_ERR_OUTPUT", "unavailable", message, "is the disk full?", error));
  process.exit(1);
});
process.on("uncaughtException", (error) => {
  reportError(error);
  process.exit(1);
});

try {
  await program.parseAsync();
  process.exitCode ??= 0;
} catch (error) {
  reportError(error);
  process.exitCode = exitCodeOf(error);
}
process.exit();
