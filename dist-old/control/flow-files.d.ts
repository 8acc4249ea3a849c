import type { FormerFile } from "../engine/messages.js";
import { type FlowFileOwner } from "../table/flow-file.js";
/** Kinds of instances. */
declare const ROLES: {
    readonly daemon: 1;
    readonly standalone: 2;
};
export type FlowRole = keyof typeof ROLES;
export declare class FlowFiles {
    private readonly dir;
    /** What the files say of who has written them. */
    readonly owner: FlowFileOwner;
    private readonly own;
    private readonly formers;
    /** Takes former files before it makes new ones, `workers` of them, each for `capacity` flows. */
    constructor(dir: string, role: FlowRole, workers: number, capacity: number);
    /** Descriptors of the new files, one a worker; none where they could not be made. */
    get fds(): readonly number[];
    get former(): readonly FormerFile[];
    /** What could be taken up from former files has been. `used`: some of it was; else they are left to another instance, if they may be its. */
    endFormer(used: boolean): void;
    /** There are flows in the own files, for whoever comes next. */
    leave(): void;
    /** Removes the own files. Former ones that have not been worked off stay. */
    close(): void;
    private takeFormer;
}
/** Removes what nobody has locked; answers how many. */
export declare function removeFlowFiles(dir: string): number;
export {};
