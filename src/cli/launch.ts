/** Starts programs by way of `native/sandbox.c`, with this terminal, and ends as they do. */
import { type ChildProcess, spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { TsproxyError } from "../errors.js";
import { BUILD_COMMAND, sandboxFile } from "../sys/native-files.js";
import { reportError } from "./report.js";

/** What a terminal sends to everybody on it by itself. */
const FROM_TERMINAL = new Set<NodeJS.Signals>(["SIGINT", "SIGQUIT"]);
const HANDED_ON: readonly NodeJS.Signals[] = ["SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM", "SIGUSR2", "SIGCONT", "SIGWINCH"];
/** As Docker has it: tsproxy itself failed, not the program. */
export const FAILED = 125;

/** Starts it with this process's standard streams and, if asked for, a control stream; signals are handed on to it. Throws TSP_ERR_SANDBOX when it is not installed. */
export function startHelper(args: readonly string[], control: boolean): ChildProcess {
  const file = sandboxFile();
  if (file === null)
    throw new TsproxyError(
      "TSP_ERR_SANDBOX",
      "unavailable",
      "tsproxy-sandbox is missing in this installation",
      `compile it: ${BUILD_COMMAND}`,
    );
  const child = spawn(file, args, { stdio: ["inherit", "inherit", "inherit", ...(control ? (["pipe"] as const) : [])] });
  for (const signal of HANDED_ON)
    process.on(signal, () => {
      if (!(FROM_TERMINAL.has(signal) && process.stdin.isTTY)) child.kill(signal);
    });
  return child;
}

/** Its exit code, once it has ended. */
export function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    if (child.exitCode !== null) resolve(child.exitCode);
    child.once("error", (cause: NodeJS.ErrnoException) =>
      reject(new TsproxyError("TSP_ERR_SANDBOX", "unavailable", `cannot run tsproxy-sandbox (${cause.code})`, undefined, cause)),
    );
    child.once("exit", (code) => resolve(code ?? FAILED));
  });
}

/** The program could not be started; `exitCode` as shells and Docker have it. */
export class StartError extends TsproxyError {
  constructor(
    readonly exitCode: number,
    why: string,
  ) {
    super("TSP_ERR_SANDBOX", "unavailable", `cannot start the program: ${why}`, exitCode === FAILED ? "run as root" : undefined);
  }
}

/** For commands that exit as a program does: what fails in tsproxy itself has an exit code that programs seldom have. */
export async function exitingAsDocker(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    reportError(error);
    process.exitCode = error instanceof StartError ? error.exitCode : FAILED;
  }
}

/** Lines that the helper says on its control stream. */
export class Control {
  private readonly stream: Duplex;
  private text = "";
  private ended = false;
  private wake: () => void = () => {};

  constructor(child: ChildProcess) {
    this.stream = child.stdio[3] as Duplex;
    this.stream.on("data", (bytes: Buffer) => {
      this.text += bytes.toString();
      this.wake();
    });
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    this.stream.on("close", end).on("end", end).on("error", end);
  }

  /** Undefined: it has ended. */
  async line(): Promise<string | undefined> {
    for (;;) {
      const newline = this.text.indexOf("\n");
      if (newline >= 0) {
        const line = this.text.slice(0, newline);
        this.text = this.text.slice(newline + 1);
        return line;
      }
      if (this.ended) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  say(line: string): void {
    this.stream.write(`${line}\n`);
  }

  close(): void {
    this.stream.destroy();
  }
}
