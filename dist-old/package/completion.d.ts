/** Completion for bash, zsh and fish, made of the commands: static, since a start of Node for each Tab would be felt. */
import { type CommandSpec } from "./spec.js";
/** For `/usr/share/bash-completion/completions/tsproxy`. */
export declare function bashCompletion(root: CommandSpec): string;
/** For a folder of zsh's `fpath`, as `_tsproxy`. */
export declare function zshCompletion(root: CommandSpec): string;
/** For `/usr/share/fish/vendor_completions.d/tsproxy.fish`. */
export declare function fishCompletion(root: CommandSpec): string;
