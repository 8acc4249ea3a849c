/** Starts programs by way of `native/front.c`, with this terminal, and ends as they do: what `dist/cli/tsproxy` does without Node.js. */
import { spawn } from "node:child_process";
import { TsproxyError } from "../errors.js";
import { BUILD_COMMAND, sandboxFile } from "../sys/native-files.js";
import { daemonSocket } from "./daemon-socket.js";
import { reportError } from "./report.js";

/** What a terminal sends to everybody on it by itself. */
const FROM_TERMINAL = new Set<NodeJS.Signals>(["SIGINT", "SIGQUIT"]);
const HANDED_ON: readonly NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR2", "SIGCONT", "SIGWINCH"];
/** As Docker has it: tsproxy itself failed, not the program. */
const FAILED = 125;

/** Carries out the command line of this process. Throws TSP_ERR_INSTANCE without a daemon, TSP_ERR_SANDBOX when the program is not installed. */
export async function throughFront(): Promise<void> {
  await daemonSocket();
  const file = sandboxFile();
  if (file === null)
    throw new TsproxyError(
      "TSP_ERR_SANDBOX",
      "unavailable",
      "tsproxy-sandbox is missing in this installation",
      `compile it: ${BUILD_COMMAND}`,
    );
  const child = spawn(file, ["front", "-", ...process.argv.slice(2)], { stdio: "inherit" });
  for (const signal of HANDED_ON)
    process.on(signal, () => {
      if (!(FROM_TERMINAL.has(signal) && process.stdin.isTTY)) child.kill(signal);
    });
  process.exitCode = await new Promise<number>((resolve, reject) => {
    child.once("error", (cause: NodeJS.ErrnoException) =>
      reject(new TsproxyError("TSP_ERR_SANDBOX", "unavailable", `cannot run tsproxy-sandbox (${cause.code})`, undefined, cause)),
    );
    child.once("exit", (code) => resolve(code ?? FAILED));
  });
}

/** For `command`, which exits as a program does: what fails in tsproxy itself has an exit code that programs seldom have. */
export async function exitingAsDocker(command: string, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    reportError(error, undefined, command);
    process.exitCode = FAILED;
  }
}
