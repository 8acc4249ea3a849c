import type { InfoView } from "../api/types.js";
import { Controller, type ControllerOptions } from "../control/controller.js";
import { type PluginOptions } from "../docker/plugin.js";
import { type CommandLine } from "../sandbox/front.js";
import { type ClusterSettings } from "./join-cluster.js";
/** `group`: may use the sockets besides root; default: nobody. */
export interface DaemonOptions extends ControllerOptions, Pick<PluginOptions, "group" | "pluginSocket"> {
    commandLine: CommandLine;
    /** The cluster that it is in; undefined: none. */
    cluster?: ClusterSettings | undefined;
}
export declare class Daemon {
    readonly controller: Controller;
    private readonly undo;
    private stopped;
    private proxies;
    /** What it serves where. */
    info: InfoView;
    private constructor();
    /** Starts, or throws with everything undone. */
    static start(options: DaemonOptions, onDeath: (error: Error) => void): Promise<Daemon>;
    stop(): Promise<void>;
    private mappings;
}
