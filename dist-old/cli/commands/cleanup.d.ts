import { CliCommand } from "../command.js";
import { type PrintOptions, type Write } from "../show.js";
export declare function cleanupCommand(): CliCommand;
/** Throws TSP_ERR_STATE or TSP_ERR_SYSCALL (permission) when this user may not remove something. */
export declare function cleanup({ json }: PrintOptions, write?: Write): Promise<void>;
