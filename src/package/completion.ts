/** Completion for bash, zsh and fish, made of the commands: static, since a start of Node for each Tab would be felt. */
import { type CommandSpec, flagsOf, type OptionSpec, takesFile } from "./spec.js";

/** A command with the words that lead to it: "" for the root, `network create` for one below another. */
interface Placed extends CommandSpec {
  path: string;
}

/** The command and all below it, at any depth. */
function placed(command: CommandSpec, path = ""): Placed[] {
  return [{ ...command, path }, ...command.commands.flatMap((sub) => placed(sub, `${path} ${sub.name}`.trimStart()))];
}

/** For `/usr/share/bash-completion/completions/tsproxy`. */
export function bashCompletion(root: CommandSpec): string {
  const all = placed(root);
  const paths = all.map(({ path }) => path).filter((path) => path !== "");
  const arm = (patterns: string[], action: string): string[] =>
    patterns.length === 0 ? [] : [`    ${patterns.join(" | ")}) ${action} ;;`];
  const taking = (wanted: (option: OptionSpec) => boolean): string[] =>
    all.flatMap(({ path, options }) =>
      options
        .filter(wanted)
        .flatMap(flagsOf)
        .map((flag) => `"${path} ${flag}"`),
    );
  return [
    "# bash completion for tsproxy",
    "_tsproxy() {",
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command="" words="" i`,
    "  COMPREPLY=()",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    `    case "$command\${command:+ }\${COMP_WORDS[i]}" in`,
    ...arm(
      paths.map((path) => `"${path}"`),
      `command+="\${command:+ }\${COMP_WORDS[i]}"`,
    ),
    "    esac",
    "  done",
    '  case "$command $prev" in',
    ...arm(taking(takesFile), `compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$cur") && return`),
    ...arm(
      taking((option) => option.value !== undefined && !option.optional && !takesFile(option)),
      "return",
    ),
    "  esac",
    "  case $command in",
    ...all.flatMap(({ path, options, commands }) =>
      arm([`"${path}"`], `words="${[...commands.map((c) => c.name), ...options.flatMap(flagsOf)].join(" ")}"`),
    ),
    "  esac",
    '  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")',
    "}",
    "complete -F _tsproxy tsproxy",
    "",
  ].join("\n");
}

/** For a folder of zsh's `fpath`, as `_tsproxy`. */
export function zshCompletion(root: CommandSpec): string {
  return ["#compdef tsproxy", ...zshFunction(root, "_tsproxy"), '_tsproxy "$@"', ""].join("\n");
}

/**
 * Completes a command's words, its own name first; those below it have functions of their own. An argument is one of no words: with an action that only
 * says what it is, zsh inserts no option in its place.
 */
function zshFunction({ options, arguments: args, commands }: CommandSpec, name: string): string[] {
  const own = options.map(zshOption);
  if (commands.length === 0) return [`${name}() {`, `  _arguments ${[...own, ...args.map((arg) => quote(`1:${arg}:()`))].join(" ")}`, "}"];
  return [
    ...commands.flatMap((sub) => zshFunction(sub, `${name}_${sub.name}`)),
    `${name}() {`,
    "  local state line",
    "  local -a commands",
    "  commands=(",
    ...commands.map((sub) => `    ${quote(`${sub.name}:${sub.summary}`)}`),
    "  )",
    `  _arguments -C ${own.join(" ")} '1: :->command' '*:: :->rest'`,
    "  case $state in",
    "    command) _describe command commands ;;",
    "    rest)",
    "      case $words[1] in",
    ...commands.map((sub) => `        ${sub.name}) ${name}_${sub.name} ;;`),
    "      esac",
    "      ;;",
    "  esac",
    "}",
  ];
}

/** `'(-h --help)'{-h,--help}'[Show this help]'`, and so on (zshcompsys(1), _arguments). */
function zshOption(option: OptionSpec): string {
  const flags = flagsOf(option);
  const repeatable = /\(repeatable\)/.test(option.description);
  const before = repeatable ? "'*'" : flags.length > 1 ? quote(`(${flags.join(" ")})`) : "";
  const names = flags.length > 1 ? `{${flags.join(",")}}` : flags.join("");
  const value = option.value === undefined ? "" : `${option.optional ? "::" : ":"}${option.value}:${takesFile(option) ? "_files" : " "}`;
  return `${before}${names}${quote(`[${option.description.replace(/[[\]:]/g, "\\$&")}]${value}`)}`;
}

/** For `/usr/share/fish/vendor_completions.d/tsproxy.fish`. */
export function fishCompletion(root: CommandSpec): string {
  const all = placed(root);
  const at = ({ path }: Placed, rest: string[]): string =>
    `complete -c tsproxy -n ${quote(`__tsproxy_at ${path}`.trim())} ${rest.join(" ")}`;
  return [
    "# fish completion for tsproxy",
    "function __tsproxy_at",
    "  set -l command",
    "  for word in (commandline -opc)[2..-1]",
    '    set -l next (string trim -- "$command $word")',
    `    contains -- $next ${all
      .filter(({ path }) => path !== "")
      .map(({ path }) => quote(path))
      .join(" ")}; and set command $next`,
    "  end",
    '  test "$command" = "$argv"',
    "end",
    "complete -c tsproxy -f",
    ...all.flatMap((command) => [
      ...command.commands.map(({ name, summary }) => at(command, ["-a", name, "-d", quote(summary)])),
      ...command.options.map((option) => at(command, fishOption(option))),
    ]),
    "",
  ].join("\n");
}

function fishOption(option: OptionSpec): string[] {
  return [
    ...(option.short === undefined ? [] : [`-s ${option.short.slice(1)}`]),
    ...(option.long === undefined ? [] : [`-l ${option.long.slice(2)}`]),
    ...(option.value === undefined || option.optional ? [] : [takesFile(option) ? "-r -F" : "-x"]),
    `-d ${quote(option.description)}`,
  ];
}

/** A word for the shell. zsh and bash know no escape inside quotes; fish takes this form too. */
function quote(word: string): string {
  return `'${word.replace(/'/g, `'\\''`)}'`;
}
