import { CliCommand } from "../command.js";
import { type Write } from "../show.js";
import { type PluginOptions } from "./install-cni.js";
/** `prefix` comes before `/etc/systemd/system`: for a package, or an image. */
export type InstallOptions = PluginOptions;
export declare function installCommand(): CliCommand;
export declare function install({ prefix, remove }: InstallOptions, write?: Write): void;
