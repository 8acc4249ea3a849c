/** Real clients in a namespace; each answers parsed results. */
import type { Lab } from "./lab.js";
import type { Proc } from "./proc.js";
import { program } from "./servers.js";

export interface Fetched {
  /** curl's exit code: 0 fine, 7 refused, 28 timed out. */
  code: number;
  body: string;
  /** What the test's HTTP server saw: `ADDRESS:PORT`; "" when it did not answer. */
  peer: string;
}

/** Exit codes of curl. */
export const REFUSED = 7;
export const TIMED_OUT = 28;

/** Arguments with which a client waits no longer than it must for what is not to come. */
export const IN_VAIN = { curl: ["--connect-timeout", "0.5"], nc: ["-w", "1"], ping: ["-c", "1", "-W", "1"] };

export async function curl(lab: Lab, ns: string, target: string, args: string[] = []): Promise<Fetched> {
  const { code, stdout } = await lab.run(ns, [
    "curl",
    "-sS",
    "--noproxy",
    "*",
    "--connect-timeout",
    "3",
    "-m",
    "30",
    ...args,
    `http://${target}`,
  ]);
  const peer = code === 0 && stdout.startsWith("{") ? String((JSON.parse(stdout) as { peer: unknown }).peer) : "";
  return { code, body: stdout, peer };
}

/** Sends one datagram with nc and answers the one that came back, "" when none did within two seconds. */
export async function ncUdp(lab: Lab, ns: string, host: string, port: number, text: string, args: string[] = []): Promise<string> {
  const { stdout } = await lab.run(ns, ["nc", "-u", "-w", "2", "-W", "1", ...args, host, String(port)], { input: text });
  return stdout;
}

/** Sends `text` with nc, shuts the sending side, and answers all that came until the server shut its own. */
export async function ncHalfClose(lab: Lab, ns: string, host: string, port: number, text: string): Promise<string> {
  const { stdout } = await lab.run(ns, ["nc", "-N", "-w", "5", host, String(port)], { input: text });
  return stdout;
}

/** TXT answer to a query sent to `host`:`port`, without its quotes. */
export async function dig(lab: Lab, ns: string, host: string, port: number): Promise<string> {
  const args = [`@${host}`, "-p", String(port), "who.test", "TXT", "+short", "+tries=1", "+time=3", "+noedns"];
  const { stdout } = await lab.run(ns, ["dig", ...args]);
  return stdout.trim().replaceAll('"', "");
}

export interface Ping {
  received: number;
  /** Time-to-live of the last answer. */
  ttl: number;
}

export async function ping(lab: Lab, ns: string, host: string, args: string[] = []): Promise<Ping> {
  const { stdout } = await lab.run(ns, ["ping", "-n", "-c", "3", "-i", "0.05", "-W", "2", ...args, host]);
  return { received: Number(/(\d+) received/.exec(stdout)?.[1] ?? 0), ttl: Number(/ttl=(\d+)/.exec(stdout)?.[1] ?? 0) };
}

/** Address of each hop, "*" for one that did not answer. */
export async function traceroute(lab: Lab, ns: string, host: string, args: string[] = []): Promise<string[]> {
  const { stdout } = await lab.run(ns, ["traceroute", "-n", "-q", "1", "-w", "1", "-m", "5", ...args, host]);
  return [...stdout.matchAll(/^ *\d+ +(\S+)/gm)].map((match) => match[1] ?? "");
}

export interface Iperf {
  /** Bytes that the receiving side got. */
  received: number;
  /** UDP: part of the datagrams lost, 0..1. */
  lost: number;
  error: string | undefined;
}

interface IperfReport {
  error?: string;
  end?: { sum_received?: { bytes: number; lost_percent?: number }; sum?: { bytes: number; lost_percent?: number } };
}

export async function iperf3(lab: Lab, ns: string, host: string, port: number, args: string[] = []): Promise<Iperf> {
  const { stdout } = await lab.run(ns, ["iperf3", "-J", "-c", host, "-p", String(port), "-t", "1", "--connect-timeout", "3000", ...args]);
  const report = JSON.parse(stdout) as IperfReport;
  const sum = report.end?.sum_received ?? report.end?.sum;
  return { received: sum?.bytes ?? 0, lost: (sum?.lost_percent ?? 0) / 100, error: report.error };
}

/** Connections held open by `programs/tcp-client.mjs`. */
export class Connections {
  constructor(readonly proc: Proc) {}

  /** Text that came on connection `id` so far. */
  text(id = 0): string {
    return this.proc
      .events()
      .filter((event) => event.event === "data" && event.id === id)
      .map(({ text }) => String(text))
      .join("");
  }

  /** Error name, or "end", of each connection that is closed. */
  get closed(): string[] {
    return this.proc
      .events()
      .filter(({ event }) => event === "closed")
      .map(({ code }) => String(code));
  }

  /** Sends a line on every connection and waits until each has echoed it. */
  async exchange(line: string, count = 1): Promise<void> {
    this.proc.write(`${line}\n`);
    await this.proc.until(`echo of "${line}"`, () =>
      Array.from({ length: count }, (_, id) => id).every((id) => this.text(id).includes(line)),
    );
  }
}

/** Opens `count` TCP connections at once and keeps them; with `local` as `ADDRESS:PORT` from there. */
export async function connect(lab: Lab, ns: string, host: string, port: number, count = 1, local?: string): Promise<Connections> {
  const argv = [process.execPath, program("tcp-client"), host, String(port), String(count), ...(local?.split(":") ?? [])];
  const proc = lab.start(ns, argv, { input: "pipe" });
  await proc.until("connections", () => proc.events().filter(({ event }) => event === "connected").length === count);
  return new Connections(proc);
}

/** A connected UDP socket; `write` lines to it, read its `events`. */
export async function udpClient(lab: Lab, ns: string, host: string, port: number, local?: string): Promise<Proc> {
  const argv = [process.execPath, program("udp-client"), host, String(port), ...(local?.split(":") ?? [])];
  const proc = lab.start(ns, argv, { input: "pipe" });
  return proc.until("socket", () => proc.events().some(({ event }) => event === "connected"));
}

/** Sends one datagram from a socket of its own; the answer. */
export async function udpExchange(lab: Lab, ns: string, host: string, port: number, text: string): Promise<string> {
  const client = await udpClient(lab, ns, host, port);
  const answers = (): string[] => client.events().flatMap(({ event, text }) => (event === "data" ? [String(text)] : []));
  client.write(`${text}\n`);
  await client.until("answer", () => answers().length > 0);
  await client.stop();
  return answers()[0]!;
}
