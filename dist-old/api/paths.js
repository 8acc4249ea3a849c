/** Where running instances keep their sockets; apart from what needs the addon, so that the commands that only ask do not load it. */
import { join } from "node:path";
/** Of the system, and of root. */
const SYSTEM = "/run/tsproxy";
/** Where this process puts its sockets: TSPROXY_RUN_DIR, or /run/tsproxy, or another user's own folder for such things. */
export function runDir() {
    const { TSPROXY_RUN_DIR, XDG_RUNTIME_DIR } = process.env;
    if (TSPROXY_RUN_DIR)
        return TSPROXY_RUN_DIR;
    return process.geteuid?.() === 0 || !XDG_RUNTIME_DIR ? SYSTEM : join(XDG_RUNTIME_DIR, "tsproxy");
}
/** Where to look for instances: in this user's folder and in the system's; with TSPROXY_RUN_DIR only there. */
export function runDirs() {
    return process.env.TSPROXY_RUN_DIR ? [runDir()] : [...new Set([runDir(), SYSTEM])];
}
/** Where the daemon waits for docker-proxy launchers. */
export function launcherSocketPath() {
    return join(runDir(), "docker-proxy.sock");
}
/** Where the daemon waits for `tsproxy run` and `exec` (`native/front.c`). */
export function frontSocketPath() {
    return join(runDir(), "run.sock");
}
/** Where the daemon waits for the CNI plugin. */
export function cniSocketPath() {
    return join(runDir(), "cni.sock");
}
export function socketPath(pid) {
    return join(runDir(), `${pid}.sock`);
}
//# sourceMappingURL=paths.js.map