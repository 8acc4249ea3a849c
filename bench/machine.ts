/** What the figures were measured on, and whether it is quiet. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { systemTime } from "./cpu.js";

export interface Machine {
  cpu: string;
  cores: number;
  memoryGiB: number;
  kernel: string;
  node: string;
  /** What a core does when it has nothing to do: it decides what a wake-up costs. Missing in results of before. */
  idle?: string;
  /** Of traffic generators. */
  tools: Record<string, string>;
}

/** First line that a program prints when asked for its version; "" when it is missing. */
export function versionOf(argv: string[], pattern = /\d+(\.\d+)+[^\s,]*/): string {
  try {
    const [command = "", ...args] = argv;
    return pattern.exec(execFileSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }))?.[0] ?? "";
  } catch (error) {
    // wrk exits with 1 after telling
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    return pattern.exec(stdout + stderr)?.[0] ?? "";
  }
}

export function describeMachine(): Machine {
  return {
    cpu: os.cpus()[0]?.model ?? "unknown",
    cores: os.cpus().length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    kernel: fs.readFileSync("/proc/sys/kernel/osrelease", "utf8").trim(),
    node: process.version,
    idle: describeIdle(),
    tools: { iperf3: versionOf(["iperf3", "--version"]), wrk: versionOf(["wrk", "-v"]) },
  };
}

/** "haltpoll governor, states poll, haltpoll; in a virtual machine": as the kernel's cpuidle has it. */
function describeIdle(): string {
  const read = (file: string): string => {
    try {
      return fs.readFileSync(file, "utf8").trim();
    } catch {
      return "";
    }
  };
  const governor = read("/sys/devices/system/cpu/cpuidle/current_governor_ro") || read("/sys/devices/system/cpu/cpuidle/current_governor");
  const folder = "/sys/devices/system/cpu/cpu0/cpuidle";
  const states = fs.existsSync(folder) ? fs.readdirSync(folder).map((state) => read(path.join(folder, state, "name"))) : [];
  const idle = states.length === 0 ? "no cpuidle driver: halt" : `${governor || "unknown"} governor, states ${states.join(", ")}`;
  return /^flags.*\bhypervisor\b/m.test(read("/proc/cpuinfo")) ? `${idle}; in a virtual machine` : idle;
}

/** Share of all processor time that was used or stolen during `ms`, 0..1. */
async function loadDuring(ms: number): Promise<number> {
  const before = systemTime();
  await sleep(ms);
  const after = systemTime();
  const total = after.total - before.total;
  return total === 0 ? 0 : (after.busy + after.steal - before.busy - before.steal) / total;
}

export const QUIET = 0.1;

/** Waits up to `patienceMs` for a quiet machine; answers the load that was found at last. */
export async function awaitQuiet(patienceMs: number): Promise<number> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const load = await loadDuring(500);
    if (load <= QUIET || Date.now() > deadline) return load;
  }
}
