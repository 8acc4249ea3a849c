/**
 * The folder of running instances: one unix socket each, `PID.sock`. Devices, programs, maps and held ports all end with their process, so the
 * socket file is all that a killed instance leaves behind, and, on kernels without TCX, its clsact filters.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runDir } from "../api/paths.js";
import { sweepStale } from "../steer/steering.js";
import { RouteSocket } from "../sys/rtnetlink.js";

export interface Swept {
  sockets: number;
  filters: number;
}

/** Removes what dead instances left. Needs CAP_NET_ADMIN for filters, if there are any. */
export function sweep(): Swept {
  const swept: Swept = { sockets: 0, filters: 0 };
  const files = existsSync(runDir()) ? readdirSync(runDir()) : [];
  for (const file of files) {
    const pid = /^(\d+)\.sock$/.exec(file)?.[1];
    if (pid === undefined || existsSync(`/proc/${pid}`)) continue;
    rmSync(join(runDir(), file), { force: true });
    swept.sockets++;
  }
  const socket = new RouteSocket();
  try {
    swept.filters = sweepStale(
      socket,
      socket.links().map((link) => link.index),
    );
  } finally {
    socket.close();
  }
  return swept;
}
