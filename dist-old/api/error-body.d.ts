/** An error on its way through the API: HTTP status and JSON body, and back. */
import { type ErrorCode, type ErrorKind, TsproxyError } from "../errors.js";
import type { HttpAnswer } from "./http-server.js";
export declare const STATUS: Record<ErrorKind, number>;
export interface ErrorBody {
    /** See docs/errors.md. */
    code: ErrorCode;
    kind: ErrorKind;
    /** What failed. */
    message: string;
    /** What to do about it. */
    hint?: string;
}
export declare function errorAnswer(error: TsproxyError, status?: number): HttpAnswer;
/** The error in an answer; undefined when there is none in it. */
export declare function errorOf(value: unknown): TsproxyError | undefined;
