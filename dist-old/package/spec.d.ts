import type { CliCommand, Example, Variable } from "../cli/command.js";
export interface OptionSpec {
    /** `-p`, `--publish`; one of both may be missing. */
    short: string | undefined;
    long: string | undefined;
    /** What it takes, such as `mapping`; undefined: nothing. */
    value: string | undefined;
    description: string;
}
export interface CommandSpec {
    /** `tsproxy` for the root. */
    name: string;
    summary: string;
    /** Lines as help has them: `tsproxy port [OPTIONS] [CONTAINER]`. */
    usage: string[];
    notes: string[];
    variables: Variable[];
    options: OptionSpec[];
    arguments: string[];
    examples: Example[];
    commands: CommandSpec[];
}
export declare function specOf(command: CliCommand): CommandSpec;
/** Whether what the option takes is a file or a folder. */
export declare function takesFile({ value }: OptionSpec): boolean;
/** `-p` and `--publish`. */
export declare function flagsOf({ short, long }: OptionSpec): string[];
