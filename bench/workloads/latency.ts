/** TCP request and response, one at a time: round-trip time, not halved. By a program of our own, since the sockperf of Debian 12 knows no IPv6. */
import { native } from "../paths.js";
import { EVERYWHERE, type Workload } from "./workload.js";

const BYTES = 64;

export const latency: Workload = {
  name: "latency",
  scenarios: EVERYWHERE,
  metrics: [
    { name: "rtt-p50", title: "round trip p50", unit: "µs", better: "lower" },
    { name: "rtt-p99", title: "round trip p99", unit: "µs", better: "lower" },
    { name: "rtt-p99.9", title: "round trip p99.9", unit: "µs", better: "lower" },
  ],
  cost: (seconds) => seconds,
  run: async ({ session, seconds }) => {
    const time = Math.max(1, Math.round(seconds));
    const end = [session.address, String(session.port("echo"))];
    const output = await session.generate([native("ping-pong"), "ask", ...end, String(BYTES), String(time)], time);
    const curve = [...output.matchAll(/percentile ([\d.]+) = +([\d.]+)/g)]
      .map((m): [number, number] => [Number(m[1]), Number(m[2])])
      .sort((a, b) => a[0] - b[0]);
    const at = (percentile: number): number => curve.find(([p]) => p === percentile)?.[1] ?? Number.NaN;
    return { values: { "rtt-p50": at(50), "rtt-p99": at(99), "rtt-p99.9": at(99.9) }, curve };
  },
};
