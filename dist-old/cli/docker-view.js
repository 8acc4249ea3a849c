import { daemonSocket } from "./daemon-socket.js";
export async function dockerNames() {
    return (await import("../docker/dockerd-client.js")).dockerNames();
}
/** What the daemon with process id `pid` serves, or the only one. */
export async function loadDockerView(pid, findNames) {
    const [{ ask }, socketPath, names] = await Promise.all([import("../api/client.js"), pickDaemon(pid), findNames()]);
    const [networks, endpoints] = await Promise.all([ask(socketPath, "networks"), ask(socketPath, "endpoints")]);
    return {
        networks: networks.filter(isDockers).map((network) => ({ ...network, name: names.networks.get(network.id) ?? "" })),
        endpoints: endpoints.filter(isDockers).map((endpoint) => {
            const { name = "", id = "" } = names.containers.get(endpoint.id) ?? {};
            return { ...endpoint, container: name, containerId: id, networkName: names.networks.get(endpoint.network) ?? "" };
        }),
    };
}
/** Sandboxes' networks and endpoints are in `tsproxy network` and the rest of `tsproxy ps`. */
function isDockers(view) {
    return "driver" in view ? view.driver === "tsproxy" : view.owner === "";
}
/** Socket of the instance with that process id, or of the one that is a daemon. */
export async function pickDaemon(pid) {
    if (pid === undefined)
        return daemonSocket();
    return (await (await import("../api/instances.js")).pickInstance(pid)).socketPath;
}
export function containerOf(endpoint) {
    return endpoint.container || shortId(endpoint.id);
}
export function networkOf(endpoint) {
    return endpoint.networkName || shortId(endpoint.network);
}
/** As docker prints ids. */
export function shortId(id) {
    return id.slice(0, 12);
}
//# sourceMappingURL=docker-view.js.map