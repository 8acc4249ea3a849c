/**
 * Unix sockets that tsproxy serves: making one, taking the place of one that a killed process left, who may use it; and whether anybody listens
 * on one.
 */
import { chmodSync, chownSync, closeSync, constants, fstatSync, linkSync, mkdirSync, openSync, readFileSync, rmSync, statSync, } from "node:fs";
import { connect } from "node:net";
import { basename, dirname } from "node:path";
import { TsproxyError } from "../errors.js";
/** Bytes of a path in struct sockaddr_un, less its terminating zero (unix(7)). Node cuts longer ones off without a word. */
const MAX_PATH = 107;
const LISTEN_FDS_START = 3; // sd_listen_fds(3)
/** What connect(2) says where nobody listens. */
const NOBODY = new Set(["ENOENT", "ENOTDIR", "ECONNREFUSED", "ENOTSOCK"]);
/** Whether somebody listens on the socket at `path`. Connects to it, so a socket that systemd holds starts its service. */
export function whoListens(path) {
    return new Promise((resolve) => {
        const socket = connect(path, () => {
            socket.destroy();
            resolve("listening");
        });
        socket.on("error", ({ code = "" }) => {
            if (code === "EACCES" || code === "EPERM")
                resolve("denied");
            else
                resolve(NOBODY.has(code) ? "absent" : "listening"); // EAGAIN: too busy to accept
        });
    });
}
/**
 * Makes `server` listen. Makes the folder, and replaces a socket on which nobody listens. Throws an error of `refusal.code` (conflict when somebody
 * listens), or TSP_ERR_GROUP; nothing listens then.
 */
export async function listen(server, options) {
    const { path, group, backlog, passed, refusal } = options;
    const { code } = refusal;
    if (passed !== undefined)
        return start(server, options, { fd: passed, ...(backlog !== undefined && { backlog }) });
    if (Buffer.byteLength(path) > MAX_PATH)
        throw new TsproxyError(code, "invalid", `${path} is too long for a socket's path`, `use at most ${MAX_PATH} bytes`);
    const gid = group === undefined ? undefined : groupId(group);
    try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
    }
    catch (cause) {
        throw failure(options, `there is no folder ${dirname(path)}, and it cannot be made`, cause);
    }
    const presence = await whoListens(path);
    if (presence === "listening")
        throw new TsproxyError(code, "conflict", `${refusal.other} serves ${path}`, refusal.hint);
    if (presence === "denied")
        throw new TsproxyError(code, "permission", `${path} belongs to another user`, "run as that user, or as root");
    try {
        rmSync(path, { force: true });
    }
    catch (cause) {
        throw failure(options, `cannot remove the old ${path}`, cause);
    }
    await bind(server, options, gid);
}
/**
 * Binds under another name, and links the socket to its path once it is what it should be: nobody connects before the mode is set. At its end Node
 * removes the name that it bound, which is gone by then; the path is removed here, and only if it is still ours: systemd may have taken it over.
 */
async function bind(server, options, gid) {
    const { path, backlog } = options;
    const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
    const name = `/proc/self/fd/${folder}/.${basename(path)}.${process.pid}`;
    try {
        rmSync(name, { force: true }); // of a dead process that had our number
        const umask = process.umask(0o177); // Node binds before `listen` returns
        const started = start(server, options, { path: name, ...(backlog !== undefined && { backlog }) });
        process.umask(umask);
        await started;
        if (gid !== undefined)
            chownSync(name, -1, gid);
        chmodSync(name, gid === undefined ? 0o600 : 0o660);
        linkSync(name, path);
        const { dev, ino } = statSync(path);
        server.once("close", () => {
            const now = statSync(path, { throwIfNoEntry: false });
            if (now?.dev === dev && now.ino === ino)
                rmSync(path, { force: true });
        });
    }
    catch (cause) {
        if (server.listening)
            await new Promise((resolve) => server.close(resolve));
        throw cause instanceof TsproxyError ? cause : failure(options, `cannot make ${path}`, cause);
    }
    finally {
        rmSync(name, { force: true });
        closeSync(folder);
    }
}
function start(server, options, where) {
    return new Promise((resolve, reject) => {
        const refuse = (cause) => reject(failure(options, `cannot listen on ${options.path}`, cause));
        server.once("error", refuse).listen(where, () => {
            server.off("error", refuse);
            resolve();
        });
    });
}
function failure({ refusal: { code } }, what, cause) {
    const errno = cause.code ?? cause.message;
    const denied = errno === "EACCES" || errno === "EPERM" || errno === "EROFS";
    const kind = denied ? "permission" : errno === "EADDRINUSE" ? "conflict" : "unavailable";
    return new TsproxyError(code, kind, `${what} (${errno})`, denied ? "run as root, or use another folder" : undefined, cause);
}
/**
 * Sockets that systemd listens on for this process (socket activation), in the order of the unit. Throws TSP_ERR_PLUGIN_SOCKET (invalid) when one
 * is none.
 */
export function passedSockets() {
    const { LISTEN_PID, LISTEN_FDS, LISTEN_FDNAMES = "" } = process.env;
    if (LISTEN_PID !== String(process.pid))
        return [];
    const names = LISTEN_FDNAMES.split(":");
    const passed = Array.from({ length: Number(LISTEN_FDS) || 0 }, (_, i) => ({ fd: LISTEN_FDS_START + i, name: names[i] ?? "" }));
    // What it keeps for us while we are restarted comes the same way (`sys/fd-store.ts`).
    const sockets = passed.filter(({ name }) => !name.startsWith("tsp."));
    return sockets.map(({ fd, name }) => {
        const what = `descriptor ${fd} is no socket, but LISTEN_FDS says so`;
        if (!isSocket(fd))
            throw new TsproxyError("TSP_ERR_PLUGIN_SOCKET", "invalid", what, "see sd_listen_fds(3)");
        return { fd, name, path: boundPath(fd) };
    });
}
/** Source: /proc/net/unix, proc(5): Num RefCount Protocol Flags Type St Inode Path. */
function boundPath(fd) {
    const inode = String(fstatSync(fd).ino);
    const line = readFileSync("/proc/net/unix", "utf8")
        .split("\n")
        .map((text) => text.trim().split(/\s+/))
        .find((words) => words[6] === inode);
    return line?.slice(7).join(" ") ?? "";
}
function isSocket(fd) {
    try {
        return fstatSync(fd).isSocket();
    }
    catch {
        return false; // it is not open
    }
}
function groupId(group) {
    if (/^\d+$/.test(group))
        return Number(group);
    // group(5): name:password:number:members
    for (const line of readFileSync("/etc/group", "utf8").split("\n")) {
        const [name, , id] = line.split(":");
        if (name === group && id !== undefined)
            return Number(id);
    }
    throw new TsproxyError("TSP_ERR_GROUP", "not-found", `there is no group '${group}'`, "see /etc/group, or run 'groupadd'");
}
//# sourceMappingURL=unix-socket.js.map