import { CliCommand } from "../command.js";
export declare function stopCommand(): CliCommand;
export declare function rmCommand(): CliCommand;
export declare function logsCommand(): CliCommand;
export declare function renameCommand(): CliCommand;
export declare function inspectCommand(): CliCommand;
export declare function waitCommand(): CliCommand;
type Exec = (sandbox: string, command: string[]) => Promise<void> | void;
/** `action`: as of `runCommand`. */
export declare function execCommand(action?: Exec): CliCommand;
export declare function attachCommand(): CliCommand;
export declare function detachCommand(): CliCommand;
export {};
