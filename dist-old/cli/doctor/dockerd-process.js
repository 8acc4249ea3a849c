/**
 * The dockerd that runs here, as its process shows it: when it started, with which arguments, which daemon.json, which proxies it has started.
 * Source: /proc/PID/{comm,cmdline,stat,fd,root,environ} and /proc/PID/net/unix (proc(5)). Paths of dockerd are read as dockerd sees them, where
 * this user may look through /proc/PID/root, which is mostly root alone.
 */
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, statSync } from "node:fs";
import path from "node:path";
const CLOCK_TICKS = 100; // USER_HZ, in which /proc shows times (include/asm-generic/param.h)
const LISTENING = 1 << 16; // __SO_ACCEPTCON, include/uapi/linux/net.h
/** The launcher is small; docker-proxy is some megabytes. */
const MAX_PROGRAM = 16 << 20;
/** `proc` is `/proc`, but for tests. */
export class Dockerd {
    constructor(proc = "/proc") {
        this.proc = proc;
    }
    /** The one that listens on `socket`; where this user cannot tell, the only one there is. */
    find(socket) {
        const all = this.pids().filter((pid) => this.read(`${pid}/comm`).trim() === "dockerd");
        const pid = all.find((candidate) => this.listensOn(candidate, socket)) ?? (all.length === 1 && !this.canSeeFiles(all[0]) ? all[0] : undefined);
        if (pid === undefined)
            return undefined;
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
    readAs({ pid }, file) {
        const seen = this.seenBy(pid, file);
        return { text: readFileSync(seen, "utf8"), changedAt: statSync(seen).ctimeMs };
    }
    /** What kind of program dockerd would start: ours, another, or none that could be started. Throws when this user may not look. */
    programAs({ pid }, file) {
        const seen = this.seenBy(pid, file);
        try {
            const { mode, size } = statSync(seen);
            if ((mode & 0o111) === 0)
                return "absent";
            return size <= MAX_PROGRAM && contains(seen, "docker-proxy (commit tsproxy)") ? "launcher" : "other";
        }
        catch (error) {
            if (["ENOENT", "ENOTDIR"].includes(error.code ?? ""))
                return "absent";
            throw error;
        }
    }
    /** Whether dockerd sees the same file there as this process does. Throws when this user may not look. */
    seesSame({ pid }, file) {
        const ours = statSync(file);
        try {
            const theirs = statSync(`${this.proc}/${pid}/root${file}`);
            return theirs.dev === ours.dev && theirs.ino === ours.ino;
        }
        catch (error) {
            if (error.code === "ENOENT")
                return false;
            throw error;
        }
    }
    /** Whether somebody listens on `socket` in this network namespace, found without waking who does. */
    isHeld(socket) {
        return listeningInodes(this.read("self/net/unix"), socket).length > 0;
    }
    pids() {
        return readdirSync(this.proc)
            .filter((name) => /^\d+$/.test(name))
            .map(Number)
            .sort((a, b) => a - b);
    }
    listensOn(pid, socket) {
        const inodes = listeningInodes(this.read(`${pid}/net/unix`), socket);
        return this.links(pid).some((link) => inodes.some((inode) => link === `socket:[${inode}]`));
    }
    canSeeFiles(pid) {
        return this.links(pid).length > 0;
    }
    links(pid) {
        try {
            return readdirSync(`${this.proc}/${pid}/fd`).map((fd) => {
                try {
                    return readlinkSync(`${this.proc}/${pid}/fd/${fd}`);
                }
                catch {
                    return ""; // closed meanwhile
                }
            });
        }
        catch {
            return []; // this user may not look, or it ended
        }
    }
    proxiesOf(parent) {
        return this.pids().flatMap((pid) => {
            if (this.stat(pid)[PPID] !== String(parent))
                return [];
            const args = this.words(`${pid}/cmdline`);
            return args.includes("-container-ip") ? [args[0] ?? ""] : [];
        });
    }
    startedAt(pid) {
        const bootedSec = Number(/^btime (\d+)$/m.exec(this.read("stat"))?.[1] ?? 0);
        return (bootedSec + Number(this.stat(pid)[STARTTIME] ?? 0) / CLOCK_TICKS) * 1000;
    }
    /** Fields of /proc/PID/stat from the third on; the second, the name, may hold blanks and brackets. */
    stat(pid) {
        const text = this.read(`${pid}/stat`);
        return text.slice(text.lastIndexOf(")") + 2).split(" ");
    }
    words(file) {
        return this.read(file)
            .split("\0")
            .filter((word) => word !== "");
    }
    /** "" when it cannot be read: processes end, and some may not be looked at. */
    read(file) {
        try {
            return readFileSync(path.join(this.proc, file), "utf8");
        }
        catch {
            return "";
        }
    }
    /** Through its root folder where this user may, else as this process sees it. */
    seenBy(pid, file) {
        const root = `${this.proc}/${pid}/root`;
        try {
            readdirSync(root);
            return path.join(root, file);
        }
        catch {
            return file;
        }
    }
}
/** Indices in `stat`: fields 4 and 22 of proc_pid_stat(5). */
const PPID = 1, STARTTIME = 19;
/** Inodes of the listening sockets at `socket`; /var/run is /run. */
function listeningInodes(table, socket) {
    const canonical = (file) => file.replace(/^\/var\/run\//, "/run/");
    return table.split("\n").flatMap((line) => {
        // Num RefCount Protocol Flags Type St Inode Path
        const [, , , flags = "0", , , inode = "", file = ""] = line.trim().split(/\s+/);
        return (Number.parseInt(flags, 16) & LISTENING) !== 0 && canonical(file) === canonical(socket) ? [inode] : [];
    });
}
function variableOf(environment, name) {
    return environment.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}
function contains(file, text) {
    const fd = openSync(file, "r");
    try {
        const bytes = Buffer.alloc(MAX_PROGRAM);
        return bytes.subarray(0, readSync(fd, bytes)).includes(text);
    }
    finally {
        closeSync(fd);
    }
}
//# sourceMappingURL=dockerd-process.js.map