/** tsproxy(1), in roff with the man macros (man(7)), made of the commands' own help. */
import { type CommandSpec, flagsOf, type OptionSpec } from "./spec.js";

const EXIT_STATUS = [
  ["0", "Done."],
  ["1", "Failed. One line on standard error says what failed and what to do."],
  ["2", "Used wrongly."],
] as const;

/** `date`: of the version, as 2026-11-25. */
export function manPage(root: CommandSpec, version: string, date: string): string {
  return [
    `.TH ${root.name.toUpperCase()} 1 ${date} "${root.name} ${version}" "User Commands"`,
    ".SH NAME",
    `${root.name} \\- ${lowerFirst(text(root.summary))}`,
    ".SH SYNOPSIS",
    ".nf",
    ...root.usage.map(usage),
    ".fi",
    ...(root.notes.length > 0 ? [".SH DESCRIPTION", ...root.notes.flatMap(paragraph)] : []),
    ".SH OPTIONS",
    ...root.options.flatMap(option),
    ".SH COMMANDS",
    ...root.commands.flatMap(subcommand),
    ...(root.examples.length > 0 ? [".SH EXAMPLES", ...root.examples.flatMap(example)] : []),
    ".SH EXIT STATUS",
    ...EXIT_STATUS.flatMap(([code, meaning]) => item(`\\fB${code}\\fR`, meaning)),
    ...(root.variables.length > 0 ? [".SH ENVIRONMENT"] : []),
    ...root.variables.flatMap(({ name, text: meaning }) => item(`\\fB${name}\\fR`, `${meaning}.`)),
    ".SH SEE ALSO",
    "/usr/share/doc/tsproxy/, or docs/ in the package, has how it works, Docker, and all error codes.",
    "",
  ].join("\n");
}

function subcommand(command: CommandSpec): string[] {
  return [
    `.SS ${command.usage.map(usage).join(" ")}`,
    ...paragraph(`${command.summary}.`),
    ...command.notes.flatMap(paragraph),
    ...command.options.filter(({ long }) => long !== "--help").flatMap(option),
    ...command.examples.flatMap(example),
    ...command.commands.flatMap(subcommand),
  ];
}

function option(spec: OptionSpec): string[] {
  const flags = flagsOf(spec).map((flag) => `\\fB${text(flag)}\\fR`);
  return item(
    `${flags.join(", ")}${spec.value === undefined ? "" : ` ${spec.optional ? "[" : ""}\\fI${text(spec.value.toUpperCase())}\\fR${spec.optional ? "]" : ""}`}`,
    spec.description,
  );
}

/** An indented paragraph with a tag; `tag` is roff, `description` is text. */
function item(tag: string, description: string): string[] {
  return [".TP", tag, text(description)];
}

function example({ text: what, lines }: { text: string; lines: string[] }): string[] {
  return [".PP", `${text(what)}:`, ".PP", ".RS 4", ".nf", ...lines.map(text), ".fi", ".RE"];
}

/** Lines stay lines, as in help. */
function paragraph(note: string): string[] {
  return [".PP", note.split("\n").map(text).join("\n.br\n")];
}

/** Words of the program bold, what is to be put in italic. */
function usage(line: string): string {
  return line
    .split(" ")
    .map((word) => (/^\[?[A-Z]+\]?$/.test(word) ? text(word).replace(/[A-Z]+/, "\\fI$&\\fR") : `\\fB${text(word)}\\fR`))
    .join(" ");
}

/** Text that roff leaves as it is: no escapes, no requests; a hyphen that can be copied into a shell. */
function text(line: string): string {
  return line.replace(/\\/g, "\\e").replace(/-/g, "\\-").replace(/^[.']/, "\\&$&");
}

function lowerFirst(line: string): string {
  return line.charAt(0).toLowerCase() + line.slice(1);
}
