/** Network namespaces by name, process or path. */
import fs from "node:fs";
import path from "node:path";
import { TsproxyError } from "../errors.js";
/** Where `ip netns add NAME` puts them. */
const NAMED_DIR = "/var/run/netns";
/** linux/magic.h */
const NSFS_MAGIC = 0x6e736673;
/**
 * Opens `spec`: digits are a process, a word with a slash is a path (`/proc/PID/ns/net`, `/run/docker/netns/…`), any other word a name.
 * Throws TSP_ERR_NETNS.
 */
export function openNetns(spec) {
    const isPid = /^\d+$/.test(spec);
    const isPath = spec.includes("/");
    const file = isPid ? `/proc/${spec}/ns/net` : isPath ? spec : path.join(NAMED_DIR, spec);
    let fd;
    try {
        // O_NONBLOCK: a FIFO given by mistake must not make us wait.
        fd = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    }
    catch (error) {
        throw openError(spec, isPid ? "process" : isPath ? "path" : "name", error.code ?? "", error);
    }
    if (isNetns(fd))
        return { fd, path: file, name: isPath ? path.basename(spec) : spec };
    fs.closeSync(fd);
    throw new TsproxyError("TSP_ERR_NETNS", "invalid", `'${spec}' is no network namespace`, "give a name from 'ip netns', a process id, or a path like /proc/PID/ns/net");
}
/** Whether both are one namespace; -1 is the caller's own. */
export function sameNetns(fdA, fdB) {
    const [a, b] = [fdA, fdB].map((fd) => (fd < 0 ? fs.statSync("/proc/thread-self/ns/net") : fs.fstatSync(fd)));
    return a?.dev === b?.dev && a?.ino === b?.ino;
}
function isNetns(fd) {
    const self = `/proc/self/fd/${fd}`;
    if (fs.statfsSync(self).type !== NSFS_MAGIC)
        return false;
    // All kinds of namespaces are on this file system. Opened through /proc the link is "net:[4026531840]"; of a bind mount it is a path.
    const kind = /^(\w+):\[\d+\]$/.exec(fs.readlinkSync(self))?.[1];
    return kind === undefined || kind === "net";
}
function openError(spec, what, errno, cause) {
    if (errno === "EACCES" || errno === "EPERM") {
        const hint = "run as root, or grant CAP_SYS_ADMIN and CAP_SYS_PTRACE";
        return new TsproxyError("TSP_ERR_NETNS", "permission", `cannot open network namespace '${spec}' (${errno})`, hint, cause);
    }
    if (errno !== "ENOENT" && errno !== "ENOTDIR") {
        return new TsproxyError("TSP_ERR_NETNS", "invalid", `cannot open network namespace '${spec}' (${errno})`, undefined, cause);
    }
    const [message, hint] = {
        process: [`there is no process ${spec}`, "a network namespace of digits only is taken for a process id"],
        path: [`network namespace '${spec}' does not exist`, "a network namespace with a slash is taken for a path"],
        name: [`network namespace '${spec}' does not exist`, `'ip netns' lists the names (in ${NAMED_DIR}); a process id or a path works too`],
    }[what];
    return new TsproxyError("TSP_ERR_NETNS", "not-found", message, hint, cause);
}
//# sourceMappingURL=netns.js.map