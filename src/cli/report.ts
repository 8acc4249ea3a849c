/** What a failure becomes: an exit code and one line on standard error. It imports no package, so that it works when nothing else does. */
import { LONGEST, TsproxyError } from "../errors.js";
import { printable } from "./format.js";

/** `command`: its name, or the names on the way to it; "" is the main job. */
function helpHint(command: string): string {
  return `run 'tsproxy ${command}${command === "" ? "" : " "}--help'`;
}

/** What commander throws, for --help and --version too. */
interface UsageFailure extends Error {
  code: string;
  exitCode: number;
}

function isUsageFailure(error: unknown): error is UsageFailure {
  return error instanceof Error && String((error as Partial<UsageFailure>).code).startsWith("commander.");
}

/** 0 for --help, 2 for wrong usage, 1 for every other failure. */
export function exitCodeOf(error: unknown): 0 | 1 | 2 {
  if (isUsageFailure(error)) return error.exitCode === 0 ? 0 : 2;
  return error instanceof TsproxyError && error.kind === "invalid" ? 2 : 1;
}

/** Says what went wrong, in one line. With TSPROXY_DEBUG set, also where: the stacks of the error and its causes. `command`: whose help is named. */
export function reportError(error: unknown, write: (text: string) => void = (text) => process.stderr.write(text), command = ""): void {
  if (isUsageFailure(error)) {
    if (error.exitCode !== 0) write(line(`${clipped(error.message.replace(/^error: /, "").replace(/\.$/, ""))} (${helpHint(command)})`));
    return;
  }
  write(line(errorLine(TsproxyError.of(error), command)));
  if (process.env.TSPROXY_DEBUG) write(stacks(error));
}

/** `command`: as of `reportError`. Whose help is to be read is said once. */
export function errorLine(error: TsproxyError, command = ""): string {
  const text = error.describe();
  return oneLine(error.kind === "invalid" && !text.endsWith("--help'") ? `${text} (${helpHint(command)})` : text);
}

/** As a `TsproxyError` has its messages: a word may be of any length. */
function clipped(message: string): string {
  return message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message;
}

function line(message: string): string {
  return `tsproxy: ${oneLine(message)}\n`;
}

/** What somebody else's words have of control characters is written out. */
export function oneLine(message: string): string {
  return printable(message.replace(/\s*\n\s*/g, " ").trim());
}

function stacks(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const cause = error.cause === undefined ? "" : `caused by ${stacks(error.cause)}`;
  return `${error.stack}\n${cause}`;
}
