/** Completion for bash, zsh and fish, made of the commands: static, since a start of Node for each Tab would be felt. */
import { type CommandSpec, flagsOf, type OptionSpec, takesFile } from "./spec.js";

/** For `/usr/share/bash-completion/completions/tsproxy`. */
export function bashCompletion(root: CommandSpec): string {
  const names = root.commands.map(({ name }) => name);
  const all = [{ ...root, name: "" }, ...root.commands];
  const arm = (patterns: string[], action: string): string[] =>
    patterns.length === 0 ? [] : [`    ${patterns.join(" | ")}) ${action} ;;`];
  const taking = (wanted: (option: OptionSpec) => boolean): string[] =>
    all.flatMap(({ name, options }) =>
      options
        .filter(wanted)
        .flatMap(flagsOf)
        .map((flag) => `"${name} ${flag}"`),
    );
  return [
    "# bash completion for tsproxy",
    "_tsproxy() {",
    `  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command="" words="" i`,
    "  COMPREPLY=()",
    "  for ((i = 1; i < COMP_CWORD; i++)); do",
    `    case \${COMP_WORDS[i]} in`,
    ...arm(names, `command=\${COMP_WORDS[i]} && break`),
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
    ...all.flatMap(({ name, options, commands }) =>
      arm([`"${name}"`], `words="${[...commands.map((c) => c.name), ...options.flatMap(flagsOf)].join(" ")}"`),
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
  return [
    "#compdef tsproxy",
    "_tsproxy() {",
    "  local state line",
    "  local -a commands",
    "  commands=(",
    ...root.commands.map(({ name, summary }) => `    ${quote(`${name}:${summary}`)}`),
    "  )",
    `  _arguments -C ${root.options.map(zshOption).join(" ")} '1: :->command' '*:: :->rest'`,
    "  case $state in",
    "    command) _describe command commands ;;",
    "    rest)",
    "      case $words[1] in",
    ...root.commands.map(
      ({ name, options, arguments: args, commands }) =>
        `        ${name}) _arguments ${[...options.map(zshOption), ...args.map((arg) => quote(`1:${arg}: `)), ...zshCommands(commands)].join(" ")} ;;`,
    ),
    "      esac",
    "      ;;",
    "  esac",
    "}",
    '_tsproxy "$@"',
    "",
  ].join("\n");
}

/** The commands below a command, as the first word after it. */
function zshCommands(commands: readonly CommandSpec[]): string[] {
  return commands.length === 0 ? [] : [quote(`1:command:(${commands.map(({ name }) => name).join(" ")})`)];
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
  const one = (condition: string, option: OptionSpec): string =>
    [
      `complete -c tsproxy -n ${quote(condition)}`,
      ...(option.short === undefined ? [] : [`-s ${option.short.slice(1)}`]),
      ...(option.long === undefined ? [] : [`-l ${option.long.slice(2)}`]),
      ...(option.value === undefined || option.optional ? [] : [takesFile(option) ? "-r -F" : "-x"]),
      `-d ${quote(option.description)}`,
    ].join(" ");
  return [
    "# fish completion for tsproxy",
    "complete -c tsproxy -f",
    ...root.commands.map(({ name, summary }) => `complete -c tsproxy -n __fish_use_subcommand -a ${name} -d ${quote(summary)}`),
    ...root.options.map((option) => one("__fish_use_subcommand", option)),
    ...root.commands.flatMap(({ name, commands }) =>
      commands.map((sub) => `complete -c tsproxy -n '__fish_seen_subcommand_from ${name}' -a ${sub.name} -d ${quote(sub.summary)}`),
    ),
    ...root.commands.flatMap(({ name, options }) => options.map((option) => one(`__fish_seen_subcommand_from ${name}`, option))),
    "",
  ].join("\n");
}

/** A word for the shell. zsh and bash know no escape inside quotes; fish takes this form too. */
function quote(word: string): string {
  return `'${word.replace(/'/g, `'\\''`)}'`;
}
