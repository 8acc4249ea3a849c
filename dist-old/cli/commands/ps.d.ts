import { CliCommand } from "../command.js";
import { type FindNames } from "../docker-view.js";
import { type ShowOptions, type Write } from "../show.js";
interface PsOptions extends ShowOptions {
    /** Those that have ended too. */
    all?: boolean | undefined;
    /** Ids of sandboxes alone. */
    quiet?: boolean | undefined;
}
export declare function psCommand(): CliCommand;
export declare function showPs({ json, pid, all, quiet }: PsOptions, write?: Write, names?: FindNames): Promise<void>;
export {};
