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

export interface Task {
  parent: number;
  /** Ticks of it, and of those of its children that have ended. */
  ticks: number;
  /** `net:[4026531840]`; undefined of one that has ended, or is somebody else's. */
  netns: string | undefined;
}

/** Fields of /proc/PID/stat (proc_pid_stat(5)); undefined for one that has just ended. */
function taskOf(pid: string): Task | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0), netns: netnsOf(pid) };
  } catch {
    return undefined;
  }
}

function netnsOf(pid: string): string | undefined {
  try {
    return fs.readlinkSync(`/proc/${pid}/ns/net`);
  } catch {
    return undefined;
  }
}

/**
 * Ticks that others than process `self` have run, of all in `tasks`. When a process ends, its parent takes its time over, so the sum only grows, whoever
 * comes and goes. A benchmark's daemon that has left its parents is told by its network namespace: that of one of its processes, and not its own.
 */
export function othersTicks(tasks: ReadonlyMap<number, Task>, self: number): number {
  const isOurs = (pid: number): boolean => {
    for (let at: number | undefined = pid; at !== undefined && at > KTHREADD; at = tasks.get(at)?.parent) if (at === self) return true;
    return false;
  };
  const namespaces = new Set([...tasks].filter(([pid]) => isOurs(pid)).map(([, { netns }]) => netns));
  namespaces.delete(tasks.get(self)?.netns);
  namespaces.delete(undefined);
  let ticks = 0;
  for (const [pid, task] of tasks) {
    if (pid === KTHREADD || task.parent === KTHREADD || isOurs(pid) || namespaces.has(task.netns)) continue;
    ticks += task.ticks;
  }
  return ticks;
}

function othersTime(): number {
  const tasks = new Map<number, Task>();
  for (const name of fs.readdirSync("/proc")) {
    const task = /^\d+$/.test(name) ? taskOf(name) : undefined;
    if (task !== undefined) tasks.set(Number(name), task);
  }
  return othersTicks(tasks, process.pid) / HZ;
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
