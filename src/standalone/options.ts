/** What the parsing of options has in common. */
import { TsproxyError } from "../errors.js";

export function invalid(message: string, hint: string): TsproxyError {
  return new TsproxyError("TSP_ERR_OPTION", "invalid", message, hint);
}

/** `value` of what a program gave, which no compiler may have looked at; `example` is what it might have been. */
export function textOf(what: string, value: unknown, example: string): string {
  if (typeof value === "string") return value;
  throw invalid(
    value === undefined ? `${what} is missing` : `${what} is no string: ${JSON.stringify(value)}`,
    `give one, like "${example}"`,
  );
}

/** A decimal integer in `min`..`max`; `option` names it in the error. */
export function parseInteger(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw invalid(`${option} '${text}': not a whole number in its range`, min === max ? `use ${min}` : `use ${min} to ${max}`);
  return value;
}
