export function specOf(command) {
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
        commands: command.commands.map((sub) => specOf(sub)),
    };
}
function optionOf({ short, long, flags, description }) {
    return { short, long, value: /<(.+)>/.exec(flags)?.[1], description };
}
/** Whether what the option takes is a file or a folder. */
export function takesFile({ value }) {
    return value === "path" || value === "dir";
}
/** `-p` and `--publish`. */
export function flagsOf({ short, long }) {
    return [short, long].filter((flag) => flag !== undefined);
}
//# sourceMappingURL=spec.js.map