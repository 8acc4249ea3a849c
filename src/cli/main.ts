#!/usr/bin/env node
/** Entry point: the only place that exits. Commands load what they need, so that `--help` needs nothing. */
import { setLogSink } from "../log.js";
import { showFdb, showFlows, showStats } from "./commands/show.js";
import { buildProgram, exitCodeOf, reportError } from "./options.js";

setLogSink((level, message) => {
  if (level === "warn") process.stderr.write(`tsproxy: warning: ${message}\n`);
});

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

process.on("uncaughtException", (error) => {
  // A broken pipe at standard output (`tsproxy flows | head`) is no failure of ours.
  if ((error as NodeJS.ErrnoException).code === "EPIPE") process.exit(0);
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
