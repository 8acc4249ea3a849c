/** Running instances: each listens on `PID.sock` in a run folder (`paths.ts`). */
import { readdir } from "node:fs/promises";
import path from "node:path";
import { TsproxyError } from "../errors.js";
import { ask, denied } from "./client.js";
import { runDirs } from "./paths.js";
import { whoListens } from "./unix-socket.js";
/** Instances that listen, by process id; sockets that a killed one left are passed over. */
export async function findInstances(dirs = runDirs()) {
    const found = await Promise.all(dirs.map(instancesIn));
    return found.flat().sort((a, b) => a.pid - b.pid);
}
async function instancesIn(dir) {
    const names = await readdir(dir).catch((error) => {
        if (error.code === "ENOENT" || error.code === "ENOTDIR")
            return [];
        throw denied(dir, error);
    });
    const found = await Promise.all(names
        .filter((name) => /^\d+\.sock$/.test(name))
        .map(async (name) => {
        const socketPath = path.join(dir, name);
        return { pid: Number.parseInt(name, 10), socketPath, presence: await whoListens(socketPath) };
    }));
    return found
        .filter(({ presence }) => presence !== "absent")
        .map(({ pid, socketPath, presence }) => ({ pid, socketPath, denied: presence === "denied" }));
}
/** The one that runs, or that `pid` names. Throws TSP_ERR_INSTANCE: not-found, conflict when there is a choice, or permission. */
export async function pickInstance(pid, dirs = runDirs()) {
    const instances = await findInstances(dirs);
    if (pid !== undefined) {
        const named = instances.find((instance) => instance.pid === pid);
        if (named === undefined) {
            const pids = pidsOf(instances);
            const hint = pids === "" ? "none runs at all" : `running: ${pids}`;
            throw new TsproxyError("TSP_ERR_INSTANCE", "not-found", `no tsproxy runs as process ${pid}`, hint);
        }
        if (named.denied)
            throw denied(named.socketPath);
        return named;
    }
    const allowed = instances.filter((instance) => !instance.denied);
    const [first, second] = allowed;
    if (second !== undefined) {
        const message = `${allowed.length} instances of tsproxy run (${pidsOf(allowed)})`;
        throw new TsproxyError("TSP_ERR_INSTANCE", "conflict", message, "choose one with --pid");
    }
    if (first !== undefined)
        return first;
    if (instances[0] !== undefined)
        throw denied(instances[0].socketPath);
    throw new TsproxyError("TSP_ERR_INSTANCE", "not-found", "no tsproxy is running", "start one, like 'tsproxy -p 8999:172.17.0.4:8080'");
}
/** The daemon that runs; undefined: none does. Throws TSP_ERR_INSTANCE (permission) when one may, that this user may not ask. */
export async function findDaemon(dirs = runDirs()) {
    const instances = await findInstances(dirs);
    for (const { socketPath } of instances.filter((instance) => !instance.denied)) {
        const info = await ask(socketPath, "info").catch(() => undefined); // of another version, or ending
        if (info?.role === "daemon")
            return info;
    }
    const hidden = instances.find((instance) => instance.denied);
    if (hidden !== undefined)
        throw denied(hidden.socketPath);
    return undefined;
}
function pidsOf(instances) {
    return instances.map((instance) => instance.pid).join(", ");
}
//# sourceMappingURL=instances.js.map