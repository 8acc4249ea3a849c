export interface Names {
    /** Of the container, by endpoint id. */
    containers: Map<string, {
        name: string;
        id: string;
    }>;
    /** By network id. */
    networks: Map<string, string>;
}
/** dockerd's socket, as the docker client finds it; null when that is not on this host. */
export declare function dockerSocket(): string | null;
/** Without names when dockerd does not answer: ids are shown then. */
export declare function dockerNames(): Promise<Names>;
/** GET of dockerd's API. Throws TSP_ERR_DOCKER: permission when this user may not ask, else unavailable. */
export declare function askDockerd<T>(path: string): Promise<T>;
