import { CliCommand } from "../command.js";
import { type ShowOptions, type Write } from "../show.js";
export declare function targetsCommand(): CliCommand;
export declare function showTargets(options: ShowOptions, write?: Write): Promise<void>;
