/** What a process takes while nothing happens: memory, and how often it wakes, from /proc. */
import fs from "node:fs";
import { sleep } from "../test/support/proc.js";

/** MiB. */
export interface RestMemory {
  rss: number;
  /** Shared pages count in parts. */
  pss: number;
  /** Written by the process itself, so nobody else's. */
  own: number;
}

/** Of all these processes together. */
export function restMemory(pids: readonly number[]): RestMemory {
  const sum = { rss: 0, pss: 0, own: 0 };
  for (const pid of pids) {
    const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    const mib = (key: string): number => Number(new RegExp(`^${key}: +(\\d+)`, "m").exec(rollup)?.[1] ?? 0) / 1024;
    sum.rss += mib("Rss");
    sum.pss += mib("Pss");
    sum.own += mib("Private_Dirty");
  }
  return sum;
}

/** Memory of the kernel's, MiB: BPF maps and programs that the process holds, as their descriptors tell (`memlock`). */
export function bpfMemory(pid: number): number {
  const sizes = new Map<string, number>();
  for (const fd of fs.readdirSync(`/proc/${pid}/fdinfo`)) {
    const info = fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
    const [, id] = /^((?:map|prog)_id:\s+\d+)$/m.exec(info) ?? [];
    const [, bytes] = /^memlock:\s+(\d+)$/m.exec(info) ?? [];
    if (id !== undefined && bytes !== undefined) sizes.set(id, Number(bytes));
  }
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0) / (1 << 20);
}

/** By thread, named by its role: times a second that it came to run after it had waited. */
export type Wakes = Record<string, number>;

/**
 * Over `seconds`. A sleep ends by a wake-up, and the next one is a voluntary context switch; so these are counted (proc_pid_status(5)). Threads come
 * in the order in which they were made: Node's own, then workers.
 */
export async function wakesOf(pid: number, seconds: number): Promise<Wakes> {
  const before = switches(pid);
  await sleep(seconds * 1000);
  const wakes: Wakes = {};
  for (const [tid, count] of switches(pid)) {
    const role = tid === pid ? "main thread" : isHelper(pid, tid) ? "threads of Node.js" : "workers";
    wakes[role] = (wakes[role] ?? 0) + (count - (before.get(tid) ?? 0)) / seconds;
  }
  return wakes;
}

function switches(pid: number): Map<number, number> {
  const tids = fs.readdirSync(`/proc/${pid}/task`).map(Number);
  return new Map(
    tids.map((tid) => [
      tid,
      Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/task/${tid}/status`, "utf8"))?.[1]),
    ]),
  );
}

/** Threads are called as the one that made them: Node's helpers are older than our name, workers are not. */
function isHelper(pid: number, tid: number): boolean {
  const name = (file: string): string => fs.readFileSync(file, "utf8");
  return name(`/proc/${pid}/task/${tid}/comm`) !== name(`/proc/${pid}/comm`);
}
