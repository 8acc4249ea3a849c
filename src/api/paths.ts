/** Where running instances keep their sockets; apart from what needs the addon, so that the commands that only ask do not load it. */
import { isAbsolute, join } from "node:path";
import { TsproxyError } from "../errors.js";

/** Of the system, and of root. */
const SYSTEM = "/run/tsproxy";

/** Bytes of a path in struct sockaddr_un, less its terminating zero (unix(7)). Node cuts longer ones off without a word. */
export const MAX_PATH = 107;
/** The longest name of a socket in the run folder; a process id has up to seven digits. */
const LONGEST_NAME = "/docker-proxy.sock".length;

/**
 * Where this process puts its sockets: TSPROXY_RUN_DIR, or /run/tsproxy, or another user's own folder for such things. Throws TSP_ERR_API_SOCKET (invalid)
 * where the variable says what cannot be.
 */
export function runDir(): string {
  const { TSPROXY_RUN_DIR, XDG_RUNTIME_DIR } = process.env;
  if (TSPROXY_RUN_DIR) return checked(TSPROXY_RUN_DIR);
  return process.geteuid?.() === 0 || !XDG_RUNTIME_DIR ? SYSTEM : join(XDG_RUNTIME_DIR, "tsproxy");
}

function checked(dir: string): string {
  const refused = (what: string, hint: string): TsproxyError =>
    new TsproxyError("TSP_ERR_API_SOCKET", "invalid", `TSPROXY_RUN_DIR=${dir}: ${what}`, hint);
  if (!isAbsolute(dir)) throw refused("not an absolute path", "other commands are run in other folders: write the whole path");
  if (Buffer.byteLength(dir) > MAX_PATH - LONGEST_NAME)
    throw refused("too long for the paths of sockets", `use at most ${MAX_PATH - LONGEST_NAME} bytes`);
  return dir;
}

/** Where to look for instances: in this user's folder and in the system's; with TSPROXY_RUN_DIR only there. */
export function runDirs(): string[] {
  return process.env.TSPROXY_RUN_DIR ? [runDir()] : [...new Set([runDir(), SYSTEM])];
}

/** Where the daemon waits for docker-proxy launchers. */
export function launcherSocketPath(): string {
  return join(runDir(), "docker-proxy.sock");
}

/** Where the daemon waits for `tsproxy run` and `exec` (`native/front.c`). */
export function frontSocketPath(): string {
  return join(runDir(), "run.sock");
}

/** Where the daemon waits for the CNI plugin. */
export function cniSocketPath(): string {
  return join(runDir(), "cni.sock");
}

export function socketPath(pid: number): string {
  return join(runDir(), `${pid}.sock`);
}
