export interface DockerdProcess {
    pid: number;
    /** Milliseconds since 1970, to a second. */
    startedAt: number;
    args: string[];
    /** Where its proxies look for the tsproxy daemon, by its environment; undefined: this user may not look. */
    runDir: string | undefined;
    /** What its proxies run, by their first argument. */
    proxies: string[];
}
/** A file as dockerd sees it. `changedAt`: when its content or name last changed, milliseconds since 1970. */
export interface SeenFile {
    text: string;
    changedAt: number;
}
/** `proc` is `/proc`, but for tests. */
export declare class Dockerd {
    private readonly proc;
    constructor(proc?: string);
    /** The one that listens on `socket`; where this user cannot tell, the only one there is. */
    find(socket: string): DockerdProcess | undefined;
    /** Throws as `readFileSync` does. */
    readAs({ pid }: DockerdProcess, file: string): SeenFile;
    /** What kind of program dockerd would start: ours, another, or none that could be started. Throws when this user may not look. */
    programAs({ pid }: DockerdProcess, file: string): "launcher" | "other" | "absent";
    /** Whether dockerd sees the same file there as this process does. Throws when this user may not look. */
    seesSame({ pid }: DockerdProcess, file: string): boolean;
    /** Whether somebody listens on `socket` in this network namespace, found without waking who does. */
    isHeld(socket: string): boolean;
    private pids;
    private listensOn;
    private canSeeFiles;
    private links;
    private proxiesOf;
    private startedAt;
    /** Fields of /proc/PID/stat from the third on; the second, the name, may hold blanks and brackets. */
    private stat;
    private words;
    /** "" when it cannot be read: processes end, and some may not be looked at. */
    private read;
    /** Through its root folder where this user may, else as this process sees it. */
    private seenBy;
}
