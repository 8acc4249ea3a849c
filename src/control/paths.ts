/** Where running instances keep their sockets; apart from what needs the addon, so that the commands that only ask do not load it. */
import { join } from "node:path";

export function runDir(): string {
  return process.env.TSPROXY_RUN_DIR ?? "/run/tsproxy";
}

export function socketPath(pid: number): string {
  return join(runDir(), `${pid}.sock`);
}
