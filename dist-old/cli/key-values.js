/** `KEY=VALUE` words, as options take them. */
import { TsproxyError } from "../errors.js";
/** Of several with one key the last counts. Throws TSP_ERR_OPTION for a word without a key. */
export function keyValues(option, words) {
    return Object.fromEntries(words.map((word) => {
        const equals = word.indexOf("=");
        if (equals === 0 || word === "")
            throw new TsproxyError("TSP_ERR_OPTION", "invalid", `${option} '${word}': there is no key`, "write KEY=VALUE");
        return equals < 0 ? [word, ""] : [word.slice(0, equals), word.slice(equals + 1)];
    }));
}
//# sourceMappingURL=key-values.js.map