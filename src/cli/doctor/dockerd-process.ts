/**
 * The dockerd that runs here, as its process shows it: when it started, with which arguments, which daemon.json, which proxies it has started.
 * Source: /proc/PID/{comm,cmdline,stat,fd,root,environ} and /proc/PID/net/unix (proc(5)). Paths of dockerd are read as dockerd sees them, where
 * this user may look through /proc/PID/root, which is mostly root alone.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from "node:fs";
import path from "node:path";

export interface DockerdProcess {
  pid: number;
  /** Milliseconds since 1970, to a second. */
  startedAt: number;
  args: string[];
  /** Where its proxies look for the tsproxy daemon, by its environment; undefined: this user may not look. */
  runDir: string | undefined;
  /** What its proxies run, by their first argument. */
  proxies: string[];
}

/** A file as dockerd sees it. `changedAt`: when its content or name last changed, milliseconds since 1970. */
export interface SeenFile {
  text: string;
  changedAt: number;
}

const CLOCK_TICKS = 100; // USER_HZ, in which /proc shows times (include/asm-generic/param.h)
const LISTENING = 1 << 16; // __SO_ACCEPTCON, include/uapi/linux/net.h
/** The launcher is small; docker-proxy is some megabytes. */
const MAX_PROGRAM = 16 << 20;

/** `proc` is `/proc`, but for tests. */
export class Dockerd {
  constructor(private readonly proc = "/proc") {}

  /** The one that listens on `socket`; where this user cannot tell, the only one there is. */
  find(socket: string): DockerdProcess | undefined {
    const all = this.pids().filter((pid) => this.read(`${pid}/comm`).trim() === "dockerd");
    const pid =
      all.find((candidate) => this.listensOn(candidate, socket)) ?? (all.length === 1 && !this.canSeeFiles(all[0]!) ? all[0] : undefined);
    if (pid === undefined) return undefined;
    const environment = this.words(`${pid}/environ`);
    return {
      pid,
      startedAt: this.startedAt(pid),
      args: this.words(`${pid}/cmdline`),
      runDir: environment.length === 0 ? undefined : (variableOf(environment, "TSPROXY_RUN_DIR") ?? "/run/tsproxy"),
      proxies: this.proxiesOf(pid),
    };
  }

  /** Throws as `readFileSync` does. */
  readAs({ pid }: DockerdProcess, file: string): SeenFile {
    const seen = this.seenBy(pid, file);
    return { text: readFileSync(seen, "utf8"), changedAt: statSync(seen).ctimeMs };
  }

  /** What kind of program dockerd would start: ours, another, or none that could be started. Throws when this user may not look. */
  programAs({ pid }: DockerdProcess, file: string): "launcher" | "other" | "absent" {
    const seen = this.seenBy(pid, file);
    try {
      const { mode, size } = statSync(seen);
      if ((mode & 0o111) === 0) return "absent";
      return size <= MAX_PROGRAM && contains(seen, "docker-proxy (commit tsproxy)") ? "launcher" : "other";
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return "absent";
      throw error;
    }
  }

  /** Whether dockerd sees the same file there as this process does. Throws when this user may not look. */
  seesSame({ pid }: DockerdProcess, file: string): boolean {
    const ours = statSync(file);
    try {
      const theirs = statSync(`${this.proc}/${pid}/root${file}`);
      return theirs.dev === ours.dev && theirs.ino === ours.ino;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw error;
    }
  }

  /** Whether somebody listens on `socket` in this network namespace, found without waking who does. */
  isHeld(socket: string): boolean {
    return listeningInodes(this.read("self/net/unix"), socket).length > 0;
  }

  private pids(): number[] {
    return readdirSync(this.proc)
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  }

  private listensOn(pid: number, socket: string): boolean {
    const inodes = listeningInodes(this.read(`${pid}/net/unix`), socket);
    return this.links(pid).some((link) => inodes.some((inode) => link === `socket:[${inode}]`));
  }

  private canSeeFiles(pid: number): boolean {
    return this.links(pid).length > 0;
  }

  private links(pid: number): string[] {
    try {
      return readdirSync(`${this.proc}/${pid}/fd`).map((fd) => {
        try {
          return readlinkSync(`${this.proc}/${pid}/fd/${fd}`);
        } catch {
          return ""; // closed meanwhile
        }
      });
    } catch {
      return []; // this user may not look, or it ended
    }
  }

  private proxiesOf(parent: number): string[] {
    return this.pids().flatMap((pid) => {
      if (this.stat(pid)[PPID] !== String(parent)) return [];
      const args = this.words(`${pid}/cmdline`);
      return args.includes("-container-ip") ? [args[0] ?? ""] : [];
    });
  }

  private startedAt(pid: number): number {
    const bootedSec = Number(/^btime (\d+)$/m.exec(this.read("stat"))?.[1] ?? 0);
    return (bootedSec + Number(this.stat(pid)[STARTTIME] ?? 0) / CLOCK_TICKS) * 1000;
  }

  /** Fields of /proc/PID/stat from the third on; the second, the name, may hold blanks and brackets. */
  private stat(pid: number): string[] {
    const text = this.read(`${pid}/stat`);
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  }

  private words(file: string): string[] {
    return this.read(file)
      .split("\0")
      .filter((word) => word !== "");
  }

  /** "" when it cannot be read: processes end, and some may not be looked at. */
  private read(file: string): string {
    try {
      return readFileSync(path.join(this.proc, file), "utf8");
    } catch {
      return "";
    }
  }

  /** Through its root folder where this user may, else as this process sees it. */
  private seenBy(pid: number, file: string): string {
    const root = `${this.proc}/${pid}/root`;
    try {
      readdirSync(root);
      return path.join(root, file);
    } catch {
      return file;
    }
  }
}

/** Indices in `stat`: fields 4 and 22 of proc_pid_stat(5). */
const PPID = 1,
  STARTTIME = 19;

/** Inodes of the listening sockets at `socket`; /var/run is /run. */
function listeningInodes(table: string, socket: string): string[] {
  const canonical = (file: string): string => file.replace(/^\/var\/run\//, "/run/");
  return table.split("\n").flatMap((line) => {
    // Num RefCount Protocol Flags Type St Inode Path
    const [, , , flags = "0", , , inode = "", file = ""] = line.trim().split(/\s+/);
    return (Number.parseInt(flags, 16) & LISTENING) !== 0 && canonical(file) === canonical(socket) ? [inode] : [];
  });
}

function variableOf(environment: string[], name: string): string | undefined {
  return environment.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

function contains(file: string, text: string): boolean {
  const fd = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(MAX_PROGRAM);
    return bytes.subarray(0, readSync(fd, bytes)).includes(text);
  } finally {
    closeSync(fd);
  }
}
