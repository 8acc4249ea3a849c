/**
 * Unix sockets that tsproxy serves: making one, taking the place of one that a killed process left, who may use it; and whether anybody listens
 * on one.
 */
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
} from "node:fs";
import { connect, type Server } from "node:net";
import { basename, dirname } from "node:path";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { makeFolder } from "../make-folder.js";
import { MAX_PATH, runDir } from "./paths.js";

const OTHER_FOLDER = "set TSPROXY_RUN_DIR to another folder";
const LISTEN_FDS_START = 3; // sd_listen_fds(3)
/** What connect(2) says where nobody listens. */
const NOBODY = new Set(["ENOENT", "ENOTDIR", "ECONNREFUSED", "ENOTSOCK"]);

/** `denied`: there is a socket, but this user may not connect to it. */
export type Presence = "listening" | "absent" | "denied";

/** Whether somebody listens on the socket at `path`. Connects to it, so a socket that systemd holds starts its service. */
export function whoListens(path: string): Promise<Presence> {
  if (isAbsent(path)) return Promise.resolve("absent");
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve("listening");
    });
    socket.on("error", ({ code = "" }: NodeJS.ErrnoException) => {
      if (code === "EACCES" || code === "EPERM") resolve("denied");
      else resolve(NOBODY.has(code) ? "absent" : "listening"); // EAGAIN: too busy to accept
    });
  });
}

/** Without a connection, which takes longer. */
function isAbsent(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined;
  } catch {
    return false; // connect(2) says more
  }
}

type Code = "TSP_ERR_API_SOCKET" | "TSP_ERR_DAEMON" | "TSP_ERR_PLUGIN_SOCKET";

export interface ListenOptions {
  path: string;
  /** Name or number of the group that may use it besides its owner; undefined: nobody. */
  group?: string | undefined;
  /** Connections that may wait to be accepted. */
  backlog?: number;
  /** A socket that listens there already, from `passedSockets`. `path` only names it then, and who may use it is not ours to say. */
  passed?: number | undefined;
  /** How a refusal is put: its code, who else may be listening ("another daemon"), and what to do then. */
  refusal: { code: Code; other: string; hint: string };
}

/**
 * Makes `server` listen. Makes the folder, and replaces a socket on which nobody listens. Throws an error of `refusal.code` (conflict when somebody
 * listens), or TSP_ERR_GROUP; nothing listens then.
 */
export async function listen(server: Server, options: ListenOptions): Promise<void> {
  const { backlog, passed } = options;
  const more = backlog === undefined ? {} : { backlog };
  if (passed !== undefined) return start(server, options, { fd: passed, ...more });
  try {
    const remove = await bind(options, (path) => start(server, options, { path, ...more }));
    server.once("close", remove);
  } catch (error) {
    if (server.listening) await new Promise((resolve) => server.close(resolve));
    throw error;
  }
}

/** Makes the folder and what is to be in it. Throws what `listen` throws. */
async function clearPlace(options: ListenOptions): Promise<number | undefined> {
  const { path, group, refusal } = options;
  const { code } = refusal;
  if (Buffer.byteLength(path) > MAX_PATH)
    throw new TsproxyError(code, "invalid", `${path} is too long for a socket's path`, `use at most ${MAX_PATH} bytes`);
  const gid = group === undefined ? undefined : groupId(group);
  try {
    makeFolder(dirname(path), 0o755);
  } catch (cause) {
    throw noFolder(code, dirname(path), "use another folder", cause);
  }
  const presence = await whoListens(path);
  if (presence === "listening") throw new TsproxyError(code, "conflict", `${refusal.other} serves ${path}`, refusal.hint);
  if (presence === "denied") throw new TsproxyError(code, "permission", `${path} belongs to another user`, "run as that user, or as root");
  try {
    rmSync(path, { force: true });
  } catch (cause) {
    throw failure(options, `cannot remove the old ${path}`, cause);
  }
  return gid;
}

/**
 * Has `start` bind under another name, at once, and links the socket to its path once it is what it should be: nobody connects before the mode is set. At its end
 * Node removes the name that it bound, which is gone by then; what is answered removes the path, and only if it is still ours: systemd may have taken it over.
 */
export async function bind(options: ListenOptions, start: (path: string) => Promise<void> | void): Promise<() => void> {
  const { path } = options;
  const gid = await clearPlace(options);
  let folder: number;
  try {
    folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    throw failure(options, `cannot make ${path}`, cause);
  }
  // By the clock: processes in several PID namespaces may have one number, and the folder in common.
  const name = `/proc/self/fd/${folder}/.${basename(path)}.${process.hrtime.bigint().toString(36)}`;
  try {
    const umask = process.umask(0o177); // Node binds before `listen` returns
    let started: Promise<void> | void;
    try {
      started = start(name);
    } finally {
      process.umask(umask);
    }
    await started;
    if (gid !== undefined) chownSync(name, -1, gid);
    chmodSync(name, gid === undefined ? 0o600 : 0o660);
    linkSync(name, path);
    const { dev, ino } = statSync(path);
    return () => {
      const now = statSync(path, { throwIfNoEntry: false });
      if (now?.dev === dev && now.ino === ino) rmSync(path, { force: true });
    };
  } catch (cause) {
    throw cause instanceof TsproxyError ? cause : failure(options, `cannot make ${path}`, cause);
  } finally {
    rmSync(name, { force: true });
    closeSync(folder);
  }
}

function start(server: Server, options: ListenOptions, where: ({ fd: number } | { path: string }) & { backlog?: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const refuse = (cause: Error): void => reject(failure(options, `cannot listen on ${options.path}`, cause));
    server.once("error", refuse).listen(where, () => {
      watchErrors(server.off("error", refuse), options);
      resolve();
    });
  });
}

/** What goes wrong while it listens, as when a client cannot be accepted, ends nothing. */
export function watchErrors(server: Server, { path }: ListenOptions): void {
  server.on("error", ({ message }) => log.warn(`${path} does not serve a client: ${message}`));
}

export function failure({ refusal: { code } }: ListenOptions, what: string, cause: unknown): TsproxyError {
  return failed(code, what, undefined, cause);
}

function noFolder(code: Code, folder: string, hint: string, cause: unknown): TsproxyError {
  return failed(code, `there is no folder ${folder}, and it cannot be made`, hint, cause);
}

function failed(code: Code, what: string, hint: string | undefined, cause: unknown): TsproxyError {
  const errno = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message;
  const denied = errno === "EACCES" || errno === "EPERM" || errno === "EROFS";
  const kind = denied ? "permission" : errno === "EADDRINUSE" ? "conflict" : "unavailable";
  return new TsproxyError(code, kind, `${what} (${errno})`, denied ? "run as root, or use another folder" : hint, cause);
}

/** Before anything else is made: the folder of sockets is made if it is not there. Throws TSP_ERR_API_SOCKET where it cannot be. */
export function prepareRunDir(): void {
  const folder = runDir();
  try {
    makeFolder(folder, 0o755);
  } catch (cause) {
    throw noFolder("TSP_ERR_API_SOCKET", folder, OTHER_FOLDER, cause);
  }
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw failed("TSP_ERR_API_SOCKET", `nothing can be made in ${folder}`, OTHER_FOLDER, cause);
  }
}

export interface PassedSocket {
  fd: number;
  /** That of FileDescriptorName=, or "". */
  name: string;
  /** Where it is bound; "" when that cannot be known. */
  path: string;
}

/**
 * Sockets that systemd listens on for this process (socket activation), in the order of the unit. Throws TSP_ERR_PLUGIN_SOCKET (invalid) when one
 * is none.
 */
export function passedSockets(): PassedSocket[] {
  const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = "" } = process.env;
  if (LISTEN_PID !== String(process.pid)) return [];
  const names = LISTEN_FDNAMES.split(":");
  const passed = Array.from({ length: Number(LISTEN_FDS) || 0 }, (_, i) => ({ fd: LISTEN_FDS_START + i, name: names[i] ?? "" }));
  // What it keeps for us while we are restarted comes the same way (`sys/fd-store.ts`).
  const sockets = passed.filter(({ name }) => !name.startsWith("tsp."));
  return sockets.map(({ fd, name }) => {
    const what = `descriptor ${fd} is no socket, but LISTEN_FDS says so`;
    if (!isSocket(fd)) throw new TsproxyError("TSP_ERR_PLUGIN_SOCKET", "invalid", what, "see sd_listen_fds(3)");
    return { fd, name, path: boundPath(fd) };
  });
}

/** Source: /proc/net/unix, proc(5): Num RefCount Protocol Flags Type St Inode Path. */
function boundPath(fd: number): string {
  const inode = String(fstatSync(fd).ino);
  const line = readFileSync("/proc/net/unix", "utf8")
    .split("\n")
    .map((text) => text.trim().split(/\s+/))
    .find((words) => words[6] === inode);
  return line?.slice(7).join(" ") ?? "";
}

function isSocket(fd: number): boolean {
  try {
    return fstatSync(fd).isSocket();
  } catch {
    return false; // it is not open
  }
}

function groupId(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  // group(5): name:password:number:members
  for (const line of readFileSync("/etc/group", "utf8").split("\n")) {
    const [name, , id] = line.split(":");
    if (name === group && id !== undefined) return Number(id);
  }
  throw new TsproxyError("TSP_ERR_GROUP", "not-found", `there is no group '${group}'`, "see /etc/group, or run 'groupadd'");
}
