/** The store of one host: a JSON file, replaced as a whole. */
import type { Records } from "./records.js";
import type { Change, Store } from "./store.js";
export declare class FileStore implements Store {
    private readonly boot;
    readonly file: string;
    private networks;
    private endpoints;
    /** Of who wrote the file; 0: there is none. */
    private pid;
    constructor(dir: string, boot?: string);
    load(): Promise<Records>;
    commit(change: Change): Promise<void>;
    /** Process that wrote what was loaded; 0: nobody. */
    get writer(): number;
    /** Undefined when there is none. One that is damaged is put aside, with a warning. */
    private read;
    private write;
}
/** TSPROXY_STATE_DIR; beside a run folder of one's own, or where the system keeps such things. */
export declare function stateDir(): string;
