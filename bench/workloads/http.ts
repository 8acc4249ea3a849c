/** wrk with 16 connections against a fast little server: each request on a new connection, or all on the same ones. */
import { setTimeout as sleep } from "node:timers/promises";
import { countsOf, forgetTimeWait } from "../time-wait.js";
import { bracketed } from "../topology.js";
import { type Context, EVERYWHERE, type Metric, type Outcome, type Workload } from "./workload.js";

/**
 * So long that a client with Linux's 28,232 ports needs some of them twice, at 9,400 connections a second and more. As long for every peer: a number of
 * connections would have the slow ones take longer than a port is kept.
 */
const PORTS_LAST_SEC = 3;
/** Until the last connections are closed at both ends. */
const SETTLE_MS = 50;

interface Wrk {
  /** Answers a second, and all in all. */
  rate: number;
  answered: number;
  failed: number;
  /** Undefined: there was no error. */
  remark?: string;
}

/** What wrk prints. It says nothing of errors where there were none. */
export function parseWrk(output: string): Wrk {
  const rate = Number(/Requests\/sec: +([\d.]+)/.exec(output)?.[1]);
  const answered = Number(/(\d+) requests in/.exec(output)?.[1]);
  const errors = /Socket errors: (.*)/.exec(output)?.[1];
  const refused = /Non-2xx or 3xx responses: (\d+)/.exec(output)?.[1];
  if (refused !== undefined) throw new Error(`${refused} of ${answered} answers are not the server's`);
  if (errors === undefined) return { rate, answered, failed: 0 };
  const failed = [...errors.matchAll(/\d+/g)].reduce((sum, [count]) => sum + Number(count), 0);
  return { rate, answered, failed, remark: `errors of wrk beside ${answered} answers: ${errors}` };
}

async function requests({ session, seconds }: Context, headers: string[]): Promise<Wrk> {
  const time = Math.max(1, Math.round(seconds));
  const url = `http://${bracketed(session.address)}:${session.port("http")}/`;
  return parseWrk(await session.generate(["wrk", "-t1", "-c16", `-d${time}s`, ...headers.flatMap((header) => ["-H", header]), url], time));
}

/** What new connections leave behind. */
export const LEFT: readonly Metric[] = [
  { name: "connections-answered", title: "connections answered", unit: "number", better: "higher" },
  { name: "connections-failed", title: "connections failed", unit: "number", better: "lower" },
  { name: "connections-syn-again", title: "SYNs sent again", unit: "number", better: "lower" },
  { name: "time-wait-client", title: "in TIME-WAIT at the client", unit: "number", better: "lower" },
  { name: "time-wait-between", title: "in TIME-WAIT between", unit: "number", better: "lower" },
  { name: "time-wait-server", title: "in TIME-WAIT at the server", unit: "number", better: "lower" },
];

async function connections(context: Context): Promise<Outcome> {
  const { session } = context;
  await forgetTimeWait(session);
  const before = countsOf(session);
  const { rate, answered, failed, remark } = await requests(context, ["Connection: close"]);
  await sleep(SETTLE_MS);
  const { timeWait, synAgain } = countsOf(session);
  await forgetTimeWait(session);
  const left = [answered, failed, synAgain - before.synAgain, timeWait.client, timeWait.between, timeWait.server];
  const values = Object.fromEntries(LEFT.map(({ name }, i) => [name, left[i]!]));
  return { values: { connections: rate, ...values }, remark };
}

export const httpWorkloads: Workload[] = [
  {
    name: "connections",
    scenarios: EVERYWHERE,
    atLeast: PORTS_LAST_SEC,
    metrics: [{ name: "connections", title: "new connections", unit: "1/s", better: "higher" }, ...LEFT],
    cost: (seconds) => seconds,
    run: connections,
  },
  {
    name: "requests",
    scenarios: EVERYWHERE,
    metrics: [{ name: "requests", title: "keep-alive requests", unit: "1/s", better: "higher" }],
    cost: (seconds) => seconds,
    run: async (context) => {
      const { rate, remark } = await requests(context, []);
      return { values: { requests: rate }, remark };
    },
  },
];
