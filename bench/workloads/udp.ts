/**
 * UDP datagrams of one flow: how many arrive a second when the sender gives all it has, which share is lost then, the most that arrive
 * while no more than LOSSLESS is lost, and the processor time that a million costs.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { native } from "../paths.js";
import type { Session } from "../topology.js";
import { EVERYWHERE, MOST, type Workload } from "./workload.js";

/** One in a thousand. */
const LOSSLESS = 0.001;
const STEPS = 5;
/** Until what is under way has arrived or is lost. */
const SETTLE_MS = 100;

let runs = 0;

interface Blast {
  sent: number;
  received: number;
  seconds: number;
}

/** `rate` 0: as fast as it goes. */
async function blast(session: Session, bytes: number, rate: number, seconds: number): Promise<Blast> {
  const run = ++runs;
  const end = [session.address, String(session.port("udp"))];
  const output = await session.generate(
    [native("udp"), "send", ...end, String(bytes), String(Math.round(rate)), String(seconds), String(run)],
    seconds,
  );
  const [, sent = "0", time = "1"] = /sent (\d+) in ([\d.]+)/.exec(output) ?? [];
  await sleep(SETTLE_MS);
  const server = session.udpServer!;
  server.write(`${run}\n`);
  const answer = new RegExp(`run ${run} received (\\d+)\\n`);
  await server.until(`the count of run ${run}`, (proc) => answer.test(proc.stdout));
  return { sent: Number(sent), received: Number(answer.exec(server.stdout)?.[1]), seconds: Number(time) };
}

/**
 * The highest rate found at which next to nothing is lost, as received. 0: none was. `flood`: what came of all that the sender has; when that
 * all arrived, there is no higher rate to be found. Else by halving.
 */
async function lossless(session: Session, bytes: number, flood: Blast, seconds: number): Promise<number> {
  if (arrived(flood)) return flood.received / flood.seconds;
  let low = 0;
  let high = flood.sent / flood.seconds;
  let best = 0;
  for (let step = 0; step < STEPS; step++) {
    const rate = (low + high) / 2;
    const trial = await blast(session, bytes, rate, seconds);
    if (arrived(trial)) {
      low = rate;
      best = Math.max(best, trial.received / trial.seconds);
    } else {
      high = rate;
    }
  }
  return best;
}

function arrived({ sent, received }: Blast): boolean {
  return sent - received <= sent * LOSSLESS;
}

function workload(bytes: number): Workload {
  const name = `udp-${bytes}`;
  const title = `UDP ${bytes} bytes`;
  return {
    name,
    scenarios: bytes === 64 ? EVERYWHERE : MOST,
    udp: true,
    slow: bytes !== 64,
    metrics: [
      { name: `${name}-lossless`, title: `${title}, loss up to 0.1 %`, unit: "packets/s", better: "higher" },
      { name, title: `${title}, flooded`, unit: "packets/s", better: "higher" },
      { name: `${name}-loss`, title: `${title}, flooded: loss`, unit: "%", better: "lower" },
      { name: `${name}-cpu-movers`, title: `${title}, flooded: CPU of the moving process`, unit: "s/Mpkt", better: "lower" },
      { name: `${name}-cpu-softirq`, title: `${title}, flooded: CPU in softirq`, unit: "s/Mpkt", better: "lower" },
    ],
    cost: (seconds) => seconds + STEPS * (seconds / 4 + 0.2),
    run: async ({ session, seconds, meter }) => {
      const stop = meter();
      const flood = await blast(session, bytes, 0, seconds);
      const { sent, received, seconds: time } = flood;
      const cpu = stop();
      const million = received / 1e6;
      return {
        values: {
          [`${name}-lossless`]: await lossless(session, bytes, flood, seconds / 4),
          [name]: received / time,
          [`${name}-loss`]: (100 * (sent - received)) / sent,
          [`${name}-cpu-movers`]: cpu.movers / million,
          [`${name}-cpu-softirq`]: cpu.softirq / million,
        },
      };
    },
  };
}

export const udpWorkloads = [workload(64), workload(1400)];
