/** Docker's networks of driver tsproxy, with the names that dockerd has for them: what `tsproxy ps` and `tsproxy port` show. */
import type { EndpointView, NetworkView } from "../api/types.js";
import type { Names } from "../docker/dockerd-client.js";
export type NamedNetwork = NetworkView & {
    name: string;
};
/** With what dockerd calls it; "" when it does not say. */
export type NamedEndpoint = EndpointView & {
    container: string;
    containerId: string;
    networkName: string;
};
export interface DockerView {
    networks: NamedNetwork[];
    endpoints: NamedEndpoint[];
}
/** How names are found out; tests have their own. */
export type FindNames = () => Promise<Names>;
export declare function dockerNames(): Promise<Names>;
/** What the daemon with process id `pid` serves, or the only one. */
export declare function loadDockerView(pid: number | undefined, findNames: FindNames): Promise<DockerView>;
/** Socket of the instance with that process id, or of the one that is a daemon. */
export declare function pickDaemon(pid: number | undefined): Promise<string>;
export declare function containerOf(endpoint: NamedEndpoint): string;
export declare function networkOf(endpoint: NamedEndpoint): string;
/** As docker prints ids. */
export declare function shortId(id: string): string;
