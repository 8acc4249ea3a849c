/** Processor time and memory, from /proc. */
import fs from "node:fs";

/** USER_HZ; 100 on every Linux architecture that Node runs on. */
const HZ = 100;

/** Seconds since boot, all processors together. */
export interface SystemTime {
  busy: number;
  /** Interrupts and what follows on them: where the kernel forwards packets. */
  softirq: number;
  steal: number;
  total: number;
}

export function systemTime(): SystemTime {
  const line = fs.readFileSync("/proc/stat", "utf8").split("\n", 1)[0] ?? "";
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(/ +/)
    .slice(1)
    .map((ticks) => Number(ticks) / HZ);
  const busy = user + nice + system + irq + softirq;
  return { busy, softirq: irq + softirq, steal, total: busy + idle + iowait + steal };
}

/** Seconds that these processes, and children of theirs that ended, have run. */
export function processTime(pids: readonly number[]): number {
  let ticks = 0;
  for (const pid of pids) {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, "utf8");
    // Fields 14 to 17 (proc_pid_stat(5)); the name in field 2 may hold spaces, so count from its closing bracket.
    for (const field of stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .slice(11, 15))
      ticks += Number(field);
  }
  return ticks / HZ;
}

/** The same to the nanosecond, of the threads that are alive: for what hardly runs at all. */
export function preciseProcessTime(pid: number): number {
  const threads = fs.readdirSync(`/proc/${pid}/task`).map((tid) => fs.readFileSync(`/proc/${pid}/task/${tid}/schedstat`, "utf8"));
  return threads.reduce((sum, text) => sum + Number(text.split(" ")[0]) / 1e9, 0);
}

export interface CpuUse {
  /** Seconds of the processes that move the bytes. */
  movers: number;
  softirq: number;
  /** Everything: traffic generators, kernel and movers. */
  machine: number;
}

/** Starts counting; the answer stops and tells. */
export function cpuMeter(pids: readonly number[]): () => CpuUse {
  const system = systemTime();
  const movers = processTime(pids);
  return () => {
    const now = systemTime();
    return { movers: processTime(pids) - movers, softirq: now.softirq - system.softirq, machine: now.busy - system.busy };
  };
}

export interface Memory {
  /** MiB; pages shared with others count whole in `rss` and in parts in `pss`. */
  rss: number;
  pss: number;
}

export function memoryOf(pids: readonly number[]): Memory {
  let rss = 0;
  let pss = 0;
  for (const pid of pids) {
    const rollup = fs.readFileSync(`/proc/${pid}/smaps_rollup`, "utf8");
    rss += Number(/^Rss: +(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
    pss += Number(/^Pss: +(\d+)/m.exec(rollup)?.[1] ?? 0) / 1024;
  }
  return { rss, pss };
}
