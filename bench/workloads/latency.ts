/**
 * TCP request and response, one at a time: round-trip time, not halved. By a program of our own, since the sockperf of Debian 12 knows no IPv6.
 * Twice, since the machine's cores do something else than wait in between: nothing, so that each wake-up pays for leaving an idle state (in a
 * guest: for the halt, which the hypervisor sees); or the work of others, as on a busy host. A peer that polls keeps its core awake by itself;
 * only the second tells its way from a core's wake-up.
 */
import os from "node:os";
import { native } from "../paths.js";
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
      const argv = [native("ping-pong"), "ask", session.address, String(session.port("echo")), String(BYTES), String(time)];
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
