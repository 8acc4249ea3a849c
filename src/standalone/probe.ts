/**
 * Does anything answer at the published targets yet? Asked once before tsproxy is ready, of all targets at the same time,
 * for 300 ms at most. A TCP target is asked by a connection; when that gets no answer, and for UDP, which cannot be
 * asked without disturbing the server, the target's host is asked by an ICMP echo. The echo needs the optional package
 * `raw-socket` and CAP_NET_RAW; without them that question is left out.
 */
import { createRequire } from "node:module";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { PortSpec } from "../control/port-spec.js";

/** `unknown`: it could not be asked. Of a range the first port is asked. */
export interface ProbeResult {
  spec: PortSpec;
  result: "answers" | "refused" | "silent" | "unknown";
  /** One line for the user, unless it answers or is unknown. */
  warning: string | undefined;
}

/** Whether the host answers an ICMP echo in time; null when it cannot be asked. */
export type Ping = (address: string) => Promise<boolean | null>;

const TIMEOUT_MS = 300;
/** A local connection is settled by then, so that most probes need no raw socket, whose package takes 6 ms to load. */
const SETTLED_MS = 50;

/** One result for each different target. Never rejects. */
export async function probeTargets(specs: readonly PortSpec[], ping?: Ping): Promise<ProbeResult[]> {
  const pinger = ping === undefined ? new Pinger() : { ping, close: () => {} };
  const targets = new Map(specs.map((spec) => [`${spec.targetIp}:${spec.targetPort}/${spec.proto}`, spec]));
  const results = await Promise.all(
    [...targets].map(([name, spec]) => (spec.proto === "tcp" ? probeTcp(name, spec, pinger.ping) : probeUdp(name, spec, pinger.ping))),
  );
  pinger.close();
  return results;
}

async function probeTcp(name: string, spec: PortSpec, ping: Ping): Promise<ProbeResult> {
  const connecting = connect(spec.targetIp, spec.targetPort);
  let result = await Promise.race([connecting, sleep(SETTLED_MS, null, { ref: false })]);
  let up: boolean | null = null;
  if (result === null) [result, up] = await Promise.all([connecting, ping(spec.targetIp)]);
  switch (result) {
    case "refused":
      return { spec, result, warning: `nothing answers at ${name} yet: connections will be refused until a server listens there` };
    case "silent":
      return {
        spec,
        result,
        warning: up
          ? `${spec.targetIp} is up but ${name} is silent: a firewall there may drop connections`
          : `nothing answers at ${name} yet: connections will hang until ${spec.targetIp} is up`,
      };
    default:
      return { spec, result, warning: undefined };
  }
}

async function probeUdp(name: string, spec: PortSpec, ping: Ping): Promise<ProbeResult> {
  const up = await ping(spec.targetIp);
  if (up === false)
    return { spec, result: "silent", warning: `${spec.targetIp} does not answer a ping: datagrams to ${name} may be lost until it is up` };
  return { spec, result: up ? "answers" : "unknown", warning: undefined };
}

function connect(host: string, port: number): Promise<"answers" | "refused" | "silent" | "unknown"> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: TIMEOUT_MS });
    const settle = (result: "answers" | "refused" | "silent" | "unknown"): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => settle("answers"));
    socket.on("timeout", () => settle("silent"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED") settle("refused");
      else settle(code === "EMFILE" || code === "EADDRNOTAVAIL" || code === "EPERM" || code === "EACCES" ? "unknown" : "silent");
    });
  });
}

/** What is used of `raw-socket`. */
interface RawSocket {
  on(event: "message", listener: (packet: Buffer, source: string) => void): void;
  on(event: "error", listener: (error: Error) => void): void;
  send(packet: Buffer, offset: number, length: number, address: string, after: (error: Error | null) => void): void;
  close(): void;
}
interface RawSocketModule {
  Protocol: { ICMP: number };
  createSocket(options: { protocol: number }): RawSocket;
  createChecksum(packet: Buffer): number;
  writeChecksum(packet: Buffer, offset: number, checksum: number): void;
}

const ECHO_REPLY = 0; // RFC 792
const ECHO = 8;
const ECHO_SIZE = 16;
const ID = process.pid & 0xffff;

/** One raw socket for all echoes, opened for the first. */
class Pinger {
  private raw: RawSocketModule | null | undefined;
  private socket: RawSocket | undefined;
  private readonly waiting = new Map<string, { answer: Promise<boolean>; settle: (up: boolean) => void }>();

  readonly ping: Ping = async (address) => {
    if (this.raw === undefined) this.open();
    return this.raw && this.socket ? this.echo(this.raw, this.socket, address) : null;
  };

  close(): void {
    this.socket?.close();
    this.socket = undefined;
  }

  private open(): void {
    try {
      this.raw = createRequire(import.meta.url)("raw-socket") as RawSocketModule;
      this.socket = this.raw.createSocket({ protocol: this.raw.Protocol.ICMP });
      this.socket.on("message", (packet, source) => this.receive(packet, source));
      this.socket.on("error", () => {});
    } catch {
      this.raw = null; // not installed, not built, or not permitted
    }
  }

  private echo(raw: RawSocketModule, socket: RawSocket, address: string): Promise<boolean> {
    const known = this.waiting.get(address);
    if (known !== undefined) return known.answer;
    let settle: (up: boolean) => void = () => {};
    const answer = new Promise<boolean>((resolve) => {
      settle = resolve;
    });
    this.waiting.set(address, { answer, settle });
    setTimeout(settle, TIMEOUT_MS - SETTLED_MS, false);
    const packet = Buffer.alloc(ECHO_SIZE); // type, code, checksum (16 bits), identifier (16), sequence (16), data
    packet[0] = ECHO;
    packet.writeUInt16BE(ID, 4);
    raw.writeChecksum(packet, 2, raw.createChecksum(packet));
    socket.send(packet, 0, packet.length, address, (error) => {
      if (error !== null) settle(false);
    });
    return answer;
  }

  /** `packet` starts with its IPv4 header. Every ICMP packet of the host comes by here. */
  private receive(packet: Buffer, source: string): void {
    const icmp = ((packet[0] ?? 0) & 15) * 4;
    if (packet.length < icmp + 8 || packet[icmp] !== ECHO_REPLY || packet.readUInt16BE(icmp + 4) !== ID) return;
    this.waiting.get(source)?.settle(true);
  }
}
