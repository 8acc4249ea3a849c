/** The whole command line: the main job is the root command, the others hang on it. */
import type { Command } from "commander";
import type { CliCommand } from "./command.js";
import { foregroundCommand } from "./commands/foreground.js";

/** In the order of help. Each is loaded when it is called for: the main job is to be ready soon. */
const COMMANDS: Record<string, () => Promise<CliCommand>> = {
  flows: async () => (await import("./commands/flows.js")).flowsCommand(),
  capture: async () => (await import("./commands/capture.js")).captureCommand(),
  targets: async () => (await import("./commands/targets.js")).targetsCommand(),
  fdb: async () => (await import("./commands/fdb.js")).fdbCommand(),
  stats: async () => (await import("./commands/stats.js")).statsCommand(),
  run: async () => (await import("./commands/run.js")).runCommand(),
  exec: async () => (await import("./commands/sandbox-commands.js")).execCommand(),
  attach: async () => (await import("./commands/sandbox-commands.js")).attachCommand(),
  detach: async () => (await import("./commands/sandbox-commands.js")).detachCommand(),
  stop: async () => (await import("./commands/sandbox-commands.js")).stopCommand(),
  rm: async () => (await import("./commands/sandbox-commands.js")).rmCommand(),
  logs: async () => (await import("./commands/sandbox-commands.js")).logsCommand(),
  rename: async () => (await import("./commands/sandbox-commands.js")).renameCommand(),
  wait: async () => (await import("./commands/sandbox-commands.js")).waitCommand(),
  inspect: async () => (await import("./commands/sandbox-commands.js")).inspectCommand(),
  network: async () => (await import("./commands/network.js")).networkCommand(),
  node: async () => (await import("./commands/node.js")).nodeCommand(),
  ps: async () => (await import("./commands/ps.js")).psCommand(),
  port: async () => (await import("./commands/port.js")).portCommand(),
  daemon: async () => (await import("./commands/daemon.js")).daemonCommand(),
  install: async () => (await import("./commands/install.js")).installCommand(),
  doctor: async () => (await import("./commands/doctor.js")).doctorCommand(),
  cleanup: async () => (await import("./commands/cleanup.js")).cleanupCommand(),
};
const HELP = new Set(["-h", "--help", "help"]);

/**
 * `parseAsync` of the result runs a command; it throws what `exitCodeOf` and `reportError` take, also for --help, which is code 0. Walk `commands`
 * for what there is: each is a `CliCommand`. With `words`, the arguments that will be parsed, only commands that they can mean are there.
 */
export async function buildProgram(words?: readonly string[]): Promise<CliCommand> {
  const root = foregroundCommand(undefined, Object.keys(COMMANDS));
  const all = words === undefined || words.some((word) => HELP.has(word));
  const wanted = Object.entries(COMMANDS).filter(([name]) => all || words.includes(name));
  for (const command of await Promise.all(wanted.map(([, load]) => load()))) root.addCommand(command);
  return root;
}

/** Names on the way to the command that `words` call, as in "network create"; "" for the main job. */
export function commandIn(program: CliCommand, words: readonly string[]): string {
  const names: string[] = [];
  let at: Command = program;
  for (const word of words) {
    const next = at.commands.find((command) => command.name() === word || command.aliases().includes(word));
    if (next === undefined) break;
    names.push(next.name());
    at = next;
  }
  return names.join(" ");
}
