/**
 * Processor time that others took while something was measured: processes that are not the benchmark's, and the hypervisor. Who is quiet before a round
 * need not be during it, and on a machine of two cores one compiler makes every figure another.
 */
import fs from "node:fs";
import os from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { systemTime } from "./cpu.js";

/** USER_HZ; see cpu.ts. */
const HZ = 100;
/** Parent of kernel threads, which work for whoever sends packets. */
const KTHREADD = 2;

/** Share of all processors from which on a figure is doubtful. */
export const DISTURBED = 0.05;
/** How often something is measured at most. */
const TRIES = 3;
const LOOK_MS = 500;

interface Task {
  parent: number;
  /** Ticks of it, and of those of its children that have ended. */
  ticks: number;
}

/** Fields of /proc/PID/stat (proc_pid_stat(5)); undefined for one that has just ended. */
function taskOf(pid: string): Task | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) };
  } catch {
    return undefined;
  }
}

/** `net:[4026531840]`; undefined for one that has ended, or is somebody else's. */
function netnsOf(pid: number): string | undefined {
  try {
    return fs.readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/**
 * Seconds that others have run. When a process ends, its parent takes its time over, so the sum only grows, whoever comes and goes. A benchmark's
 * daemon that has left its parents is told by its network namespace: not that which the benchmark itself is in, but one of its processes'.
 */
function othersTime(): number {
  const tasks = new Map<number, Task>();
  for (const name of fs.readdirSync("/proc")) {
    const task = /^\d+$/.test(name) ? taskOf(name) : undefined;
    if (task !== undefined) tasks.set(Number(name), task);
  }
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > KTHREADD; at = tasks.get(at)?.parent)
      if (at === process.pid) return true;
    return false;
  };
  const home = netnsOf(process.pid);
  const ours = [...tasks.keys()].filter(isOurs);
  const namespaces = new Set(ours.map(netnsOf).filter((netns) => netns !== undefined && netns !== home));
  let ticks = 0;
  for (const [pid, task] of tasks) {
    if (pid === KTHREADD || task.parent === KTHREADD || isOurs(pid)) continue;
    if (namespaces.size > 0 && namespaces.has(netnsOf(pid))) continue;
    ticks += task.ticks;
  }
  return ticks / HZ;
}

/** Starts counting; the answer stops, and tells which share of all processors others had, 0..1. */
export function othersMeter(): () => number {
  const [before, steal, start] = [othersTime(), systemTime().steal, performance.now()];
  return () => {
    const seconds = ((performance.now() - start) / 1000) * os.cpus().length;
    return Math.max(0, othersTime() - before + systemTime().steal - steal) / seconds;
  };
}

/** Measures what was disturbed again, in one round. */
export class Undisturbed {
  /** `patienceMs`: how long all measurements of the round together wait for others to end. */
  constructor(private patienceMs: number) {}

  /** The run with the least of others beside it, up to the first that was not disturbed. */
  async run<T>(measure: () => Promise<T>): Promise<{ result: T; others: number }> {
    let best: { result: T; others: number } | undefined;
    for (let tries = 1; ; tries++) {
      const stop = othersMeter();
      const result = await measure();
      const others = stop();
      if (best === undefined || others < best.others) best = { result, others };
      if (others <= DISTURBED || tries === TRIES || !(await this.isQuietAgain())) return best;
    }
  }

  private async isQuietAgain(): Promise<boolean> {
    while (this.patienceMs > 0) {
      const stop = othersMeter();
      await sleep(LOOK_MS);
      this.patienceMs -= LOOK_MS;
      if (stop() <= DISTURBED) return true;
    }
    return false;
  }
}
