/** Network namespaces by name, process or path. */
import fs from "node:fs";
import path from "node:path";
import { TsproxyError } from "../errors.js";

/** Where `ip netns add NAME` puts them. */
const NAMED_DIR = "/var/run/netns";
/** linux/magic.h */
const NSFS_MAGIC = 0x6e736673;
/** Inode of the first process namespace (PROC_PID_INIT_INO, linux/proc_ns.h): from there all processes are seen. */
const FIRST_PID_NS = 0xeffffffc;
/** How often new processes may come while others are looked at. */
const MAX_ROUNDS = 20;
/** Field of a line of mountinfo (proc_pid_mountinfo(5)). */
const MOUNT_ROOT = 3;
/** Errors by which /proc says that a process has ended. */
const GONE = new Set(["ENOENT", "ESRCH", "EINVAL"]);
const DENIED = new Set(["EACCES", "EPERM"]);

export interface Netns {
  /** Keeps the namespace alive until closed with `fs.closeSync`. */
  fd: number;
  path: string;
  /** As the user gave it; of a path the last part. */
  name: string;
}

/**
 * Opens `spec`: digits are a process, a word with a slash is a path (`/proc/PID/ns/net`, `/run/docker/netns/…`), any other word a name.
 * Throws TSP_ERR_NETNS.
 */
export function openNetns(spec: string): Netns {
  const isPid = /^\d+$/.test(spec);
  const isPath = spec.includes("/");
  const file = isPid ? `/proc/${spec}/ns/net` : isPath ? spec : path.join(NAMED_DIR, spec);
  let fd: number;
  try {
    // O_NONBLOCK: a FIFO given by mistake must not make us wait.
    fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch (error) {
    throw openError(spec, isPid ? "process" : isPath ? "path" : "name", (error as NodeJS.ErrnoException).code ?? "", error);
  }
  if (isNetns(fd)) return { fd, path: file, name: isPath ? path.basename(spec) : spec };
  fs.closeSync(fd);
  throw new TsproxyError(
    "TSP_ERR_NETNS",
    "invalid",
    `'${spec}' is no network namespace`,
    "give a name from 'ip netns', a process id, or a path like /proc/PID/ns/net",
  );
}

/** Whether both are one namespace; -1 is the caller's own. */
export function sameNetns(fdA: number, fdB: number): boolean {
  const [a, b] = [fdA, fdB].map((fd) => (fd < 0 ? fs.statSync("/proc/thread-self/ns/net") : fs.fstatSync(fd)));
  return a?.dev === b?.dev && a?.ino === b?.ino;
}

/**
 * Inodes of the network namespaces that live: a process is in them, or they are mounted somewhere. One that is held by a descriptor alone is not
 * seen, nor is one that a process enters just then, which was looked at before. Undefined: it cannot be told, since not all processes of the machine are to be
 * seen from here, or too many come just now. `proc`: for tests.
 */
export function livingNetns(proc = "/proc"): Set<number> | undefined {
  const living = new Set<number>();
  const mountsSeen = new Set<string>();
  // Which namespace it is in a process does not tell everybody. Whether it is in that of another one it does: by the inode of net/dev.
  const known = new Set<number>();
  const untold = new Set<number>();
  try {
    if (fs.readlinkSync(`${proc}/self/ns/pid`) !== `pid:[${FIRST_PID_NS}]`) return undefined;
    const seen = new Set<string>();
    const news = (): string[] => fs.readdirSync(proc).filter((name) => /^\d+$/.test(name) && !seen.has(name));
    const look = (pid: string): void => {
      seen.add(pid);
      unlessGone(() => {
        const devices = fs.statSync(`${proc}/${pid}/net/dev`).ino;
        const [net, mounts] = ["net", "mnt"].map((kind) => nsLink(`${proc}/${pid}/ns/${kind}`));
        (net === undefined ? untold : known).add(devices);
        addNetns(living, net);
        if (mounts !== undefined && mountsSeen.has(mounts)) return;
        for (const line of fs.readFileSync(`${proc}/${pid}/mountinfo`, "latin1").split("\n")) addNetns(living, line.split(" ")[MOUNT_ROOT]);
        if (mounts !== undefined) mountsSeen.add(mounts);
      });
    };
    // One that ends before it is looked at may have left its namespace to one that it has started since.
    let round = 0;
    for (let pids = news(); pids.length > 0; pids = news()) {
      if (round++ === MAX_ROUNDS) return undefined;
      for (const pid of pids) look(pid);
    }
    if (!seen.has("1")) return undefined; // others are hidden (proc(5): hidepid), as this one is
  } catch {
    return undefined;
  }
  return [...untold].every((devices) => known.has(devices)) ? living : undefined;
}

/** Which namespace a process is in; undefined: it is not for us to know. */
function nsLink(path: string): string | undefined {
  try {
    return fs.readlinkSync(path);
  } catch (error) {
    if (DENIED.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

function addNetns(living: Set<number>, name: string | undefined): void {
  const inode = /^net:\[(\d+)\]$/.exec(name ?? "")?.[1];
  if (inode !== undefined) living.add(Number(inode));
}

/** For what looks at a process, which may end meanwhile. */
function unlessGone(look: () => void): void {
  try {
    look();
  } catch (error) {
    if (!GONE.has((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function isNetns(fd: number): boolean {
  const self = `/proc/self/fd/${fd}`;
  if (fs.statfsSync(self).type !== NSFS_MAGIC) return false;
  // All kinds of namespaces are on this file system. Opened through /proc the link is "net:[4026531840]"; of a bind mount it is a path.
  const kind = /^(\w+):\[\d+\]$/.exec(fs.readlinkSync(self))?.[1];
  return kind === undefined || kind === "net";
}

function openError(spec: string, what: "process" | "path" | "name", errno: string, cause: unknown): TsproxyError {
  if (DENIED.has(errno)) {
    const hint = "run as root, or grant CAP_SYS_ADMIN and CAP_SYS_PTRACE";
    return new TsproxyError("TSP_ERR_NETNS", "permission", `cannot open network namespace '${spec}' (${errno})`, hint, cause);
  }
  if (errno !== "ENOENT" && errno !== "ENOTDIR") {
    return new TsproxyError(
      "TSP_ERR_NETNS",
      "invalid",
      `cannot open network namespace '${spec}' (${errno})`,
      "'ip netns' lists those that have a name",
      cause,
    );
  }
  const [message, hint] = {
    process: [`there is no process ${spec}`, "a network namespace of digits only is taken for a process id"],
    path: [`network namespace '${spec}' does not exist`, "a network namespace with a slash is taken for a path"],
    name: [`network namespace '${spec}' does not exist`, `'ip netns' lists the names (in ${NAMED_DIR}); a process id or a path works too`],
  }[what] as [string, string];
  return new TsproxyError("TSP_ERR_NETNS", "not-found", message, hint, cause);
}
