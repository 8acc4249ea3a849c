export interface Netns {
    /** Keeps the namespace alive until closed with `fs.closeSync`. */
    fd: number;
    path: string;
    /** As the user gave it; of a path the last part. */
    name: string;
}
/**
 * Opens `spec`: digits are a process, a word with a slash is a path (`/proc/PID/ns/net`, `/run/docker/netns/…`), any other word a name.
 * Throws TSP_ERR_NETNS.
 */
export declare function openNetns(spec: string): Netns;
/** Whether both are one namespace; -1 is the caller's own. */
export declare function sameNetns(fdA: number, fdB: number): boolean;
