import type { InfoView } from "../../api/types.js";
import type { Check } from "./check.js";
import type { DockerdProcess, SeenFile } from "./dockerd-process.js";
/** What is looked at. */
export interface DockerSystem {
    /** dockerd's own answer to `GET /info`. Throws TSP_ERR_DOCKER: permission when this user may not ask. */
    info(): Promise<DockerInfo>;
    /** The process behind it, where it can be found. */
    process(): DockerdProcess | undefined;
    /** The tsproxy daemon that runs. Throws TSP_ERR_INSTANCE (permission) when this user may not ask. */
    daemon(): Promise<InfoView | undefined>;
    /** Somebody, such as systemd, listens on that socket. */
    isHeld(socket: string): boolean;
    /** The following see files as dockerd does, and throw when this user may not. */
    readAs(dockerd: DockerdProcess, file: string): SeenFile;
    programAs(dockerd: DockerdProcess, file: string): "launcher" | "other" | "absent";
    seesSame(dockerd: DockerdProcess, file: string): boolean;
}
/** What is used of it. */
export interface DockerInfo {
    ServerVersion?: string;
    /** Docker 29.5 and later: pairs of name and value, `EnableUserlandProxy` and `UserlandProxyPath` among them. */
    FirewallBackend?: {
        Info?: [string, string][];
    };
}
export declare function checkDocker(checks: Check[], system: DockerSystem): Promise<void>;
