/** Medians and spread of a handful of rounds. */

export interface Summary {
  median: number;
  min: number;
  max: number;
  /** Values there were. */
  count: number;
}

export function summarize(values: readonly number[]): Summary {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  const median = sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
  return { median, min: sorted[0] ?? Number.NaN, max: sorted.at(-1) ?? Number.NaN, count: sorted.length };
}

/** Three significant digits, thousands apart: 15.2, 1.04, 96,300. */
export function format(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const digits = value === 0 ? 0 : Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  const rounded = Math.abs(value) >= 1000 ? Number(value.toPrecision(3)) : value;
  return rounded.toLocaleString("en", { minimumFractionDigits: Math.min(digits, 3), maximumFractionDigits: Math.min(digits, 3) });
}
