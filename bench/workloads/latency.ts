/**
 * TCP request and response, one at a time: round-trip time, not halved. By a program of our own, since the sockperf of Debian 12 knows no IPv6.
 * More than once, since two things besides the peer's way decide:
 *
 * - What the machine's cores do in between: nothing, so that each wake-up pays for leaving an idle state (in a guest: for the halt, which the
 *   hypervisor sees); or the work of others, as on a busy host. A peer that polls keeps its core awake by itself; only the second tells its way from a
 *   core's wake-up.
 * - Whether client and server are on one core. If not, each packet wakes up another core, which takes as long as all the rest. Left alone, the
 *   scheduler decides anew with each connection, so that any peer is twice as fast in one round as in the next. So both are put where they are to be.
 */
import os from "node:os";
import { native } from "../paths.js";
import { EVERYWHERE, type Metric, type Workload } from "./workload.js";

const BYTES = 64;
/** What keeps one core from idling, and gives way to everything else. */
const SPINNER = ["nice", "-n", "19", "sh", "-c", "while :; do :; done"];

/** Where client and server are. */
interface Placement {
  /** First part of the metrics' names. */
  name: string;
  title: string;
  server: number;
}

const CLIENT = 0;
const OTHER = os.cpus().length > 1 ? 1 : CLIENT;

const PERCENTILES = [50, 99, 99.9];

function metricsOf({ name, title }: Placement): Metric[] {
  return PERCENTILES.map((p) => ({ name: `${name}-p${p}`, title: `${title} p${p}`, unit: "µs", better: "lower" }));
}

function workload(name: string, awake: boolean, placements: readonly Placement[]): Workload {
  return {
    name,
    scenarios: EVERYWHERE,
    metrics: placements.flatMap(metricsOf),
    telling: placements.map((placement) => `${placement.name}-p50`),
    cost: (seconds) => placements.length * seconds,
    run: async ({ session, seconds }) => {
      const time = Math.max(1, Math.round(seconds));
      const values: Record<string, number> = {};
      let curve: [number, number][] = [];
      const spinners = awake ? os.cpus().map(() => session.keepAwake(SPINNER)) : [];
      try {
        for (const placement of placements) {
          session.placeEcho(placement.server);
          const ask = [native("ping-pong"), "ask", session.address, String(session.port("echo")), String(BYTES), String(time)];
          const output = await session.generate(["taskset", "-c", String(CLIENT), ...ask], time);
          curve = [...output.matchAll(/percentile ([\d.]+) = +([\d.]+)/g)]
            .map((m): [number, number] => [Number(m[1]), Number(m[2])])
            .sort((a, b) => a[0] - b[0]);
          for (const p of PERCENTILES) values[`${placement.name}-p${p}`] = curve.find(([at]) => at === p)?.[1] ?? Number.NaN;
        }
        return awake ? { values } : { values, curve };
      } finally {
        await Promise.all(spinners.map((spinner) => spinner.stop("SIGKILL")));
      }
    },
  };
}

export const latencyWorkloads = [
  workload("latency", false, [{ name: "rtt", title: "round trip, idle cores,", server: OTHER }]),
  workload("latency-awake", true, [
    { name: "rtt-awake", title: "round trip, cores kept awake, both ends on one,", server: CLIENT },
    { name: "rtt-apart", title: "round trip, cores kept awake, each end on its own,", server: OTHER },
  ]),
];
