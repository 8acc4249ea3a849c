/**
 * The files in which workers keep their flows (`table/flow-file.ts`), in the run folder: `PID-WORKER-NUMBER.flows`. Each is locked by the process whose
 * it is, for as long as that lives. One that nobody has locked was left by a process that ended: one of the same kind, on the same host, goes on
 * with its flows, and then removes it. What nobody can go on with is removed: files of an earlier boot by whoever starts next, those of network
 * namespaces that have ended by any instance, soon. That a process lives its lock tells, for certain; that a namespace has ended, what is seen in /proc, and only if
 * it is seen twice.
 *
 * Names are random, so none is used twice, and a file that goes by a name that was seen once is that one or gone. Only who has the lock removes a file.
 *
 * Without a file, where there can be none, flows end with the process; that is said, and nothing else depends on it.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readdirSync, readFileSync, readSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { FormerFile } from "../engine/messages.js";
import { log } from "../log.js";
import { makeFolder } from "../make-folder.js";
import { lockedFiles } from "../sys/file-locks.js";
import { errnoName, native } from "../sys/native.js";
import { livingNetns } from "../sys/netns.js";
import { randomHex } from "../sys/random.js";
import { checkHeader, type FlowFileOwner, flowFileSize, HEADER_BYTES, type HeaderVerdict, rowsAt } from "../table/flow-file.js";

/** Kinds of instances. */
const ROLES = { daemon: 1, standalone: 2 } as const;
export type FlowRole = keyof typeof ROLES;

const FILE_NAME = /^\d+-\d+(-[0-9a-f]+)?\.flows$/; // earlier versions had no number
const NUMBER_BYTES = 8;
/** How often a new file may be taken for one that is none by others that start in this moment: each of them does so once. */
const MAX_TRIES = 100;
/** Nobody waits for the start any more. */
const SWEEP_MS = 500,
  /** A look at /proc takes its time, and what moves meanwhile it may miss: so there is a second one. */
  SWEEP_SURE_MS = 1000,
  /** No event tells of a namespace's end. So often an idle process may wake for it. */
  SWEEP_AGAIN_MS = 60_000;

interface Open {
  path: string;
  fd: number;
}

export class FlowFiles {
  /** What the files say of who has written them. */
  readonly owner: FlowFileOwner;
  private readonly own: Open[] = [];
  private readonly formers: (Open & FormerFile)[] = [];
  private sweeping: NodeJS.Timeout | undefined;
  /** Those whose namespace was not seen the last time. */
  private suspects: ReadonlySet<string> = new Set();

  /** Takes former files before it makes new ones, `workers` of them, each for `capacity` flows. */
  constructor(
    private readonly dir: string,
    role: FlowRole,
    workers: number,
    capacity: number,
  ) {
    this.owner = { role: ROLES[role], boot: bootId(), netns: statSync("/proc/self/ns/net").ino, cookie: native.netnsCookie(-1) };
    this.takeFormer();
    try {
      for (let worker = 0; worker < workers; worker++) this.own.push(create(dir, worker, capacity));
    } catch (error) {
      for (const file of this.own.splice(0)) discard(file);
      log.warn(`connections will not outlive this process: ${(error as Error).message}`);
    }
  }

  /** Descriptors of the new files, one a worker; none where they could not be made. */
  get fds(): readonly number[] {
    return this.own.map(({ fd }) => fd);
  }

  get former(): readonly FormerFile[] {
    return this.formers.map(({ fd, capacity }) => ({ fd, capacity }));
  }

  /** What could be taken up from former files has been. `used`: some of it was; else they are left to another instance, if they may be its. */
  endFormer(used: boolean): void {
    for (const file of this.formers.splice(0)) {
      if (used || this.owner.role === ROLES.daemon) rmSync(file.path, { force: true });
      closeSync(file.fd);
    }
  }

  /** Removes the files of network namespaces that have ended: soon, and from then on about a minute after their end at the latest. */
  sweepRegularly(living = livingNetns): void {
    let said = "";
    const again = (ms: number): void => {
      clearTimeout(this.sweeping);
      this.sweeping = setTimeout(() => {
        let isSure = true;
        try {
          isSure = this.sweep(living);
        } catch (error) {
          const { message } = error as Error;
          if (message !== said) log.warn(`files of flows of others stay in ${this.dir}: ${message}`);
          said = message;
        }
        again(isSure ? SWEEP_AGAIN_MS : SWEEP_SURE_MS);
      }, ms).unref();
    };
    again(SWEEP_MS);
  }

  /**
   * One look: removes the files of those that the last look did not see either. False: another look is to tell. `living`: inodes of those that have not ended, or
   * undefined if that cannot be told. It takes long where there are many processes, so it is not asked for files that somebody has; what is theirs is not ours to
   * lock.
   */
  sweep(living = livingNetns): boolean {
    const others = flowFiles(this.dir).flatMap((path) => {
      const verdict = verdictOf(path, this.owner);
      return verdict !== undefined && "netns" in verdict ? [{ path, netns: verdict.netns }] : [];
    });
    const isLocked = others.length === 0 ? () => false : lockedFiles();
    const left = others.filter(({ path }) => !isLocked(path));
    const alive = left.some(({ netns }) => netns !== null) ? living() : undefined;
    const before = this.suspects;
    const suspects = new Set<string>();
    for (const { path, netns } of left) {
      if (netns !== null && alive?.has(netns) !== false) continue;
      if (netns === null || before.has(path)) removeUnlocked(path);
      else suspects.add(path);
    }
    this.suspects = suspects;
    return suspects.size === 0;
  }

  /** There are flows in the own files, for whoever comes next. */
  leave(): void {
    clearTimeout(this.sweeping);
    for (const { fd } of this.own.splice(0)) closeSync(fd);
  }

  /** Removes the own files. Former ones that have not been worked off stay. */
  close(): void {
    clearTimeout(this.sweeping);
    for (const file of this.own.splice(0)) discard(file);
    for (const { fd } of this.formers.splice(0)) closeSync(fd);
  }

  /** Whose a file is is asked before it is locked: an instance that starts at the same time must find its own ones free. */
  private takeFormer(): void {
    for (const path of flowFiles(this.dir)) {
      const fd = openFile(path);
      if (fd === null) continue;
      const verdict = checkHeader(headerOf(fd), this.owner);
      if ("refused" in verdict) {
        if (lock(fd)) {
          log.warn(`${path} is not read, and removed: ${verdict.refused}`);
          rmSync(path, { force: true });
        }
      } else if (verdict.sameHost && verdict.role === this.owner.role && lock(fd)) {
        this.formers.push({ path, fd, capacity: verdict.capacity });
        continue;
      }
      closeSync(fd);
    }
  }
}

/** Removes what nobody has locked; answers how many. */
export function removeFlowFiles(dir: string): number {
  return flowFiles(dir).filter(removeUnlocked).length;
}

/** False: somebody has locked it. */
function removeUnlocked(path: string): boolean {
  const file = openUnlocked(path);
  if (file !== null) discard(file);
  return file !== null;
}

function flowFiles(dir: string): string[] {
  try {
    return readdirSync(dir)
      .filter((name) => FILE_NAME.test(name))
      .map((name) => join(dir, name));
  } catch {
    return []; // there is none, or it is not for us
  }
}

/** Locked from now on; null: somebody has it, or it cannot be opened. */
function openUnlocked(path: string): Open | null {
  const fd = openFile(path);
  if (fd === null) return null;
  if (lock(fd)) return { path, fd };
  closeSync(fd);
  return null;
}

/** Null: it cannot be opened, or is no file that could be read without waiting. */
function openFile(path: string): number | null {
  try {
    const fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    if (fstatSync(fd).isFile()) return fd;
    closeSync(fd);
    return null;
  } catch {
    return null;
  }
}

/** False: somebody has it, or has removed it. */
function lock(fd: number): boolean {
  return native.lockFile(fd) === 0 && fstatSync(fd).nlink > 0;
}

function create(dir: string, worker: number, capacity: number): Open {
  makeFolder(dir);
  const file = createLocked(dir, worker);
  ftruncateSync(file.fd, flowFileSize(capacity));
  const result = native.reserveFile(file.fd, 0, rowsAt(capacity));
  if (result === 0) return file;
  discard(file);
  throw new Error(`no room for ${file.path} (${errnoName(result)})`);
}

/** Until it is locked, somebody who starts now may take it for one that is none, and remove it: then it is another one. */
function createLocked(dir: string, worker: number): Open {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const path = join(dir, `${process.pid}-${worker}-${randomHex(NUMBER_BYTES)}.flows`);
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_EXCL, 0o600);
    if (lock(fd)) return { path, fd };
    discard({ path, fd });
  }
  throw new Error(`a new file in ${dir} cannot be locked`);
}

function discard({ path, fd }: Open): void {
  try {
    rmSync(path, { force: true });
  } finally {
    closeSync(fd);
  }
}

/** What the file says of itself; undefined: it cannot be opened. */
function verdictOf(path: string, owner: FlowFileOwner): HeaderVerdict | undefined {
  const fd = openFile(path);
  if (fd === null) return undefined;
  try {
    return checkHeader(headerOf(fd), owner);
  } finally {
    closeSync(fd);
  }
}

function headerOf(fd: number): Int32Array {
  const bytes = new Uint8Array(HEADER_BYTES);
  const got = readSync(fd, bytes, 0, HEADER_BYTES, 0);
  return new Int32Array(bytes.buffer, 0, got >> 2);
}

/** The kernel's number of this boot, a UUID, as four words. */
function bootId(): Int32Array {
  const hex = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").replace(/[^0-9a-f]/g, "");
  return Int32Array.from({ length: 4 }, (_, i) => Number.parseInt(hex.slice(8 * i, 8 * i + 8), 16) | 0);
}
