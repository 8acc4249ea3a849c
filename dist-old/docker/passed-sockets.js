/**
 * The sockets that systemd holds for the daemon (docs/systemd/tsproxy.socket), so that whoever connects to one starts the daemon as its unit says.
 */
import { launcherSocketPath } from "../api/paths.js";
import { passedSockets } from "../api/unix-socket.js";
/** Names for FileDescriptorName=, for units that hold a socket elsewhere. */
const LAUNCHER = "docker-proxy";
const PLUGIN = "plugin";
/** Which is whose: by its name, else by where it is bound; what is not the launchers' is the plugin's. */
export function passedToDocker(sockets = passedSockets()) {
    const passed = { launcher: undefined, plugin: undefined };
    for (const { fd, name, path } of sockets) {
        const isLauncher = name === LAUNCHER || (name !== PLUGIN && path === launcherSocketPath());
        passed[isLauncher ? "launcher" : "plugin"] ??= fd;
    }
    return passed;
}
//# sourceMappingURL=passed-sockets.js.map