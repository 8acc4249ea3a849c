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

/** By role of the thread: times a second that it came to run after it had waited. */
export type Wakes = Record<"main thread" | "workers" | "other threads", number>;

/**
 * Of all these processes together, over `seconds`. Each wait ends by a wake-up, and begins with a voluntary context switch; so these are counted
 * (proc_pid_status(5)).
 */
export async function wakesOf(pids: readonly number[], seconds: number): Promise<Wakes> {
  const before = new Map(pids.flatMap(switches));
  await sleep(seconds * 1000);
  const wakes: Wakes = { "main thread": 0, workers: 0, "other threads": 0 };
  for (const pid of pids) for (const [tid, count] of switches(pid)) wakes[roleOf(pid, tid)] += (count - (before.get(tid) ?? 0)) / seconds;
  return wakes;
}

function switches(pid: number): [tid: number, count: number][] {
  const tids = fs.readdirSync(`/proc/${pid}/task`).map(Number);
  return tids.map((tid) => [tid, Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(read(pid, tid, "status"))?.[1])]);
}

/** A thread is called as the one that made it was then: Node's helpers are older than our name, workers are not. */
function roleOf(pid: number, tid: number): keyof Wakes {
  if (tid === pid) return "main thread";
  const name = read(pid, tid, "comm");
  return name === "tsproxy\n" ? "workers" : "other threads";
}

function read(pid: number, tid: number, file: string): string {
  return fs.readFileSync(`/proc/${pid}/task/${tid}/${file}`, "utf8");
}
