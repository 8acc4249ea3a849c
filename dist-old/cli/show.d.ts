/** What the commands have in common that show what a running instance holds. */
import type { Instance } from "../api/instances.js";
import type { CliCommand } from "./command.js";
export interface PrintOptions {
    json: boolean;
}
export interface ShowOptions extends PrintOptions {
    /** Which instance, when several run. */
    pid: number | undefined;
}
export type Write = (text: string) => unknown;
export declare const stdout: Write;
/** The options as they were typed. */
export interface RawShow {
    json?: boolean;
    pid?: string;
}
export declare function addShowOptions(command: CliCommand): CliCommand;
export declare function parseShow({ json, pid }: RawShow): ShowOptions;
/** Asks the instance that is meant, and prints the answer as JSON or as `format` puts it. */
export declare function show<View>({ json, pid }: ShowOptions, write: Write, load: (client: typeof import("../api/client.js"), instance: Instance) => Promise<View>, format: (view: View) => string): Promise<void>;
