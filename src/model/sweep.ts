/**
 * What killed processes leave behind, and its removal. Programs, maps, held ports and most devices end with their process. What stays: a socket
 * file in the folder of running instances, `PID.sock`; what one was writing for the next (`sys/code-cache.ts`), `PID.code`; clsact filters, of a start or on kernels without TCX; veth pairs of endpoints; and devices of endpoints, which are meant to stay,
 * when their sandbox ends while nobody looks.
 */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { runDirs } from "../api/paths.js";
import { whoListens } from "../api/unix-socket.js";
import { removeFlowFiles } from "../control/flow-files.js";
import { keptTaps, quietPairs, removeStalePairs } from "../control/network/veth-pair.js";
import { sweepStale } from "../steer/filter-sweep.js";
import { releaseKept } from "../sys/fd-store.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { isSandbox, removeHostDevice } from "./endpoint-device.js";
import { FileStore, stateDir } from "./file-store.js";

const DENIED = new Set(["EACCES", "EPERM", "EROFS"]);
/** A socket that is younger may be one that its process is about to listen on. */
const SETTLED_MS = 10_000;
/** In which the kernel removes the TAPs of a process that has ended. */
const TAPS_END_MS = 500;

export interface Swept {
  sockets: number;
  filters: number;
  /** Files that this user may not remove, or a folder that it may not read. */
  denied: string[];
}

/**
 * Removes what dead instances left. `filters`: those on devices, too, in force or not; who starts has its steering do that, when there are others (`steer/attach.ts`).
 * Needs CAP_NET_ADMIN for these, if there are any.
 */
export async function sweep({ filters = false } = {}): Promise<Swept> {
  const swept: Swept = { sockets: 0, filters: 0, denied: [] };
  const unlessDenied = async (file: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      if (!DENIED.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
      swept.denied.push(file);
    }
  };
  for (const dir of runDirs())
    await unlessDenied(dir, async () => {
      for (const name of isFolder(dir) ? readdirSync(dir) : []) {
        const [, pid, kind] = /^(\d+)\.(sock|code)$/.exec(name) ?? [];
        const file = join(dir, name);
        if (pid === undefined || !(await isLeftOver(file, pid))) continue;
        await unlessDenied(file, async () => {
          rmSync(file, { force: true });
          if (kind === "sock") swept.sockets++;
        });
      }
    });
  const socket = new RouteSocket();
  try {
    const indices = filters ? socket.links().map((link) => link.index) : [];
    swept.filters = sweepStale(socket, indices);
    removeStalePairs(socket);
    quietPairs(socket);
  } finally {
    socket.close();
  }
  return swept;
}

/** Whether the process is gone; or another one has its number by now, and nobody listens. */
async function isLeftOver(file: string, pid: string): Promise<boolean> {
  if (!existsSync(`/proc/${pid}`)) return true;
  const made = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
  return made !== undefined && Date.now() - made > SETTLED_MS && (await whoListens(file)) === "absent";
}

/**
 * Ends at once what is kept for a process that is to come again: flows (`control/flow-files.ts`), and a daemon's devices, ports and programs
 * (`sys/fd-store.ts`). What running instances use is spared.
 */
export async function sweepKept(): Promise<{ flows: number; keepers: number }> {
  const swept = { flows: 0, keepers: 0 };
  const socket = new RouteSocket();
  try {
    const kept = keptTaps(socket);
    for (const dir of runDirs()) {
      swept.flows += removeFlowFiles(dir);
      if (releaseKept(dir)) swept.keepers++;
    }
    if (swept.keepers > 0) {
      const until = Date.now() + TAPS_END_MS; // they end a moment after the process that held them
      while (kept.length > 0 && keptTaps(socket).length === kept.length && Date.now() < until) await setTimeout(10);
      quietPairs(socket);
    }
  } finally {
    socket.close();
  }
  return swept;
}

/** Removes devices, and records, of endpoints whose sandbox ended while no daemon ran; answers how many devices. Nothing while one runs. */
export async function sweepDevices(): Promise<number> {
  const store = new FileStore(stateDir());
  const { endpoints } = await store.load();
  if (endpoints.length === 0 || isAlive(store.writer)) return 0;
  const ended = endpoints.filter(({ sandbox }) => sandbox === "" || !isSandbox(sandbox));
  const removed = ended.filter((endpoint) => removeHostDevice(endpoint)).length;
  if (ended.length > 0) await store.commit({ removeEndpoints: ended.map(({ id }) => id) });
  return removed;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
