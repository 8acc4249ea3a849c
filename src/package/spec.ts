/** The command line as plain data, read off the commands themselves: what man page and completions are made of. */
import type { Command, Option } from "commander";
import type { CliCommand, Example, Variable } from "../cli/command.js";

export interface OptionSpec {
  /** `-p`, `--publish`; one of both may be missing. */
  short: string | undefined;
  long: string | undefined;
  /** What it takes, such as `mapping`; undefined: nothing. */
  value: string | undefined;
  /** It may be left out. */
  optional: boolean;
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

export function specOf(command: CliCommand): CommandSpec {
  const help = command.createHelp();
  return {
    name: command.name(),
    summary: command.description(),
    usage: help
      .commandUsage(command)
      .split("\n")
      .map((line) => line.trim()),
    notes: command.notes,
    variables: command.variables,
    options: help.visibleOptions(command).map(optionOf),
    arguments: command.registeredArguments.map((argument) => argument.name()),
    examples: command.examples,
    commands: command.commands.map((sub: Command) => specOf(sub as CliCommand)),
  };
}

function optionOf({ short, long, flags, description }: Option): OptionSpec {
  const [, value, optional] = /<(.+)>|\[(.+)\]/.exec(flags) ?? [];
  return { short, long, value: value ?? optional, optional: optional !== undefined, description };
}

/** Whether what the option takes is a file or a folder. */
export function takesFile({ value }: OptionSpec): boolean {
  return value === "path" || value === "dir";
}

/** `-p` and `--publish`. */
export function flagsOf({ short, long }: OptionSpec): string[] {
  return [short, long].filter((flag) => flag !== undefined);
}
