/** wrk with 16 connections against a fast little server: each request on a new connection, or all on the same ones. */
import { bracketed } from "../topology.js";
import { type Context, EVERYWHERE, type Workload } from "./workload.js";

async function requests({ session, seconds }: Context, headers: string[]): Promise<number> {
  const time = Math.max(1, Math.round(seconds));
  const url = `http://${bracketed(session.address)}:${session.port("http")}/`;
  const output = await session.generate(["wrk", "-t1", "-c16", `-d${time}s`, ...headers.flatMap((header) => ["-H", header]), url], time);
  return Number(/Requests\/sec: +([\d.]+)/.exec(output)?.[1]);
}

export const httpWorkloads: Workload[] = [
  {
    name: "connections",
    scenarios: EVERYWHERE,
    metrics: [{ name: "connections", title: "new connections", unit: "1/s", better: "higher" }],
    cost: (seconds) => seconds,
    run: async (context) => ({ values: { connections: await requests(context, ["Connection: close"]) } }),
  },
  {
    name: "requests",
    scenarios: EVERYWHERE,
    metrics: [{ name: "requests", title: "keep-alive requests", unit: "1/s", better: "higher" }],
    cost: (seconds) => seconds,
    run: async (context) => ({ values: { requests: await requests(context, []) } }),
  },
];
