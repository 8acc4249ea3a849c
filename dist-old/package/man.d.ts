/** tsproxy(1), in roff with the man macros (man(7)), made of the commands' own help. */
import { type CommandSpec } from "./spec.js";
/** `date`: of the version, as 2026-11-25. */
export declare function manPage(root: CommandSpec, version: string, date: string): string;
