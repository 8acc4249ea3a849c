/** The real Docker that `tsproxy doctor` looks at. */
import { findDaemon } from "../../api/instances.js";
import { askDockerd, dockerSocket } from "../../docker/dockerd-client.js";
import { Dockerd } from "./dockerd-process.js";
const dockerd = new Dockerd();
export const dockerSystem = {
    info: () => askDockerd("/info"),
    process: () => {
        const socket = dockerSocket();
        return socket === null ? undefined : dockerd.find(socket);
    },
    daemon: () => findDaemon(),
    isHeld: (socket) => dockerd.isHeld(socket),
    readAs: (process, file) => dockerd.readAs(process, file),
    programAs: (process, file) => dockerd.programAs(process, file),
    seesSame: (process, file) => dockerd.seesSame(process, file),
};
//# sourceMappingURL=docker-system.js.map