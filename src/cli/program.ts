/** The whole command line: the main job is the root command, the others hang on it. */
import type { CliCommand } from "./command.js";
import { cleanupCommand } from "./commands/cleanup.js";
import { daemonCommand } from "./commands/daemon.js";
import { doctorCommand } from "./commands/doctor.js";
import { fdbCommand } from "./commands/fdb.js";
import { flowsCommand } from "./commands/flows.js";
import { foregroundCommand } from "./commands/foreground.js";
import { installCommand } from "./commands/install.js";
import { portCommand } from "./commands/port.js";
import { psCommand } from "./commands/ps.js";
import { statsCommand } from "./commands/stats.js";

/**
 * `parseAsync` of the result runs a command; it throws what `exitCodeOf` and `reportError` take, also for --help, which is code 0. Walk `commands`
 * for what there is: each is a `CliCommand`.
 */
export function buildProgram(): CliCommand {
  const root = foregroundCommand();
  const commands = [
    flowsCommand(),
    fdbCommand(),
    statsCommand(),
    psCommand(),
    portCommand(),
    daemonCommand(),
    installCommand(),
    doctorCommand(),
    cleanupCommand(),
  ];
  for (const command of commands) root.addCommand(command);
  return root;
}
