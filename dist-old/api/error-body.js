/** An error on its way through the API: HTTP status and JSON body, and back. */
import { TsproxyError } from "../errors.js";
export const STATUS = {
    invalid: 400,
    permission: 403,
    "not-found": 404,
    conflict: 409,
    internal: 500,
    unavailable: 503,
};
export function errorAnswer(error, status = STATUS[error.kind]) {
    const { code, kind, message, hint } = error;
    return { status, value: { code, kind, message, ...(hint !== undefined && { hint }) } };
}
/** The error in an answer; undefined when there is none in it. */
export function errorOf(value) {
    const { code, kind, message, hint } = (value ?? {});
    if (typeof code !== "string" || typeof kind !== "string" || !(kind in STATUS) || typeof message !== "string")
        return undefined;
    return TsproxyError.revived(code, kind, message, typeof hint === "string" ? hint : undefined);
}
//# sourceMappingURL=error-body.js.map