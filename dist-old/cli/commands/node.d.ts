/** `tsproxy node …`: the nodes of the cluster that the daemon is in. */
import { CliCommand } from "../command.js";
export declare function nodeCommand(): CliCommand;
