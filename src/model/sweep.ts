/**
 * What killed processes leave behind, and its removal. Programs, maps, held ports and most devices end with their process. What stays: a socket
 * file in the folder of running instances, `PID.sock`, or half of one (`api/unix-socket.ts`); what was being written for the next start (`sys/kept-code.ts`);
 * clsact filters, of a start or on kernels without TCX; veth pairs of endpoints; and devices of endpoints, which are meant to stay, when their sandbox
 * ends while nobody looks.
 */
import { lstatSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { runDirs } from "../api/paths.js";
import { whoListens } from "../api/unix-socket.js";
import { removeFlowFiles } from "../control/flow-files.js";
import { keptTaps, quietPairs, removeStalePairs } from "../control/network/veth-pair.js";
import { TsproxyError } from "../errors.js";
import { sweepStale } from "../steer/filter-sweep.js";
import { releaseKept } from "../sys/fd-store.js";
import { removeKeptCode } from "../sys/kept-code.js";
import { isAlive } from "../sys/processes.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { isSandbox, removeHostDevice } from "./endpoint-device.js";
import { FileStore, stateDir } from "./file-store.js";

const DENIED = new Set(["EACCES", "EPERM", "EROFS"]);
/** Of an instance, and of one that was killed while it made its socket or that of a daemon. */
const SOCKET = /^(?:(\d+)\.sock|\..+\.sock\.[0-9a-z]+)$/;
/** A socket that is younger may be one that its process is about to listen on. */
const SETTLED_MS = 10_000;
/** In which the kernel removes the TAPs of a process that has ended. */
const TAPS_END_MS = 500;

export interface Swept {
  sockets: number;
  filters: number;
  /** Files that this user may not remove, or a folder that it may not read; or a word for devices. */
  denied: string[];
}

/**
 * Removes what dead instances left. `filters`: those on devices, too, in force or not; who starts has its steering do that, when there are others (`steer/attach.ts`).
 * Needs CAP_NET_ADMIN for these and for devices, if there are any: without it they are among `denied`.
 */
export async function sweep({ filters = false } = {}): Promise<Swept> {
  const swept: Swept = { sockets: 0, filters: 0, denied: [] };
  const unlessDenied = async (file: string, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      if (!isDenied(error)) throw error;
      swept.denied.push(file);
    }
  };
  for (const dir of runDirs())
    await unlessDenied(dir, async () => {
      for (const name of isFolder(dir) ? readdirSync(dir) : []) {
        const [found, pid] = SOCKET.exec(name) ?? [];
        const file = join(dir, name);
        if (found === undefined || !(await isLeftOver(file, pid))) continue;
        await unlessDenied(file, async () => {
          rmSync(file, { force: true });
          swept.sockets++;
        });
      }
      removeKeptCode(dir, { most: Number.POSITIVE_INFINITY });
    });
  const socket = new RouteSocket();
  try {
    await unlessDenied("what a killed instance left on devices", async () => {
      const indices = filters ? socket.links().map((link) => link.index) : [];
      swept.filters = sweepStale(socket, indices);
      removeStalePairs(socket);
      quietPairs(socket);
    });
  } finally {
    socket.close();
  }
  return swept;
}

/**
 * Whether nobody listens, nor is about to. That its process is gone does not tell: one of another PID namespace that has the folder in common is not to be seen
 * here. It has to do for another user's socket, which this one may not connect to. `pid`: of a socket that is whole.
 */
async function isLeftOver(file: string, pid: string | undefined): Promise<boolean> {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (found === undefined || found.isDirectory()) return false;
  const made = found.mtimeMs;
  const isGone = pid !== undefined && !isAlive(Number(pid));
  if (!isGone && Date.now() - made <= SETTLED_MS) return false;
  const presence = await whoListens(file);
  return presence === "absent" || (presence === "denied" && isGone); // then removing it is denied, too, and said to be
}

/**
 * Ends at once what is kept for a process that is to come again: flows (`control/flow-files.ts`), and a daemon's devices, ports and programs
 * (`sys/fd-store.ts`); and what any start has of a former one (`sys/kept-code.ts`). What running instances use is spared.
 */
export async function sweepKept(): Promise<{ flows: number; keepers: number; code: number }> {
  const swept = { flows: 0, keepers: 0, code: 0 };
  const socket = new RouteSocket();
  try {
    const kept = keptTaps(socket);
    for (const dir of runDirs()) {
      swept.flows += removeFlowFiles(dir);
      swept.code += removeKeptCode(dir, { most: 0 });
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

function isFolder(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return false; // below a file
    throw error;
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof TsproxyError ? error.kind === "permission" : DENIED.has((error as NodeJS.ErrnoException).code ?? "");
}
