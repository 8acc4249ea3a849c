/** `tsproxy fdb` */
import { CliCommand } from "../command.js";
import { type ShowOptions, type Write } from "../show.js";
export declare function fdbCommand(): CliCommand;
export declare function showFdb(options: ShowOptions, write?: Write): Promise<void>;
