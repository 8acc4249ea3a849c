/**
 * A command of the command line, as data: name, summary, notes, options, arguments and examples, from which help is made here, and man pages and
 * completions elsewhere (`buildProgram` gives them all). Its action loads what it needs, so that help needs nothing.
 */
import { Command } from "commander";
import { TsproxyError } from "../errors.js";
export interface Example {
    /** What it does, in a few words. */
    text: string;
    /** One command line, or several. */
    lines: string[];
}
export interface Variable {
    name: string;
    text: string;
}
export declare class CliCommand extends Command {
    /** Paragraphs that explain more than the summary does. */
    readonly notes: string[];
    readonly examples: Example[];
    /** What the environment can set. */
    readonly variables: Variable[];
    /** `usage`: what comes after `tsproxy` in the first line of help; default: name, [OPTIONS] and the arguments. */
    constructor(name: string, summary: string, usage?: string[]);
    note(text: string): this;
    variable(name: string, text: string): this;
    example(text: string, ...lines: string[]): this;
    private defaultUsage;
    private afterHelp;
}
/** For an option that can be given several times. */
export declare function collect(value: string, previous: string[] | undefined): string[];
/** For an option that can be given once. */
export declare function once(option: string, why: string): (value: string, previous: string | undefined) => string;
export declare function usageError(message: string): TsproxyError;
