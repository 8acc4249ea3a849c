/**
 * One daemon serves a host. Its sockets keep a second one away, but not where systemd has taken their paths over; and one that a docker-proxy
 * launcher has started, since none ran, is to give way to the one that is meant to run.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { ask } from "../api/client.js";
import { findInstances } from "../api/instances.js";
import { launcherSocketPath, runDir } from "../api/paths.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { isAlive } from "../sys/processes.js";

/** For a daemon to take everything back. */
const PATIENCE_MS = 10_000;
const POLL_MS = 20;

/**
 * Ends a daemon that a launcher has started, unless this one is too (`launched`). Throws TSP_ERR_DAEMON (conflict) with how to stop it where another
 * daemon is to stay, or does not end.
 */
export async function takeOver(launched: boolean): Promise<void> {
  for (const { pid, socketPath } of await findInstances([runDir()])) {
    const info = await ask(socketPath, "info").catch(() => undefined); // it ends, or is of an older version
    if (info?.role !== "daemon") continue;
    if (launched || info.launched !== true)
      throw conflict(pid, "serves", `one serves the whole host: 'systemctl stop tsproxy.socket tsproxy' or 'kill ${pid}' stops it`);
    log.info(`takes over from the daemon that a docker-proxy launcher started (pid ${pid})`);
    process.kill(pid, "SIGTERM");
    const deadline = performance.now() + PATIENCE_MS;
    while (isAlive(pid)) {
      if (performance.now() > deadline) throw conflict(pid, "does not end and still serves", `see what it waits for, or 'kill -9 ${pid}'`);
      await sleep(POLL_MS);
    }
  }
}

function conflict(pid: number, does: string, hint: string): TsproxyError {
  return new TsproxyError("TSP_ERR_DAEMON", "conflict", `another daemon ${does} ${launcherSocketPath()} (pid ${pid})`, hint);
}
