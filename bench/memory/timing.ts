/** benchmark.js, with nanoseconds as the answer. */
import Benchmark from "benchmark";

export interface Timing {
  /** Of one operation: mean, and relative margin of error in percent. */
  ns: number;
  rme: number;
  samples: number;
}

/** Runs `operation`, which counts for `per` things, and answers the time of one thing. */
export function time(name: string, per: number, operation: () => void, seconds: number): Timing {
  const bench = new Benchmark(name, operation, { maxTime: seconds, minSamples: 10 });
  bench.run();
  if ((bench as { error?: Error }).error !== undefined) throw (bench as { error?: Error }).error;
  return { ns: (bench.stats.mean * 1e9) / per, rme: bench.stats.rme, samples: bench.stats.sample.length };
}
