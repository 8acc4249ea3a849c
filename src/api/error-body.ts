/** An error on its way through the API: HTTP status and JSON body, and back. */
import { type ErrorCode, type ErrorKind, TsproxyError } from "../errors.js";
import type { HttpAnswer } from "./http-server.js";

export const STATUS: Record<ErrorKind, number> = {
  invalid: 400,
  permission: 403,
  "not-found": 404,
  conflict: 409,
  internal: 500,
  unavailable: 503,
};

export interface ErrorBody {
  /** See docs/errors.md. */
  code: ErrorCode;
  kind: ErrorKind;
  /** What failed. */
  message: string;
  /** What to do about it. */
  hint?: string;
}

export function errorAnswer(error: TsproxyError, status: number = STATUS[error.kind]): HttpAnswer {
  const { code, kind, message, hint } = error;
  return { status, value: { code, kind, message, ...(hint !== undefined && { hint }) } satisfies ErrorBody };
}

/** The error in an answer; undefined when there is none in it. */
export function errorOf(value: unknown): TsproxyError | undefined {
  const { code, kind, message, hint } = (value ?? {}) as Partial<Record<keyof ErrorBody, unknown>>;
  if (typeof code !== "string" || typeof kind !== "string" || !(kind in STATUS) || typeof message !== "string") return undefined;
  return TsproxyError.revived(code, kind as ErrorKind, message, typeof hint === "string" ? hint : undefined);
}
