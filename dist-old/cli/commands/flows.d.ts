/** `tsproxy flows` */
import type { FlowQuery } from "../../api/types.js";
import { CliCommand } from "../command.js";
import { type ShowOptions, type Write } from "../show.js";
export declare function flowsCommand(): CliCommand;
export declare function showFlows(query: FlowQuery, options: ShowOptions, write?: Write): Promise<void>;
export declare function endFlows(query: FlowQuery, options: ShowOptions, write?: Write): Promise<void>;
