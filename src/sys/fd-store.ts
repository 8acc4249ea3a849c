/**
 * Descriptors that outlive this process while it is restarted: devices, maps and programs on interfaces, bound ports. Whoever keeps them gives
 * them to the next process, and lets them end when none comes:
 *
 * - systemd, where the unit has a descriptor store (`FileDescriptorStoreMax=`, sd_notify(3), sd_listen_fds(3); it says so in $FDSTORE from
 *   version 254 on): for as long as the unit is restarted, and until it is stopped.
 * - else a process of ours, `tsproxy-docker-proxy --keep` (native/docker-proxy-keeper.c), which has a socket in the run folder: for KEEP_SEC
 *   after a process that was killed, and no longer than an orderly end.
 *
 * What is kept has a name; who puts something there takes it away again when it ends. A store that fails keeps nothing more, and nothing else
 * depends on it.
 */
import { execFile, spawn } from "node:child_process";
import { closeSync, existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { log } from "../log.js";
import { makeFolder } from "../make-folder.js";
import { errnoName, native } from "./native.js";
import { launcherFile } from "./native-files.js";

const run = promisify(execFile);
/** A killed process that comes back does so sooner: a launcher of Docker's waits 3 s before it starts another. */
const KEEP_SEC = 15;
const PATIENCE_MS = 2000;
/** SCM_MAX_FD of include/net/scm.h. */
const MAX_FDS = 253;
/** Of names, so that what else systemd passes is told apart (`api/unix-socket.ts`), and that of a process which knows other things is left alone. */
const PREFIX = "tsp.",
  LAYOUT = "1.";
const SD_LISTEN_FDS_START = 3;
const SOCK_DGRAM = 2,
  SOCK_SEQPACKET = 5;

/** Who keeps descriptors. */
interface Keeper {
  /** Those of a process before this one. */
  readonly former: readonly (readonly [name: string, fds: readonly number[]])[];
  /** False: it cannot any more. */
  put(name: string, fds: readonly number[]): boolean;
  /** They are closed when it returns. */
  remove(name: string): boolean;
  /** This process ends in order. */
  end(): void;
  /** What is kept may be kept on after that, for a restart. */
  readonly outlivesEnd: boolean;
  /** This process is ended to be started again. */
  isRestart(): Promise<boolean>;
}

export class FdStore {
  private readonly former = new Map<string, number[]>();
  private works = true;
  /** A former process had put something there. */
  private readonly hadFormer: boolean;

  private constructor(private readonly keeper: Keeper) {
    this.hadFormer = keeper.former.length > 0;
    for (const [name, fds] of keeper.former) this.former.set(name, [...(this.former.get(name) ?? []), ...fds]);
  }

  /** The one that there is for a daemon with its sockets in `dir`; undefined: there is none. */
  static open(dir: string): FdStore | undefined {
    try {
      return new FdStore(process.env.FDSTORE && process.env.NOTIFY_SOCKET ? systemd(process.env.NOTIFY_SOCKET) : ownKeeper(dir));
    } catch (error) {
      log.warn(`nothing will be kept while this process is restarted: ${(error as Error).message}`);
      return undefined;
    }
  }

  /** What a former process put there under the name, in that order, which is kept on; empty: nothing. To be asked once. */
  take(name: string): number[] {
    const fds = this.former.get(LAYOUT + name) ?? [];
    this.former.delete(LAYOUT + name);
    return fds;
  }

  /** Whether a former process put something there under the name that nobody has taken. */
  has(name: string): boolean {
    return this.former.has(LAYOUT + name);
  }

  /** Of what former processes put there and nobody has taken, the names that begin so. */
  names(prefix: string): string[] {
    return [...this.former.keys()].flatMap((name) => (name.startsWith(LAYOUT + prefix) ? name.slice(LAYOUT.length) : []));
  }

  put(name: string, fds: readonly number[]): void {
    for (let at = 0; at < fds.length && this.works; at += MAX_FDS) this.works = this.keeper.put(LAYOUT + name, fds.slice(at, at + MAX_FDS));
  }

  remove(name: string): void {
    if (this.works) this.works = this.keeper.remove(LAYOUT + name);
  }

  /** Lets go of what a former process left and nobody has taken. */
  releaseRest(): void {
    for (const [name, fds] of this.former) {
      for (const fd of fds) closeSync(fd);
      if (this.works) this.works = this.keeper.remove(name);
    }
    this.former.clear();
  }

  /** The process could not start. What a former one left is kept for another try. */
  abandon(): void {
    if (this.hadFormer) this.works = false;
    else this.end();
  }

  /** Whether what is kept may be kept on after an orderly end, for a restart. */
  get outlivesEnd(): boolean {
    return this.keeper.outlivesEnd;
  }

  /** To be asked at an orderly end: whether another process is about to take this one's place, as far as that is told. */
  isRestart(): Promise<boolean> {
    return this.keeper.isRestart();
  }

  /** To be called before an orderly end takes things back one by one. */
  end(): void {
    if (this.works) this.keeper.end();
    this.works = false;
  }
}

/** Has a keeper of ours that waits for the next daemon let go of everything at once; false: there is none, or a daemon uses it. */
export function releaseKept(dir: string): boolean {
  const path = keeperPath(dir);
  const fd = native.unixOpen(path, SOCK_SEQPACKET, 0);
  if (fd < 0) return false;
  native.receiveTimeout(fd, PATIENCE_MS);
  if (native.sendFds(fd, textOf("!"), new Int32Array(0)) === 0) native.recvFds(fd, new Uint8Array(1), new Int32Array(0)); // until it ends
  closeSync(fd);
  return !existsSync(path);
}

/** Of each network namespace: what is kept is of no use in another. */
function keeperPath(dir: string): string {
  return join(dir, `keeper-${statSync("/proc/self/ns/net").ino}.sock`);
}

function textOf(...lines: string[]): Uint8Array {
  return Buffer.from(lines.join("\n"));
}

function systemd(socketPath: string): Keeper {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = "" } = process.env;
  const count = LISTEN_PID === String(process.pid) ? Number(LISTEN_FDS) || 0 : 0;
  const names = LISTEN_FDNAMES.split(":");
  const former = Array.from({ length: count }, (_, i) => [names[i] ?? "", [SD_LISTEN_FDS_START + i]] as const)
    .filter(([name]) => name.startsWith(PREFIX))
    .map(([name, fds]) => [name.slice(PREFIX.length), fds] as const);
  const fd = native.unixOpen(socketPath, SOCK_DGRAM, 0);
  if (fd < 0) throw new Error(`cannot reach systemd at ${socketPath} (${errnoName(fd)})`);
  const say = (message: Uint8Array, fds: readonly number[]): boolean => native.sendFds(fd, message, Int32Array.from(fds)) === 0;
  return {
    former,
    // FDPOLL=0: it is not to look at them, nor to let go of those of a device that is gone.
    put: (name, fds) => say(textOf("FDSTORE=1", `FDNAME=${PREFIX}${name}`, "FDPOLL=0"), fds),
    remove: (name) => say(textOf("FDSTOREREMOVE=1", `FDNAME=${PREFIX}${name}`), []) && barrier(say),
    end: () => {}, // it knows whether it stops us or restarts us
    outlivesEnd: true,
    isRestart: isUnitRestarted,
  };
}

/**
 * What systemd does with the unit just now is a job: `systemctl restart` is one of type `restart`, which ends the unit and then starts it. Which unit it is,
 * docs/systemd/tsproxy.service says.
 */
async function isUnitRestarted(): Promise<boolean> {
  const unit = process.env.TSPROXY_UNIT;
  if (!unit) return false;
  try {
    const { stdout } = await run("systemctl", ["list-jobs", "--no-legend", "--no-pager", unit], { timeout: PATIENCE_MS });
    return stdout.split("\n").some((line) => line.trim().split(/ +/).slice(1, 3).join(" ") === `${unit} restart`);
  } catch (error) {
    log.warn(`systemd does not say whether this is a restart: ${(error as Error).message}`);
    return false;
  }
}

/** Waits until systemd has worked off what it was told: it then closes the descriptor that came with BARRIER=1 (sd_notify_barrier(3)). */
function barrier(say: (message: Uint8Array, fds: readonly number[]) => boolean): boolean {
  const [ours, its] = native.socketPair(SOCK_SEQPACKET);
  const said = say(textOf("BARRIER=1"), [its]);
  closeSync(its);
  native.receiveTimeout(ours, PATIENCE_MS);
  if (said) native.recvFds(ours, new Uint8Array(1), new Int32Array(0));
  closeSync(ours);
  return said;
}

function ownKeeper(dir: string): Keeper {
  makeFolder(dir);
  const path = keeperPath(dir);
  let fd = native.unixOpen(path, SOCK_SEQPACKET, 0);
  const isThere = fd >= 0;
  if (!isThere) fd = startKeeper(path);
  native.receiveTimeout(fd, PATIENCE_MS);
  const say = (text: string, fds: readonly number[] = []): boolean => native.sendFds(fd, textOf(text), Int32Array.from(fds)) === 0;
  const hear = (): [text: string, fds: number[]] | null => {
    const bytes = new Uint8Array(256);
    const fds = new Int32Array(MAX_FDS);
    const [length, count] = native.recvFds(fd, bytes, fds);
    return length <= 0 ? null : [Buffer.from(bytes.subarray(0, length)).toString(), [...fds.subarray(0, count)]];
  };
  const former: [string, number[]][] = [];
  if (isThere && say("?")) for (let next = hear(); next !== null && next[0] !== "."; next = hear()) former.push(next);
  return {
    former,
    put: (name, fds) => say(`+${name}`, fds),
    remove: (name) => say(`-${name}`) && hear() !== null,
    end: () => void (say("!") && hear()), // the answer is its end
    outlivesEnd: false,
    isRestart: async () => false,
  };
}

/** Answers with the descriptor of a connection to it. */
function startKeeper(path: string): number {
  const program = launcherFile();
  if (program === null) throw new Error("there is no tsproxy-docker-proxy to keep it");
  rmSync(path, { force: true });
  const listening = native.unixOpen(path, SOCK_SEQPACKET, 1);
  if (listening < 0) throw new Error(`cannot listen on ${path} (${errnoName(listening)})`);
  try {
    const child = spawn(program, ["--keep", String(KEEP_SEC)], {
      stdio: ["ignore", "ignore", "ignore", listening],
      detached: true,
      env: {},
    });
    child.on("error", (error) => log.warn(`nothing will be kept while this process is restarted: ${error.message}`));
    child.unref();
    const fd = native.unixOpen(path, SOCK_SEQPACKET, 0);
    if (fd < 0) throw new Error(`cannot reach ${path} (${errnoName(fd)})`);
    return fd;
  } finally {
    closeSync(listening);
  }
}
