/** Bulk TCP by iperf3, with the processor time that a gigabyte costs. "in": towards the server. */
import type { CpuUse } from "../cpu.js";
import { type Context, EVERYWHERE, MOST, type Workload } from "./workload.js";

interface Iperf {
  error?: string;
  end: { sum_received: { bits_per_second: number; bytes: number }; sum_sent: { retransmits?: number } };
}

async function bulk(
  { session, seconds, meter }: Context,
  streams: number,
  reverse: boolean,
): Promise<{ rate: number; bytes: number; again: number; cpu: CpuUse }> {
  const time = Math.max(1, Math.round(seconds));
  const base = ["iperf3", "-J", "-c", session.address, "-p", String(session.port("iperf")), "-t", String(time), "-P", String(streams)];
  const stop = meter();
  const output = await session.generate(reverse ? [...base, "-R"] : base, time);
  const cpu = stop();
  const { error, end } = JSON.parse(output) as Iperf;
  if (error !== undefined) throw new Error(`iperf3: ${error}`);
  const received = end.sum_received;
  return { rate: received.bits_per_second / 1e9, bytes: received.bytes, again: end.sum_sent.retransmits ?? Number.NaN, cpu };
}

function workload(direction: "in" | "out", streams: number): Workload {
  const name = `bulk-${direction}${streams === 1 ? "" : `-${streams}`}`;
  const title = `bulk TCP ${direction}, ${streams} stream${streams === 1 ? "" : "s"}`;
  return {
    name,
    slow: streams > 1,
    scenarios: streams === 1 ? EVERYWHERE : MOST,
    metrics: [
      { name, title, unit: "Gbit/s", better: "higher" },
      { name: `${name}-again`, title: `${title}: segments sent again`, unit: "1/GB", better: "lower" },
      { name: `${name}-cpu-movers`, title: `${title}: CPU of the moving process`, unit: "s/GB", better: "lower" },
      { name: `${name}-cpu-softirq`, title: `${title}: CPU in softirq`, unit: "s/GB", better: "lower" },
      { name: `${name}-cpu-machine`, title: `${title}: CPU of the machine`, unit: "s/GB", better: "lower" },
    ],
    cost: (seconds) => seconds,
    run: async (context) => {
      const { rate, bytes, again, cpu } = await bulk(context, streams, direction === "out");
      const perGb = (amount: number): number => amount / (bytes / 1e9);
      return {
        values: {
          [name]: rate,
          [`${name}-again`]: perGb(again),
          [`${name}-cpu-movers`]: perGb(cpu.movers),
          [`${name}-cpu-softirq`]: perGb(cpu.softirq),
          [`${name}-cpu-machine`]: perGb(cpu.machine),
        },
      };
    },
  };
}

export const bulkWorkloads = [workload("in", 1), workload("out", 1), workload("in", 8), workload("out", 8)];
