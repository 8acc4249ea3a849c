import { CliCommand } from "../command.js";
import { type FindNames } from "../docker-view.js";
import { type ShowOptions, type Write } from "../show.js";
export declare function portCommand(): CliCommand;
/** `word`: a container's name or id, or an endpoint's id, as far as they are unique; undefined: all. */
export declare function showPort(word: string | undefined, { json, pid }: ShowOptions, write?: Write, names?: FindNames): Promise<void>;
