/** Sandboxes by id and name, those that have ended too. */
import type { Process } from "./process.js";
import type { SandboxRecord } from "./records.js";
export interface LiveSandbox {
    record: SandboxRecord;
    /** Undefined: an attached one, or one that has ended. */
    process: Process | undefined;
    /** It was told to end, and gets no new connections by ports that lead to its name. */
    stopping: boolean;
    /** Who waits for its end. */
    waiting: Set<(exitCode: number) => void>;
}
export declare class SandboxRegistry {
    private readonly byId;
    all(): readonly LiveSandbox[];
    get(id: string): LiveSandbox | undefined;
    byName(name: string): LiveSandbox | undefined;
    add(live: LiveSandbox): void;
    remove({ record }: LiveSandbox): void;
    /** By name, id, or the start of an id. Throws TSP_ERR_SANDBOX: not-found, or conflict for the start of several ids. */
    find(word: string): LiveSandbox;
    /** As `find`; throws also for one that has ended. */
    running(word: string): LiveSandbox;
    /** What `--link TEXT` of sandbox `own` means. */
    link(text: string, own: string): SandboxRecord["links"][number];
    /** Those that are linked to it, and run. */
    linkedTo(id: string): LiveSandbox[];
}
