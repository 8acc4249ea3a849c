/** `tsproxy capture` */
import type { IncomingMessage } from "node:http";
import type { CaptureQuery } from "../../api/capture-types.js";
import type { StatsView } from "../../api/types.js";
import { formatMapping } from "../../control/mapping.js";
import { TsproxyError } from "../../errors.js";
import { parseInteger } from "../../standalone/options.js";
import { type Output, openOutput, outputOnceRead, standardOutput, terminal, type Write } from "../capture/output.js";
import { blocks, lines, type Sink } from "../capture/sink.js";
import { CliCommand, usageError } from "../command.js";
import { oneLine } from "../report.js";
import { parseShow, type RawShow } from "../show.js";

interface RawCapture extends RawShow {
  port?: string;
  client?: string;
  target?: string;
  proto?: string;
  network?: string;
  drops?: boolean;
  write?: string;
  snapshotLength?: string;
  count?: string;
  seconds?: string;
}

export interface CaptureOptions {
  pid: number | undefined;
  query: CaptureQuery;
  /** Where a pcapng file goes, "-" for standard output; undefined: there is none, and packets are shown. */
  file: string | undefined;
  json: boolean;
}

const MAX_COUNT = 2 ** 31,
  MAX_SECONDS = 86_400,
  MIN_SNAP = 64,
  MAX_SNAP = 262_144;
/** After a signal, for so long a reader may take what has come. */
const PATIENCE_MS = 500;

export function captureCommand(): CliCommand {
  return new CliCommand("capture", "Show packets as a running instance forwards, translates and drops them")
    .option("--port <n>", "Only flows that are opened to this port")
    .option("--client <cidr>", "Only those that this address, or one of this network, opens")
    .option("--target <cidr>", "Only those to this target, or to or from this endpoint")
    .option("--proto <name>", "Only tcp, udp, sctp or icmp")
    .option("--network <name>", "Only what goes in or out of this own network: its name, id or subnet")
    .option("--drops", "Only what is dropped, or answered in its receiver's place")
    .option("-w, --write <path>", "Write a pcapng file, for tcpdump and Wireshark; - is standard output")
    .option("-s, --snapshot-length <bytes>", `Keep so much of each packet (${MIN_SNAP} to ${MAX_SNAP}; default: all)`)
    .option("-c, --count <n>", "End after so many packets")
    .option("--seconds <n>", "End after so many seconds")
    .option("--json", "Print a JSON object for each packet")
    .option("--pid <pid>", "Ask this instance, when several run")
    .note(
      [
        "A packet is one line: when, the device it came in by and the one it goes out of, who sent it",
        "to whom, and what was decided. In a file it is there twice, as it came in and as it went out.",
      ].join("\n"),
    )
    .note(
      [
        "While it runs, the kernel does not carry the flows that are captured: all their packets come",
        "to tsproxy. What the host's firewall drops never does.",
      ].join("\n"),
    )
    .example("Why does my packet not arrive?", "tsproxy capture --drops --client 192.0.2.10")
    .example("A published port, in Wireshark", "tsproxy capture --port 8999 -w - | wireshark -k -i -")
    .example("Ten seconds of a network, to read later", "tsproxy capture --network shop --seconds 10 -w shop.pcapng")
    .action((raw: RawCapture) => capture(parse(raw)));
}

function parse({ write, ...raw }: RawCapture): CaptureOptions {
  const { json, pid } = parseShow(raw);
  if (write === "-" && process.stdout.isTTY) throw terminal("-");
  if (write === "") throw usageError("--write '': the name of a file is missing");
  if (write !== undefined && json) throw usageError("--json prints packets, and --write keeps them in a file: leave one of both out");
  const whole = (option: string, text: string | undefined, min: number, max: number): string | undefined =>
    text === undefined ? undefined : String(parseInteger(option, text, min, max));
  const given: Record<keyof CaptureQuery, string | undefined> = {
    port: raw.port,
    client: raw.client,
    target: raw.target,
    proto: raw.proto,
    network: raw.network,
    drops: raw.drops === true ? "true" : undefined,
    snapshotLength: whole("--snapshot-length", raw.snapshotLength, MIN_SNAP, MAX_SNAP),
    count: whole("--count", raw.count, 1, MAX_COUNT),
    seconds: whole("--seconds", raw.seconds, 1, MAX_SECONDS),
    format: write === undefined ? "json" : "pcapng",
  };
  const query = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as CaptureQuery;
  return { pid, query, file: write, json };
}

/** Ends with the instance's answer, or with SIGINT or SIGTERM: in good order, with all that has come. */
export async function capture(
  { pid, query, file, json }: CaptureOptions,
  write: Write = (part, done) => process.stdout.write(part, done),
): Promise<void> {
  const [client, { pickInstance }] = await Promise.all([import("../../api/client.js"), import("../../api/instances.js")]);
  const { pid: asked, socketPath } = await pickInstance(pid);
  const unseen = notSeen(await client.ask(socketPath, "stats"), query);
  const begin = (): Promise<IncomingMessage> => beginCapture((each) => client.open(socketPath, "capture", { query: each }), query);
  const begun = await (file === undefined || file === "-"
    ? begin().then((answer) => ({ answer, output: standardOutput(write) }))
    : into(file, begin));
  const sink = file === undefined ? lines(json, begun?.output.write ?? write) : blocks(begun?.output.write ?? write);
  if (begun !== undefined) {
    say(...unseen, `capturing packets of process ${asked}; Ctrl-C ends it`);
    const how = await follow(begun.answer, sink, begun.output).finally(() => begun.output.close());
    const isLimited = query.count !== undefined || query.seconds !== undefined;
    if (query.network !== undefined && how.end === "theirs" && !isLimited)
      say(`network '${query.network}' is gone, and the capture with it`);
    if (how.end === "reader") say(`what reads ${begun.output.name} has ended, and the capture with it`);
    else if (!how.isAll) say(`warning: what reads ${begun.output.name} has not taken all of them: the end is missing there`);
  }
  say(sink.summary());
}

function say(...lines: string[]): void {
  for (const line of lines) process.stderr.write(`tsproxy: ${oneLine(line)}\n`);
}

interface Begun {
  answer: IncomingMessage;
  output: Output;
}

/** Packets are captured when there is somebody who reads them. What is wrong with the request is said before. Undefined: a signal came first. */
async function into(file: string, begin: () => Promise<IncomingMessage>): Promise<Begun | undefined> {
  const answer = await begin();
  try {
    const output = openOutput(file);
    if (output !== undefined) return { answer, output };
  } catch (error) {
    answer.destroy();
    throw error;
  }
  answer.destroy();
  say(`${file} is a named pipe that nobody reads: waiting for a reader; Ctrl-C ends it`);
  const output = await outputOnceRead(file);
  if (output === undefined) return undefined;
  try {
    return { answer: await begin(), output };
  } catch (error) {
    output.close();
    throw error;
  }
}

/** The instance knows Docker's networks by their ids: if it has none of that name, Docker is asked. */
async function beginCapture(open: (query: CaptureQuery) => Promise<IncomingMessage>, query: CaptureQuery): Promise<IncomingMessage> {
  try {
    return await open(query);
  } catch (error) {
    const id = isMissing(error) ? await dockersNetwork(query.network) : undefined;
    if (id === undefined) throw error;
    return open({ ...query, network: id }).catch((second: unknown) => {
      if (!isMissing(second)) throw second;
      const hint = "tsproxy has those of its driver; of others '--target ADDRESS' shows what goes to a container's published ports";
      throw second.reworded(`network '${query.network}': Docker has it, and tsproxy has no part in it`, hint);
    });
  }
}

function isMissing(error: unknown): error is TsproxyError {
  return error instanceof TsproxyError && error.code === "TSP_ERR_CAPTURE" && error.kind === "not-found";
}

/** Its id; undefined: Docker has none of that name. */
async function dockersNetwork(name: string | undefined): Promise<string | undefined> {
  const { networks } = await (await import("../docker-view.js")).dockerNames();
  return [...networks].find(([, each]) => each === name)?.[0];
}

/** What the filter may mean and this instance does not see, in a sentence each: it is not to be missed silently. */
export function notSeen({ mappings }: StatsView, { port, network }: CaptureQuery): string[] {
  const relayed = mappings.filter(({ via, hostPort, hostPortEnd }) => {
    const isMeant = port === undefined || (Number(port) >= hostPort && Number(port) <= hostPortEnd);
    return via === "relay" && isMeant && network === undefined;
  });
  return relayed.map((mapping) => `warning: ${formatMapping(mapping)} is relayed by sockets and not seen here; tcpdump sees it`);
}

interface How {
  /** By a signal, because nobody reads it any more, or by the instance. */
  end: "asked" | "reader" | "theirs";
  /** What has come is with whoever reads it; not: he has not taken all of it, and somebody wants us to end. */
  isAll: boolean;
}

async function follow(answer: IncomingMessage, sink: Sink, output: Output): Promise<How> {
  const ended = new AbortController();
  const end = (why: How["end"]): void => {
    ended.abort(why);
    answer.destroy();
  };
  const onSignal = (): void => end("asked");
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  output.onGone(() => end("reader"));
  try {
    for await (const chunk of answer) {
      sink.take(chunk as Buffer);
      await output.drained(ended.signal);
    }
  } catch (cause) {
    if (cause instanceof TsproxyError) throw cause;
    if (!ended.signal.aborted)
      throw new TsproxyError("TSP_ERR_INSTANCE", "unavailable", "the instance ended, and the capture with it", "start it again", cause);
  } finally {
    process.off("SIGINT", onSignal).off("SIGTERM", onSignal);
  }
  const how = ended.signal.aborted ? (ended.signal.reason as How["end"]) : "theirs";
  if (how === "reader") return { end: how, isAll: false };
  return { end: how, isAll: await isWritten(output, how === "asked" ? PATIENCE_MS : undefined) };
}

/** Whether all that was written is with whoever reads it; waits for `ms` at most (undefined: for as long as he takes, or until a signal). */
function isWritten({ write, onGone }: Output, ms: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = ms === undefined ? undefined : setTimeout(end, ms, false);
    function end(isAll: boolean): void {
      clearTimeout(timer);
      process.off("SIGINT", giveUp).off("SIGTERM", giveUp);
      resolve(isAll);
    }
    function giveUp(): void {
      end(false);
    }
    process.on("SIGINT", giveUp).on("SIGTERM", giveUp);
    onGone(giveUp);
    write("", () => end(true));
  });
}
