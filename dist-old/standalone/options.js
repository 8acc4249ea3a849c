/** What the parsing of options has in common. */
import { TsproxyError } from "../errors.js";
export function invalid(message, hint) {
    return new TsproxyError("TSP_ERR_OPTION", "invalid", message, hint);
}
/** A decimal integer in `min`..`max`; `option` names it in the error. */
export function parseInteger(option, text, min, max) {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
        throw invalid(`${option} '${text}': not a whole number in its range`, min === max ? `use ${min}` : `use ${min} to ${max}`);
    return value;
}
//# sourceMappingURL=options.js.map