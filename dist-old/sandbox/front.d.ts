import { SandboxCreate } from "../api/sandbox-types.js";
import type { Sandboxes } from "./sandboxes.js";
export type FrontCommand = {
    kind: "run";
    create: SandboxCreate;
}
/** In a sandbox that is there. */
 | {
    kind: "exec";
    sandbox: string;
    command: readonly string[];
};
export interface CommandLine {
    /** Undefined: it is for a process of its own, as help and wrong usage are. The words of a program are the last ones. Throws nothing. */
    parse(words: readonly string[]): FrontCommand | undefined;
    /** One line for people. */
    describe(error: unknown): string;
}
export interface Front {
    close(): Promise<void>;
}
/** Throws what `listen` throws. */
export declare function serveFront(sandboxes: Sandboxes, commandLine: CommandLine, path: string, group: string | undefined): Promise<Front>;
