/** `tsproxy capture` */

import { once } from "node:events";
import { closeSync, openSync, writeSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { CapturedView, CaptureQuery, LostView } from "../../api/capture-types.js";
import type { StatsView } from "../../api/types.js";
import { formatMapping } from "../../control/mapping.js";
import { TsproxyError } from "../../errors.js";
import { parseInteger } from "../../standalone/options.js";
import { CliCommand, usageError } from "../command.js";
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

/** `done` is called when it is with whoever reads. */
type Write = (part: string | Uint8Array, done?: () => void) => unknown;

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
  if (write === "-" && process.stdout.isTTY)
    throw usageError("--write -: standard output is a terminal, which cannot show a pcapng file: name a file, or use a pipe");
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
  const answer = await client
    .open(socketPath, "capture", { query })
    .catch(async (error: unknown) =>
      client.open(socketPath, "capture", { query: { ...query, network: await dockersNetwork(query.network, error) } }),
    );
  let sink: Sink;
  try {
    sink = file === undefined ? lines(json, write) : blocks(file, write);
  } catch (error) {
    answer.destroy();
    throw error;
  }
  for (const line of [...unseen, `capturing packets of process ${asked}; Ctrl-C ends it`]) process.stderr.write(`tsproxy: ${line}\n`);
  let how: { isAll: boolean; isAsked: boolean };
  try {
    how = await follow(answer, sink, write);
  } finally {
    sink.close();
  }
  const isLimited = query.count !== undefined || query.seconds !== undefined;
  if (query.network !== undefined && !how.isAsked && !isLimited)
    process.stderr.write(`tsproxy: network '${query.network}' is gone, and the capture with it\n`);
  if (!how.isAll)
    process.stderr.write("tsproxy: warning: what reads standard output has not taken all of them: the end is missing there\n");
  process.stderr.write(`tsproxy: ${sink.summary()}\n`);
}

/** Id of Docker's network with the name that the instance, which knows Docker's by their ids, has not found; else throws `error` again. */
async function dockersNetwork(name: string | undefined, error: unknown): Promise<string> {
  const isMissing = error instanceof TsproxyError && error.code === "TSP_ERR_CAPTURE" && error.kind === "not-found";
  if (!isMissing || name === undefined) throw error;
  const { networks } = await (await import("../docker-view.js")).dockerNames();
  const found = [...networks].find(([, each]) => each === name);
  if (found === undefined) throw error;
  return found[0];
}

/** What the filter may mean and this instance does not see, in a sentence each: it is not to be missed silently. */
export function notSeen({ mappings }: StatsView, { port, network }: CaptureQuery): string[] {
  const relayed = mappings.filter(({ via, hostPort, hostPortEnd }) => {
    const isMeant = port === undefined || (Number(port) >= hostPort && Number(port) <= hostPortEnd);
    return via === "relay" && isMeant && network === undefined;
  });
  return relayed.map((mapping) => `warning: ${formatMapping(mapping)} is relayed by sockets and not seen here; tcpdump sees it`);
}

/** What comes goes here. */
interface Sink {
  /** Takes a part of what comes. */
  take(chunk: Buffer): void;
  close(): void;
  summary(): string;
}

/**
 * What has come is with whoever reads our standard output when this resolves; not `isAll`: he has not taken all of it, and somebody wants us to end.
 * `isAsked`: it has ended for that, and not by itself.
 */
async function follow(answer: IncomingMessage, sink: Sink, write: Write): Promise<{ isAll: boolean; isAsked: boolean }> {
  const ended = new AbortController();
  const end = (): void => {
    ended.abort();
    answer.destroy();
  };
  process.on("SIGINT", end).on("SIGTERM", end);
  try {
    for await (const chunk of answer) {
      sink.take(chunk as Buffer);
      if (process.stdout.writableNeedDrain) await once(process.stdout, "drain", { signal: ended.signal });
    }
  } catch (cause) {
    if (!ended.signal.aborted)
      throw new TsproxyError("TSP_ERR_INSTANCE", "unavailable", "the instance ended, and the capture with it", "start it again", cause);
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
  }
  const isAsked = ended.signal.aborted;
  return { isAll: await isWritten(write, isAsked ? PATIENCE_MS : undefined), isAsked };
}

/** Whether all that was written is with whoever reads it; waits for `ms` at most (undefined: for as long as he takes, or until a signal). */
function isWritten(write: Write, ms: number | undefined): Promise<boolean> {
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
    write("", () => end(true));
  });
}

function summaryOf(packets: number, lost: number): string {
  const count = packets === 1 ? "1 packet captured" : `${packets} packets captured`;
  return lost === 0 ? count : `${count}, ${lost} lost as they came too fast: use a filter, or a shorter --snapshot-length`;
}

/** Of JSON lines: a line of text each, or as they are. */
function lines(json: boolean, write: Write): Sink {
  let rest = "";
  let packets = 0;
  let lost = 0;
  const decoder = new TextDecoder();
  return {
    take(chunk) {
      const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = parts.pop()!;
      let out = "";
      for (const part of parts) {
        const view = JSON.parse(part) as CapturedView | LostView;
        lost += view.lost ?? 0;
        if ("verdict" in view) packets++;
        out += json ? `${part}\n` : `${"verdict" in view ? lineOf(view) : lostLine(view.lost)}\n`;
      }
      if (out !== "") write(out);
    },
    close() {},
    summary: () => summaryOf(packets, lost),
  };
}

function lostLine(count: number): string {
  return `[${count} ${count === 1 ? "packet" : "packets"} lost]`;
}

/** A packet as a line for people. */
export function lineOf({ time, device, outDevice, proto, src, dst, newSrc, newDst, info, verdict, reason, lost }: CapturedView): string {
  const when = new Date(time);
  const clock = [when.getHours(), when.getMinutes(), when.getSeconds()].map((n) => String(n).padStart(2, "0")).join(":");
  const way = outDevice === undefined ? device : `${device} > ${outDevice}`;
  const to = newSrc === undefined ? "" : ` to ${newSrc} > ${newDst}`;
  const decided = `${verdict}${reason === undefined ? "" : ` (${reason})`}${to}`;
  const before = lost === undefined ? "" : `${lostLine(lost)}\n`;
  return `${before}${clock}${time.slice(19, 26)} ${way} ${proto} ${src} > ${dst}${info === "" ? "" : ` ${info}`}: ${decided}`;
}

/** Of pcapng blocks: whole ones alone, so that the file can be read however the capture ends. */
function blocks(file: string, write: Write): Sink {
  const fd = file === "-" ? undefined : openFile(file);
  let rest: Buffer = Buffer.alloc(0);
  let lost = 0;
  let packets = 0;
  return {
    take(chunk) {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let at = 0;
      while (rest.length - at >= 12) {
        const size = rest.readUInt32LE(at + 4);
        if (rest.length - at < size) break;
        const { isPacket, dropped } = readBlock(rest.subarray(at, at + size));
        if (isPacket) packets++;
        lost += dropped;
        at += size;
      }
      if (fd === undefined) write(rest.subarray(0, at));
      else writeAll(fd, rest.subarray(0, at), file);
      rest = rest.subarray(at);
    },
    close() {
      if (fd !== undefined) closeSync(fd);
    },
    summary: () => summaryOf(packets, lost),
  };
}

/** Of a packet as it came in: that it is one, and how many were lost before it. */
function readBlock(block: Buffer): { isPacket: boolean; dropped: number } {
  if (block.readUInt32LE(0) !== 6) return { isPacket: false, dropped: 0 };
  let at = 28 + ((block.readUInt32LE(20) + 3) & ~3);
  let dropped = 0;
  let isIn = false;
  while (at + 4 <= block.length - 4) {
    const [code, size] = [block.readUInt16LE(at), block.readUInt16LE(at + 2)];
    if (code === 0) break;
    if (code === 2) isIn = (block.readUInt32LE(at + 4) & 3) === 1;
    if (code === 4) dropped = Number(block.readBigUInt64LE(at + 4));
    at += 4 + ((size + 3) & ~3);
  }
  return { isPacket: isIn, dropped };
}

function openFile(file: string): number {
  try {
    return openSync(file, "w", 0o600); // other people's packets are in it
  } catch (cause) {
    throw new TsproxyError(
      "TSP_ERR_CAPTURE",
      "unavailable",
      `cannot write ${file} (${(cause as NodeJS.ErrnoException).code})`,
      "choose another file",
      cause,
    );
  }
}

function writeAll(fd: number, bytes: Buffer, file: string): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TsproxyError("TSP_ERR_CAPTURE", "unavailable", `cannot write ${file} (${code})`, "is the disk full?", cause);
  }
}
