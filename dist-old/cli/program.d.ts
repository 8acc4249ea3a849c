/** The whole command line: the main job is the root command, the others hang on it. */
import type { CliCommand } from "./command.js";
/**
 * `parseAsync` of the result runs a command; it throws what `exitCodeOf` and `reportError` take, also for --help, which is code 0. Walk `commands`
 * for what there is: each is a `CliCommand`. With `words`, the arguments that will be parsed, only commands that they can mean are there.
 */
export declare function buildProgram(words?: readonly string[]): Promise<CliCommand>;
