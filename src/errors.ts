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

/** What Node throws for a system call. */
interface SystemCallError {
  code?: unknown;
  syscall?: unknown;
  path?: string;
  dest?: string;
}
const DENIED = new Set(["EACCES", "EPERM", "EROFS"]);
/** As of the addon's calls (`sys/native.ts`). */
const LACKS: Record<string, string> = {
  EMFILE: "too many open files: raise 'ulimit -n'",
  ENFILE: "too many open files on this host: raise fs.file-max",
};

/** Of a message: a word that somebody sent us may be megabytes long. */
const LONGEST = 300;

export class TsproxyError extends Error {
  override readonly name = "TsproxyError";
  readonly code: ErrorCode;
  readonly kind: ErrorKind;
  readonly hint: string | undefined;

  /** `message` says what failed and names the offending word; `hint` says what the user can do. */
  constructor(...[code, kind, message, hint, cause]: Arguments) {
    super(message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.kind = kind;
    this.hint = hint;
  }

  /** The same error in other words. */
  reworded(message: string, hint?: string): TsproxyError {
    return new TsproxyError(...([this.code, this.kind, message, hint, this] as Arguments));
  }

  /** An error that came from another process, maybe of another version. */
  static revived(code: string, kind: ErrorKind, message: string, hint?: string): TsproxyError {
    return new TsproxyError(...([code, kind, message, hint] as Arguments));
  }

  /**
   * Whatever was thrown: a system call of Node's that failed is TSP_ERR_SYSCALL, one of these errors from another thread, which is a copy there, itself again,
   * everything else a fault of ours, TSP_ERR_INTERNAL.
   */
  static of(error: unknown): TsproxyError {
    if (error instanceof TsproxyError) return error;
    const { code, syscall, path, dest } = (error ?? {}) as SystemCallError;
    if (error instanceof Error && error.name === "TsproxyError") {
      const { code, kind, message, hint } = error as TsproxyError;
      return new TsproxyError(...([code, kind, message, hint, error] as Arguments));
    }
    if (typeof code === "string" && typeof syscall === "string") {
      const denied = DENIED.has(code);
      const what = [syscall, path ?? dest].filter((word) => word !== undefined).join(" ");
      return new TsproxyError(
        "TSP_ERR_SYSCALL",
        denied ? "permission" : "unavailable",
        `${what} failed (${code})`,
        denied ? "run as root" : LACKS[code],
        error,
      );
    }
    const message = `internal error: ${error instanceof Error ? error.message : String(error)}`;
    const hint = "please report it (TSP_ERR_INTERNAL); with TSPROXY_DEBUG=1 it says where";
    return new TsproxyError("TSP_ERR_INTERNAL", "internal", message, hint, error);
  }

  /** One line for people: the message, then the hint. */
  describe(): string {
    return this.hint === undefined ? this.message : `${this.message}: ${this.hint}`;
  }
}
