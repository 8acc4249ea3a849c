import { type RunConfig } from "../../standalone/config.js";
import { CliCommand } from "../command.js";
type Run = (config: RunConfig) => Promise<void>;
/** The root command. */
export declare function foregroundCommand(run?: Run): CliCommand;
export {};
