/**
 * The one error class of tsproxy. Packets never raise one: they are dropped with a reason (`wire/drop.ts`).
 * `code` is stable and one of `error-codes.ts`; `kind` picks the exit code and, in the API, the HTTP status.
 */
import type { ErrorCode, ErrorKind, KindOf } from "./error-codes.js";
export type { ErrorCode, ErrorKind, KindOf };
/** A code with a kind that the table gives it, and what is said: see `TsproxyError`. */
type Arguments<Code extends ErrorCode = ErrorCode> = {
    [C in Code]: [code: C, kind: KindOf<C>, message: string, hint?: string | undefined, cause?: unknown];
}[Code];
export declare class TsproxyError extends Error {
    readonly name = "TsproxyError";
    readonly code: ErrorCode;
    readonly kind: ErrorKind;
    readonly hint: string | undefined;
    /** `message` says what failed and names the offending word; `hint` says what the user can do. */
    constructor(...[code, kind, message, hint, cause]: Arguments);
    /** The same error in other words. */
    reworded(message: string, hint?: string): TsproxyError;
    /** An error that came from another process, maybe of another version. */
    static revived(code: string, kind: ErrorKind, message: string, hint?: string): TsproxyError;
    /** Whatever was thrown: a system call of Node's that failed is TSP_ERR_SYSCALL, everything else a fault of ours, TSP_ERR_INTERNAL. */
    static of(error: unknown): TsproxyError;
    /** One line for people: the message, then the hint. */
    describe(): string;
}
