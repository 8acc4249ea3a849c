/** Where the daemon answers, for the commands that need one. */
import { TsproxyError } from "../errors.js";
/** Throws TSP_ERR_INSTANCE (not-found) when none runs, or permission when this user may not ask it. */
export async function daemonSocket() {
    const { findDaemon } = await import("../api/instances.js");
    const daemon = await findDaemon();
    if (daemon !== undefined)
        return daemon.apiSocket;
    throw new TsproxyError("TSP_ERR_INSTANCE", "not-found", "no tsproxy daemon is running", "start it with 'tsproxy daemon'");
}
//# sourceMappingURL=daemon-socket.js.map