/**
 * A laboratory of network namespaces: makes them under names of its own (`tsp-PID-N-ROLE`), joins them by veth, runs
 * programs inside, and takes everything away again, whatever happened: `close` fails when something was left over.
 * Programs are entered with `nsenter --net`, since `ip netns exec` would also remount /sys.
 */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { Proc, type Result, type StartOptions, sleep } from "./proc.js";

const NETNS_DIR = "/var/run/netns";
let labs = 0;

const open = new Set<Lab>();

process.on("exit", removeOpen);
// A signal ends the process without its `exit` hooks; vitest's workers cannot call process.exit.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    removeOpen();
    process.kill(process.pid, signal);
  });
}

function removeOpen(): void {
  for (const lab of open) lab.removeAll();
}

export class Lab {
  /** Folder for files of the case; removed by `close`. */
  readonly dir: string;
  /** What tsproxy has instead of /run/tsproxy: every program that is started here is told by TSPROXY_RUN_DIR. */
  readonly runDir: string;
  private readonly prefix: string;
  private readonly namespaces = new Map<string, number>(); // name to inode
  private readonly procs: Proc[] = [];

  constructor({ runFolder = "run" } = {}) {
    sweepDeadRuns();
    this.prefix = `tsp-${process.pid}-${labs++}`;
    this.dir = fs.mkdtempSync(path.join(os.tmpdir(), `${this.prefix}-`));
    this.runDir = path.join(this.dir, runFolder);
    fs.chmodSync(this.dir, 0o777); // some cases run without privileges
    open.add(this);
  }

  /** Makes a namespace, its loopback up. */
  addNamespace(role: string): string {
    const name = `${this.prefix}-${role}`;
    execFileSync("ip", ["netns", "add", name]);
    this.namespaces.set(name, fs.statSync(path.join(NETNS_DIR, name)).ino);
    this.ip(name, "link set lo up");
    return name;
  }

  /** Gives the network namespace of a process, which somebody else made, a name here; `close` must find it empty. */
  adoptNamespace(role: string, pid: number): string {
    const name = `${this.prefix}-${role}`;
    execFileSync("ip", ["netns", "attach", name, String(pid)]);
    this.namespaces.set(name, fs.statSync(path.join(NETNS_DIR, name)).ino);
    return name;
  }

  /** Runs `ip` commands, one a line, in a namespace. */
  ip(ns: string, commands: string): void {
    execFileSync("ip", ["-n", ns, "-batch", "-"], { input: commands, stdio: ["pipe", "pipe", "pipe"] });
  }

  /** Joins two namespaces by a veth pair, both ends up. */
  link(nsA: string, devA: string, nsB: string, devB: string): void {
    this.ip(nsA, `link add ${devA} type veth peer name ${devB} netns ${nsB}\nlink set ${devA} up`);
    this.ip(nsB, `link set ${devB} up`);
  }

  sysctl(ns: string, name: string, value: number | string): void {
    this.runSync(ns, ["sysctl", "-q", "-w", `${name}=${value}`]);
  }

  /** For set-up commands: throws when the program fails. */
  runSync(ns: string, argv: string[], input = ""): string {
    return execFileSync("nsenter", [`--net=${path.join(NETNS_DIR, ns)}`, ...argv], {
      input,
      stdio: ["pipe", "pipe", "pipe"],
      encoding: "utf8",
    });
  }

  /** Starts a program in a namespace; it is ended by `close` at the latest. */
  start(ns: string, argv: string[], options: StartOptions = {}): Proc {
    const env = { TSPROXY_RUN_DIR: this.runDir, ...options.env };
    const proc = new Proc(["nsenter", `--net=${path.join(NETNS_DIR, ns)}`, ...argv], { ...options, env });
    this.procs.push(proc);
    return proc;
  }

  /** Runs a program in a namespace to its end. */
  run(ns: string, argv: string[], options: StartOptions & { timeoutMs?: number } = {}): Promise<Result> {
    return this.start(ns, argv, options).finish(options.timeoutMs);
  }

  /** Ends every program and removes every namespace; throws when a process or a device outlived that. */
  async close(): Promise<void> {
    for (const proc of this.procs) proc.signal("SIGTERM");
    await Promise.all(this.procs.map((proc) => proc.finish(3_000)));
    const strays = processesIn(new Set(this.namespaces.values()));
    const names = [...this.namespaces.keys()];
    this.removeAll();
    const left = [
      ...strays.map(({ pid, command }) => `process ${pid} (${command})`),
      ...names.filter((name) => fs.existsSync(path.join(NETNS_DIR, name))).map((name) => `namespace ${name}`),
      ...fs.readdirSync("/sys/class/net").filter((device) => device.startsWith(this.prefix)),
    ];
    if (left.length > 0) throw new Error(`left over by the case: ${left.join(", ")}`);
  }

  /** For who kills a daemon: what keeps its descriptors would end by itself, 15 s later (`native/docker-proxy-keeper.c`). */
  async endKeepers(): Promise<void> {
    const keepers = (): { pid: number }[] =>
      processesIn(new Set(this.namespaces.values())).filter(({ command }) => command.includes(" --keep "));
    for (const { pid } of keepers()) kill(pid);
    for (let n = 0; n < 100 && keepers().length > 0; n++) await sleep(20);
  }

  /** The synchronous part of cleaning up, also for when this process ends. */
  removeAll(): void {
    open.delete(this);
    for (const proc of this.procs) proc.signal("SIGKILL");
    for (const { pid } of processesIn(new Set(this.namespaces.values()))) kill(pid);
    for (const name of this.namespaces.keys()) execFileSync("ip", ["netns", "del", name]);
    this.namespaces.clear();
    fs.rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Processes whose network namespace is one of those inodes. */
function processesIn(inodes: Set<number>): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const entry of fs.readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      if (!inodes.has(fs.statSync(`/proc/${entry}/ns/net`).ino)) continue;
      found.push({ pid: Number(entry), command: fs.readFileSync(`/proc/${entry}/cmdline`, "utf8").replaceAll("\0", " ").trim() });
    } catch {
      // it ended meanwhile, or is a zombie
    }
  }
  return found;
}

/** Removes the namespaces of test runs that died (SIGKILL) before they could: their pid is in the name. */
function sweepDeadRuns(): void {
  if (!fs.existsSync(NETNS_DIR)) return;
  for (const name of fs.readdirSync(NETNS_DIR)) {
    const pid = /^tsp-(\d+)-\d+-/.exec(name)?.[1];
    if (pid === undefined || fs.existsSync(`/proc/${pid}`)) continue;
    for (const stray of processesIn(new Set([fs.statSync(path.join(NETNS_DIR, name)).ino]))) kill(stray.pid);
    execFileSync("ip", ["netns", "del", name]);
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended meanwhile
  }
}
