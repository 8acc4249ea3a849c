/** One network that grows: what 1,000 endpoints cost, whether a packet notices them and 10,000 published ports, whether it notices a `connect`. */
import { ask } from "../../src/api/client.js";
import { type Proc, sleep } from "../../test/support/proc.js";
import { HOST, SandboxHost } from "../../test/support/sandbox-host.js";
import { launch } from "../../test/support/tsproxy.js";
import { memoryOf } from "../cpu.js";
import { native } from "../paths.js";
import { format } from "../stats.js";
import { timed } from "./engine-costs.js";

const SUBNET = "10.88.0.0/16";
const HOST_PORT = 8312,
  PORT = 9000,
  BYTES = 64;
/** Of the stream that a `connect` is not to disturb, packets a second. */
const STEADY = 5_000;
const CONNECTS = 20;
const SETTLE_MS = 300;

export interface ScaleResults {
  endpoints: number;
  ports: number;
  commands: string[];
  /** Seconds to attach all of them. */
  createSec: number;
  /** Of the daemon with all of them. */
  memory: { rss: number; pss: number };
  /** Packets a second that arrive of a flood, one a round: through one endpoint and one port, and with all the others beside it. */
  rateOne: number[];
  rateAll: number[];
  /** Of a steady stream: packets that were lost, and the longest time between two, in ms; without and with `connect`s of others. */
  quiet: Stream;
  connecting: Stream;
  /** Seconds until a daemon with so many endpoints has stopped. */
  stopSec: { endpoints: number; seconds: number };
}

interface Stream {
  lost: number;
  longestMs: number;
}

export interface ScaleOptions {
  endpoints: number;
  ports: number;
  rounds: number;
  seconds: number;
  /** Endpoints at the stop. */
  stopWith: number;
}

/** A host with a receiver behind a published port. */
class Receiver {
  private runs = 0;

  private constructor(
    readonly host: SandboxHost,
    readonly proc: Proc,
  ) {}

  static async start(more: string[]): Promise<Receiver> {
    const host = await SandboxHost.start();
    await host.ok("network", "create", "--subnet", SUBNET, "shop");
    const command = ["run", "--name", "receiver", "--network", "shop", "-p", `${HOST_PORT}:${PORT}/udp`, ...more];
    const proc = launch(host.lab, host.host, [...command, "--", native("udp"), "recv", String(PORT), "4"], { input: "pipe" });
    await proc.until("listening", () => proc.stdout.includes("listening"));
    return new Receiver(host, proc);
  }

  /** Attaches namespaces; seconds that it takes. */
  async fill(count: number): Promise<number> {
    const { host } = this;
    const names = Array.from({ length: count }, (_, i) => host.lab.addNamespace(`e${i}`));
    const attach = async (): Promise<void> => {
      for (const [i, netns] of names.entries())
        await ask(host.apiSocket, "createSandbox", { body: { kind: "attached", netns, command: [], network: "shop", name: `e${i}` } });
    };
    return (await timed(attach)) / 1000;
  }

  /** `rate` 0: as fast as it goes. */
  async send(rate: number, seconds: number): Promise<{ sent: number; received: number; seconds: number; longestMs: number }> {
    const run = ++this.runs;
    const argv = [native("udp"), "send", HOST, String(HOST_PORT), String(BYTES), String(rate), String(seconds), String(run)];
    const { stdout } = await this.host.lab.run(this.host.client, argv, { timeoutMs: seconds * 1000 + 10_000 });
    const [, sent = "0", time = "1"] = /sent (\d+) in ([\d.]+)/.exec(stdout) ?? [];
    await sleep(SETTLE_MS);
    this.proc.write(`${run}\n`);
    const answer = new RegExp(`run ${run} received (\\d+)\\nrun ${run} longest ([\\d.]+)\\n`);
    await this.proc.until(`the count of run ${run}`, () => answer.test(this.proc.stdout));
    const [, received = "0", longest = "0"] = answer.exec(this.proc.stdout) ?? [];
    return { sent: Number(sent), received: Number(received), seconds: Number(time), longestMs: Number(longest) * 1000 };
  }

  async rate(seconds: number): Promise<number> {
    const { received, seconds: time } = await this.send(0, seconds);
    return received / time;
  }

  async stream(seconds: number): Promise<Stream> {
    const { sent, received, longestMs } = await this.send(STEADY, seconds);
    return { lost: sent - received, longestMs };
  }

  async close(): Promise<void> {
    const { host } = this;
    for (const { id } of await host.sandboxes())
      await ask(host.apiSocket, "removeSandbox", { params: { sandbox: id }, query: { force: "1" } });
    await host.close();
  }
}

export async function measureScale({ endpoints, ports, rounds, seconds, stopWith }: ScaleOptions): Promise<ScaleResults> {
  const one = await Receiver.start([]);
  const range = `20000-${20000 + ports - 1}`;
  const all = await Receiver.start(["-p", `${range}:${range}/udp`]);
  try {
    const createSec = await all.fill(endpoints);
    const memory = memoryOf([all.host.daemon.pid]);
    console.log(`${endpoints} endpoints in ${format(createSec)} s, RSS ${format(memory.rss)} MiB`);
    const rateOne: number[] = [];
    const rateAll: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const turns: [Receiver, number[]][] = [
        [one, rateOne],
        [all, rateAll],
      ];
      for (const [receiver, rates] of round % 2 === 0 ? turns : turns.reverse()) rates.push(await receiver.rate(seconds));
      console.log(`round ${round + 1}/${rounds}: ${format(rateOne.at(-1)!)} packets/s, with all ${format(rateAll.at(-1)!)}`);
    }
    const quiet = await one.stream(seconds);
    const connecting = await whileConnecting(one, seconds);
    const stopped = await stop(all, Math.min(stopWith, endpoints));
    return {
      endpoints,
      ports,
      commands: [
        `tsproxy run --network shop -p ${HOST_PORT}:${PORT}/udp -p ${range}:${range}/udp -- udp recv ${PORT} 4`,
        `tsproxy attach --netns e0 --network shop   # ${endpoints} times, by the API`,
        `udp send ${HOST} ${HOST_PORT} ${BYTES} 0 ${seconds} 1`,
        `udp send ${HOST} ${HOST_PORT} ${BYTES} ${STEADY} ${seconds} 1   # and meanwhile ${CONNECTS} times: tsproxy network connect shop other`,
      ],
      createSec,
      memory,
      rateOne,
      rateAll,
      quiet,
      connecting,
      stopSec: stopped,
    };
  } finally {
    await one.close();
    await all.close();
  }
}

async function whileConnecting(receiver: Receiver, seconds: number): Promise<Stream> {
  const { host } = receiver;
  await host.ok("run", "-d", "--name", "other", "--network", "none", "--", "sleep", "100000");
  const stream = receiver.stream(seconds);
  const params = { sandbox: "other" };
  for (let i = 0; i < CONNECTS; i++) {
    await ask(host.apiSocket, "connectSandbox", { params, body: { network: "shop" } });
    await ask(host.apiSocket, "disconnectSandbox", { params, body: { network: "shop" } });
    await sleep((seconds * 1000) / CONNECTS / 2);
  }
  return stream;
}

/** Of the daemon with `count` endpoints, which then go on without it; another takes them up. */
async function stop({ host }: Receiver, count: number): Promise<ScaleResults["stopSec"]> {
  for (const { id, kind } of (await host.sandboxes()).filter(({ kind }) => kind === "attached").slice(count))
    if (kind === "attached") await ask(host.apiSocket, "removeSandbox", { params: { sandbox: id }, query: {} });
  const ms = await timed(async () => void (await host.daemon.stop("SIGTERM", 30_000)));
  await host.startDaemon();
  return { endpoints: count, seconds: ms / 1000 };
}
