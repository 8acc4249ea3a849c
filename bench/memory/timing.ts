/** benchmark.js, with nanoseconds as the answer. */
import Benchmark from "benchmark";
import { summarize } from "../stats.js";

export interface Timing {
  /** Of one thing: median of the samples, so that a busy moment does not count. */
  ns: number;
  samples: number;
}

/** Runs `operation`, which does `per` things, for about `seconds`, and answers the time of one thing. */
export function time(name: string, per: number, operation: () => void, seconds: number): Timing {
  const bench = new Benchmark(name, operation, { maxTime: seconds, minSamples: 10 });
  bench.run();
  const { error } = bench as { error?: Error };
  if (error !== undefined) throw error;
  const { median, count } = summarize(bench.stats.sample);
  return { ns: (median * 1e9) / per, samples: count };
}
