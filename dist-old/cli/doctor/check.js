/** One finding of `tsproxy doctor`. */
import { TsproxyError } from "../../errors.js";
/** Records whether `action` works; its result, or null. Without a `fix` an error's own hint says what to do. */
export async function attempt(checks, what, action) {
    const { name, essential, good, bad } = what;
    try {
        const result = await action();
        checks.push({ name, status: "ok", essential, meaning: good });
        return result;
    }
    catch (error) {
        const fix = what.fix ?? (error instanceof TsproxyError ? error.hint : undefined);
        const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0];
        checks.push({ name, status: "missing", essential, meaning: `${bad}: ${reason}`, ...(fix !== undefined && { fix }) });
        return null;
    }
}
/** A line a finding, and another for what to do. */
export function formatChecks(checks) {
    const width = Math.max(...checks.map(({ name }) => name.length)) + 2;
    const indent = " ".repeat("missing  ".length + width);
    return checks
        .map(({ name, status, meaning, fix }) => `${status.padEnd(9)}${name.padEnd(width)}${meaning}\n${fix === undefined ? "" : `${indent}to do: ${fix}\n`}`)
        .join("");
}
//# sourceMappingURL=check.js.map