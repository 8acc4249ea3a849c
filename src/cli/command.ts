/**
 * A command of the command line, as data: name, summary, notes, options, arguments and examples, from which help is made here, and man pages and
 * completions elsewhere (`buildProgram` gives them all). Its action loads what it needs, so that help needs nothing.
 */
import { Command, type HelpContext, type Option } from "commander";
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

export class CliCommand extends Command {
  /** Paragraphs that explain more than the summary does. */
  readonly notes: string[] = [];
  readonly examples: Example[] = [];
  /** What the environment can set. */
  readonly variables: Variable[] = [];

  /** `usage`: what comes after `tsproxy` in the first line of help; default: name, [OPTIONS] and the arguments. */
  constructor(name: string, summary: string, usage?: string[]) {
    super(name);
    this.description(summary)
      .exitOverride()
      .configureOutput({ outputError: () => {} }) // reportError says it, in one line
      .configureHelp({
        optionTerm: (option) => (option.short ? "" : "    ") + flagsOf(option),
        optionDescription: (option) => option.description, // which has the default, as people write it
        subcommandTerm: (command) => command.name(),
        commandUsage: () => (usage ?? [this.defaultUsage()]).join("\n       "),
      })
      .helpOption("-h, --help", "Show this help")
      .allowExcessArguments(false)
      .addHelpText("after", () => this.afterHelp());
  }

  /** commander shows all of it, as an error, where a command does nothing by itself and none is named: an error is one line. */
  override help(context?: HelpContext | ((text: string) => string)): never {
    if (typeof context !== "object" || !context.error) return super.help(context as HelpContext);
    throw usageError(`no command behind '${this.name()}': there are ${this.commands.map((command) => command.name()).join(", ")}`);
  }

  note(text: string): this {
    this.notes.push(text);
    return this;
  }

  variable(name: string, text: string): this {
    this.variables.push({ name, text });
    return this;
  }

  example(text: string, ...lines: string[]): this {
    this.examples.push({ text, lines });
    return this;
  }

  private defaultUsage(): string {
    return ["tsproxy", this.name(), "[OPTIONS]", ...this.registeredArguments.map((a) => `[${a.name().toUpperCase()}]`)].join(" ");
  }

  private afterHelp(): string {
    const width = Math.max(...this.variables.map(({ name }) => name.length)) + 2;
    const variables = this.variables.map(({ name, text }) => `  ${name.padEnd(width)}${text}\n`);
    const examples = this.examples.map(({ text, lines }) => `  ${text}\n${lines.map((line) => `    ${line}\n`).join("")}`);
    return [
      ...this.notes.map((note) => `\n${note}\n`),
      ...(variables.length === 0 ? [] : [`\nEnvironment:\n${variables.join("")}`]),
      ...(examples.length === 0 ? [] : [`\n${examples.length === 1 ? "Example" : "Examples"}:\n${examples.join("\n")}`]),
    ].join("");
  }
}

/** `-p, --publish MAPPING` */
function flagsOf(option: Option): string {
  return option.flags.replace(/<(.+)>|\[(.+)\]/, (_, name?: string, optional?: string) =>
    name === undefined ? `[${optional!.toUpperCase()}]` : name.toUpperCase(),
  );
}

/** For an option that can be given several times. */
export function collect(value: string, previous: string[] | undefined): string[] {
  return [...(previous ?? []), value];
}

/** For an option that can be given once. */
export function once(option: string, why: string): (value: string, previous: string | undefined) => string {
  return (value, previous) => {
    if (previous !== undefined) throw usageError(`${option} '${value}': there is '${previous}' already; ${why}`);
    return value;
  };
}

export function usageError(message: string): TsproxyError {
  return new TsproxyError("TSP_ERR_USAGE", "invalid", message);
}
