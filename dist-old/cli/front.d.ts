import type { CommandLine } from "../sandbox/front.js";
export declare const frontCommands: CommandLine;
