/** What a failure becomes: an exit code and one line on standard error. It imports no package, so that it works when nothing else does. */
import { TsproxyError } from "../errors.js";
/** 0 for --help, 2 for wrong usage, 1 for every other failure. */
export declare function exitCodeOf(error: unknown): 0 | 1 | 2;
/** Says what went wrong, in one line. With TSPROXY_DEBUG set, also where: the stacks of the error and its causes. */
export declare function reportError(error: unknown, write?: (text: string) => void): void;
export declare function errorLine(error: TsproxyError): string;
export declare function oneLine(message: string): string;
