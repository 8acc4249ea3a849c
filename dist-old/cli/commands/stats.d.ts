import { CliCommand } from "../command.js";
import { type ShowOptions, type Write } from "../show.js";
export declare function statsCommand(): CliCommand;
export declare function showStats(options: ShowOptions, write?: Write): Promise<void>;
