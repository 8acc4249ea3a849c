/** What the parsing of options has in common. */
import { TsproxyError } from "../errors.js";

export function invalid(message: string, hint: string): TsproxyError {
  return new TsproxyError("TSP_ERR_OPTION", "invalid", message, hint);
}

/** A decimal integer in `min`..`max`; `option` names it in the error. */
export function parseInteger(option: string, text: string, min: number, max: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max))
    throw invalid(`${option} '${text}': not a whole number in its range`, min === max ? `use ${min}` : `use ${min} to ${max}`);
  return value;
}
