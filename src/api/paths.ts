/** Where running instances keep their sockets; apart from what needs the addon, so that the commands that only ask do not load it. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

export function runDir(): string {
  return process.env.TSPROXY_RUN_DIR ?? "/run/tsproxy";
}

export function socketPath(pid: number): string {
  return join(runDir(), `${pid}.sock`);
}

export function makeRunDir(): void {
  mkdirSync(runDir(), { recursive: true, mode: 0o755 });
}
