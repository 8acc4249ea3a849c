/** Where this process puts its sockets: TSPROXY_RUN_DIR, or /run/tsproxy, or another user's own folder for such things. */
export declare function runDir(): string;
/** Where to look for instances: in this user's folder and in the system's; with TSPROXY_RUN_DIR only there. */
export declare function runDirs(): string[];
/** Where the daemon waits for docker-proxy launchers. */
export declare function launcherSocketPath(): string;
/** Where the daemon waits for `tsproxy run` and `exec` (`native/front.c`). */
export declare function frontSocketPath(): string;
/** Where the daemon waits for the CNI plugin. */
export declare function cniSocketPath(): string;
export declare function socketPath(pid: number): string;
