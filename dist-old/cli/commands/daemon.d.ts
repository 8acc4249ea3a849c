import type { InfoView } from "../../api/types.js";
import type { DaemonOptions } from "../../daemon/daemon.js";
import { CliCommand } from "../command.js";
import type { PrintOptions } from "../show.js";
type Options = Omit<DaemonOptions, "commandLine"> & PrintOptions;
type Start = (options: Options) => Promise<void>;
export declare function daemonCommand(start?: Start): CliCommand;
/** `ready` first, for who waits for it; then what is served where. */
export declare function readyLine({ pluginSocket, launcherSocket, apiSocket }: InfoView): string;
export {};
