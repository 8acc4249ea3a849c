/** `--ready-fd`: the descriptor by which a supervisor is told that all is served. */
import { closeSync, constants, readdirSync, readFileSync, readlinkSync, writeSync } from "node:fs";
import { TsproxyError } from "../errors.js";

const O_ACCMODE = 3; // include/uapi/asm-generic/fcntl.h

/** Before anything is made: nothing could be said to the supervisor otherwise. Throws TSP_ERR_READY_FD (invalid). */
export function checkReadyFd(fd: number): void {
  const file = readOpen(fd);
  if (file === undefined) throw readyFdError(fd, "it is not open");
  if (isNodes(fd, file))
    throw readyFdError(fd, "it is not open to elsewhere: Node.js has opened it, or both ends of its pipe were passed on");
  if (file.access === constants.O_RDONLY) throw readyFdError(fd, "it is open for reading alone");
}

/** Once all is served. Throws TSP_ERR_READY_FD (invalid). */
export function tellReady(fd: number): void {
  try {
    writeSync(fd, "ready\n");
    if (fd > 2) closeSync(fd); // so that who waits for the end of the pipe sees it
  } catch (cause) {
    throw readyFdError(fd, "cannot write to it", cause);
  }
}

interface OpenFile {
  /** As `readlink` has it: a path, `pipe:[1234]`, `anon_inode:[eventpoll]`. */
  target: string;
  /** O_RDONLY, O_WRONLY or O_RDWR. */
  access: number;
}

/** Of this process; undefined: there is none of that number. */
function readOpen(fd: number): OpenFile | undefined {
  try {
    const flags = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1] ?? "";
    return { target: readlinkSync(`/proc/self/fd/${fd}`), access: Number.parseInt(flags, 8) & O_ACCMODE };
  } catch {
    return undefined;
  }
}

/**
 * Whether Node.js has opened it for itself, as it does with the first two dozen numbers: what it polls with, and pipes whose other end is here as well, by
 * which its signals come. Nothing may be written there.
 */
function isNodes(fd: number, { target }: OpenFile): boolean {
  if (target.startsWith("anon_inode:")) return true;
  if (!target.startsWith("pipe:")) return false;
  return readdirSync("/proc/self/fd").some((name) => {
    if (Number(name) === fd) return false;
    const other = readOpen(Number(name));
    return other?.target === target && other.access === constants.O_RDONLY;
  });
}

function readyFdError(fd: number, problem: string, cause?: unknown): TsproxyError {
  const hint = "pass an open descriptor, as in '--ready-fd 3 3>file'";
  return new TsproxyError("TSP_ERR_READY_FD", "invalid", `--ready-fd ${fd}: ${problem}`, hint, cause);
}
