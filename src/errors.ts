/**
 * The one error class of tsproxy. Packets never raise one: they are dropped with a reason (`wire/drop.ts`).
 * `code` is stable and listed in docs/errors.md; `kind` picks the exit code and, in the API, the HTTP status.
 */
export type ErrorKind = "invalid" | "not-found" | "conflict" | "permission" | "unavailable" | "internal";

export class TsproxyError extends Error {
  override readonly name = "TsproxyError";

  /** `message` says what failed and names the offending word; `hint` says what the user can do. */
  constructor(
    readonly code: string,
    readonly kind: ErrorKind,
    message: string,
    readonly hint?: string,
    cause?: unknown,
  ) {
    super(message, cause === undefined ? undefined : { cause });
  }

  /** One line for people: the message, then the hint. */
  describe(): string {
    return this.hint === undefined ? this.message : `${this.message}: ${this.hint}`;
  }
}
