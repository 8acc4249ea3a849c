/**
 * TCP request and response, one at a time, by sockperf: round-trip time, not halved. Twice, since the machine's cores do something else than
 * wait in between: nothing, so that each wake-up pays for leaving an idle state (in a guest: for the halt, which the hypervisor sees); or the
 * work of others, as on a busy host. A peer that polls keeps its core awake by itself; only the second tells its way from a core's wake-up.
 */
import os from "node:os";
import { EVERYWHERE, type Workload } from "./workload.js";

const BYTES = 64;
/** What keeps one core from idling, and gives way to everything else. */
const SPINNER = ["nice", "-n", "19", "sh", "-c", "while :; do :; done"];

function workload(name: string, metric: string, title: string, awake: boolean): Workload {
  return {
    name,
    scenarios: EVERYWHERE,
    metrics: [
      { name: `${metric}-p50`, title: `${title} p50`, unit: "µs", better: "lower" },
      { name: `${metric}-p99`, title: `${title} p99`, unit: "µs", better: "lower" },
      { name: `${metric}-p99.9`, title: `${title} p99.9`, unit: "µs", better: "lower" },
    ],
    cost: (seconds) => seconds,
    run: async ({ session, seconds }) => {
      const time = Math.max(1, Math.round(seconds));
      const end = ["-i", session.address, "-p", String(session.port("echo"))];
      const argv = ["sockperf", "ping-pong", "--tcp", "--full-rtt", ...end, "-m", String(BYTES), "-t", String(time)];
      const spinners = awake ? os.cpus().map(() => session.keepAwake(SPINNER)) : [];
      try {
        const output = await session.generate(argv, time);
        const curve = [...output.matchAll(/percentile ([\d.]+) = +([\d.]+)/g)]
          .map((m): [number, number] => [Number(m[1]), Number(m[2])])
          .sort((a, b) => a[0] - b[0]);
        const at = (percentile: number): number => curve.find(([p]) => p === percentile)?.[1] ?? Number.NaN;
        const values = { [`${metric}-p50`]: at(50), [`${metric}-p99`]: at(99), [`${metric}-p99.9`]: at(99.9) };
        return awake ? { values } : { values, curve };
      } finally {
        await Promise.all(spinners.map((spinner) => spinner.stop("SIGKILL")));
      }
    },
  };
}

export const latencyWorkloads = [
  workload("latency", "rtt", "round trip, idle cores,", false),
  workload("latency-awake", "rtt-awake", "round trip, cores kept awake,", true),
];
