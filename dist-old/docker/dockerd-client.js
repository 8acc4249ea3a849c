/** Asks dockerd: what it is, and what it calls the endpoints and networks of its remote driver, since a plugin is told ids alone. */
import { NoAnswer, requestJson } from "../api/http-client.js";
import { TsproxyError } from "../errors.js";
const TIMEOUT_MS = 2000;
/** dockerd's socket, as the docker client finds it; null when that is not on this host. */
export function dockerSocket() {
    const host = process.env.DOCKER_HOST || "unix:///var/run/docker.sock";
    return host.startsWith("unix://") ? host.slice("unix://".length) : null;
}
/** Without names when dockerd does not answer: ids are shown then. */
export async function dockerNames() {
    const names = { containers: new Map(), networks: new Map() };
    try {
        const [containers, networks] = await Promise.all([
            askDockerd("/containers/json"),
            askDockerd("/networks"),
        ]);
        for (const { Id, Name } of networks)
            names.networks.set(Id, Name);
        for (const { Id, Names, NetworkSettings } of containers)
            for (const { EndpointID } of Object.values(NetworkSettings?.Networks ?? {}))
                if (EndpointID)
                    names.containers.set(EndpointID, { name: (Names[0] ?? Id).replace(/^\//, ""), id: Id });
    }
    catch {
        // as good as none
    }
    return names;
}
/** GET of dockerd's API. Throws TSP_ERR_DOCKER: permission when this user may not ask, else unavailable. */
export async function askDockerd(path) {
    const socketPath = dockerSocket();
    if (socketPath === null)
        throw new TsproxyError("TSP_ERR_DOCKER", "unavailable", `DOCKER_HOST is ${process.env.DOCKER_HOST}, not a socket of this host`, "unset it");
    try {
        const { status, value } = await requestJson(socketPath, { method: "GET", path, timeoutMs: TIMEOUT_MS });
        if (status === 200)
            return value;
        throw new TsproxyError("TSP_ERR_DOCKER", "unavailable", `dockerd answers ${path} with status ${status}`);
    }
    catch (error) {
        if (!(error instanceof NoAnswer))
            throw error;
        const { errno, message } = error;
        if (errno === "EACCES" || errno === "EPERM") {
            const hint = "run as root, or as a member of the group docker";
            throw new TsproxyError("TSP_ERR_DOCKER", "permission", `this user may not open ${socketPath}`, hint, error);
        }
        const what = `dockerd does not answer at ${socketPath} (${errno ?? message})`;
        throw new TsproxyError("TSP_ERR_DOCKER", "unavailable", what, "start docker, or set DOCKER_HOST", error);
    }
}
//# sourceMappingURL=dockerd-client.js.map