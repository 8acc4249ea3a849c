/** Options of whatever runs a dataplane: the main job and the daemon. They are checked by `standalone/config.ts`. */
import { type CliCommand } from "./command.js";
export declare function addDataplaneOptions(command: CliCommand): CliCommand;
