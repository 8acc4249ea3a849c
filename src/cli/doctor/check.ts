/** One finding of `tsproxy doctor`. */
import { TsproxyError } from "../../errors.js";

export interface Check {
  name: string;
  /** `unknown`: could not be tried, since something else is missing. */
  status: "ok" | "missing" | "unknown";
  /** Without it the dataplane cannot run. */
  essential: boolean;
  meaning: string;
  fix?: string;
}

/** Says what is missing for a try. */
export class Untried extends Error {}

/** Records whether `action` works; its result, or null. Without a `fix` an error's own hint says what to do. After `Untried` it is unknown. */
export async function attempt<T>(
  checks: Check[],
  what: { name: string; essential: boolean; good: string; bad: string; fix?: string },
  action: () => T | Promise<T>,
): Promise<T | null> {
  const { name, essential, good, bad } = what;
  try {
    const result = await action();
    checks.push({ name, status: "ok", essential, meaning: good });
    return result;
  } catch (error) {
    if (error instanceof Untried) {
      checks.push({ name, status: "unknown", essential, meaning: error.message });
      return null;
    }
    const fix = what.fix ?? (error instanceof TsproxyError ? error.hint : undefined);
    const reason = (error instanceof Error ? error.message : String(error)).split("\n")[0];
    checks.push({ name, status: "missing", essential, meaning: `${bad}: ${reason}`, ...(fix !== undefined && { fix }) });
    return null;
  }
}

/** A line a finding, and another for what to do. */
export function formatChecks(checks: Check[]): string {
  const width = Math.max(...checks.map(({ name }) => name.length)) + 2;
  const indent = " ".repeat("missing  ".length + width);
  return checks
    .map(
      ({ name, status, meaning, fix }) =>
        `${status.padEnd(9)}${name.padEnd(width)}${meaning}\n${fix === undefined ? "" : `${indent}to do: ${fix}\n`}`,
    )
    .join("");
}
