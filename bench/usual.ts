/**
 * Measures again what is not as it was in the same peer's earlier rounds. Some disturbances cannot be seen: what a neighbour on the same hardware
 * takes, a connection that falls into losses. On a machine that is quiet otherwise they make one second of a peer a half of what it usually has, and two
 * such rounds of five make its median another. Who that is, and whether the first figure was too high or too low, is not asked.
 */
import { summarize } from "./stats.js";

/** How much a round may differ from the median of the earlier ones, either way. */
export const UNUSUAL = 1.5;
/** Rounds from which on there is a median worth the name. */
const ROUNDS = 2;
/** How often something is measured at most. */
const TRIES = 3;

type Values = Record<string, number>;

/** Medians of these metrics, of those that have been measured in two earlier rounds or more. */
export function usualOf(metrics: readonly string[], earlier: readonly Values[]): Values {
  const known = metrics.map((name): [string, number[]] => [
    name,
    earlier.map((values) => values[name] ?? Number.NaN).filter(Number.isFinite),
  ]);
  return Object.fromEntries(
    known.filter(([, values]) => values.length >= ROUNDS).map(([name, values]) => [name, summarize(values).median]),
  );
}

export function isUsual(values: Values, usual: Values): boolean {
  return Object.entries(usual).every(([name, median]) => {
    const value = values[name] ?? Number.NaN;
    return !Number.isFinite(value) || (value <= median * UNUSUAL && value * UNUSUAL >= median);
  });
}

/**
 * The first run that is as usual. If there is none, which a peer may be itself the reason of, the one of three in the middle by `metric`. One that fails
 * after the first takes nothing away from those before. `tries`: what each had of it, in the order in which they were made.
 */
export async function measureUsual<T extends { result: { values: Values } }>(
  measure: () => Promise<T>,
  usual: Values,
  metric: string,
): Promise<{ run: T; tries: number[] }> {
  const runs = [await measure()];
  const figureOf = ({ result }: T): number => result.values[metric] ?? Number.NaN;
  let fails = false;
  while (!fails && runs.length < TRIES && !isUsual(runs.at(-1)!.result.values, usual))
    await measure().then(
      (run) => void runs.push(run),
      () => {
        fails = true;
      },
    );
  const last = runs.at(-1)!;
  const middle = [...runs].sort((a, b) => figureOf(a) - figureOf(b))[(runs.length - 1) >> 1]!;
  return { run: isUsual(last.result.values, usual) ? last : middle, tries: runs.map(figureOf) };
}
