/**
 * A command of the command line, as data: name, summary, notes, options, arguments and examples, from which help is made here, and man pages and
 * completions elsewhere (`buildProgram` gives them all). Its action loads what it needs, so that help needs nothing.
 */
import { Command } from "commander";
import { TsproxyError } from "../errors.js";
export class CliCommand extends Command {
    /** `usage`: what comes after `tsproxy` in the first line of help; default: name, [OPTIONS] and the arguments. */
    constructor(name, summary, usage) {
        super(name);
        /** Paragraphs that explain more than the summary does. */
        this.notes = [];
        this.examples = [];
        /** What the environment can set. */
        this.variables = [];
        this.description(summary)
            .exitOverride()
            .configureOutput({ outputError: () => { } }) // reportError says it, in one line
            .configureHelp({
            optionTerm: (option) => (option.short ? "" : "    ") + flagsOf(option),
            subcommandTerm: (command) => command.name(),
            commandUsage: () => (usage ?? [this.defaultUsage()]).join("\n       "),
        })
            .helpOption("-h, --help", "Show this help")
            .allowExcessArguments(false)
            .addHelpText("after", () => this.afterHelp());
    }
    note(text) {
        this.notes.push(text);
        return this;
    }
    variable(name, text) {
        this.variables.push({ name, text });
        return this;
    }
    example(text, ...lines) {
        this.examples.push({ text, lines });
        return this;
    }
    defaultUsage() {
        return ["tsproxy", this.name(), "[OPTIONS]", ...this.registeredArguments.map((a) => `[${a.name().toUpperCase()}]`)].join(" ");
    }
    afterHelp() {
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
function flagsOf(option) {
    return option.flags.replace(/<(.+)>/, (_, name) => name.toUpperCase());
}
/** For an option that can be given several times. */
export function collect(value, previous) {
    return [...(previous ?? []), value];
}
/** For an option that can be given once. */
export function once(option, why) {
    return (value, previous) => {
        if (previous !== undefined)
            throw usageError(`${option} '${value}': there is '${previous}' already; ${why}`);
        return value;
    };
}
export function usageError(message) {
    return new TsproxyError("TSP_ERR_USAGE", "invalid", message);
}
//# sourceMappingURL=command.js.map