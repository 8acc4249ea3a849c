/** Command lines that the daemon carries out for `native/front.c`: understood as by the commands themselves. */
import { TsproxyError } from "../errors.js";
import type { CommandLine, FrontCommand } from "../sandbox/front.js";
import { CliCommand } from "./command.js";
import { runBody, runCommand } from "./commands/run.js";
import { execCommand } from "./commands/sandbox-commands.js";
import { errorLine } from "./report.js";

export const frontCommands: CommandLine = { parse, describe: (error, words) => errorLine(TsproxyError.of(error), words[0]) };

function parse(words: readonly string[]): FrontCommand | undefined {
  let found: FrontCommand | undefined;
  const root = new CliCommand("tsproxy", "").enablePositionalOptions();
  const run = runCommand((command, options) => {
    found = { kind: "run", create: runBody(command, options) };
  });
  const exec = execCommand((sandbox, command) => {
    found = { kind: "exec", sandbox, command };
  });
  for (const command of [root, run, exec]) command.configureOutput({ writeOut: () => {} }); // help is for whoever asks, not for the daemon's log
  root.addCommand(run).addCommand(exec);
  try {
    root.parse(words, { from: "user" });
  } catch {
    return undefined; // help, or what is wrong
  }
  return found;
}
