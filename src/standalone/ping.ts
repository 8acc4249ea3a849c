/**
 * Is a host up? One ICMP echo (RFC 792, RFC 4443 §4), which Node itself cannot send. The package `raw-socket` sends it where it is
 * installed (it must be compiled, so tsproxy does not bring it) and for IPv4, else a socket of the addon: a raw one with
 * CAP_NET_RAW, or one for pings alone where net.ipv4.ping_group_range lets us.
 */
import { closeSync } from "node:fs";
import { createRequire } from "node:module";
import type { TsproxyError } from "../errors.js";
import { native, systemError } from "../sys/native.js";
import { ECHO_REPLY, emitEcho, HEADER_SIZE } from "../wire/icmp.js";
import { parseIp } from "../wire/ip-address.js";

/** Whether the host at an address answers in time; null when it cannot be asked. */
export type Ping = (address: string) => Promise<boolean | null>;

/** Sends echoes, and calls back with the address that an answer came from. */
export interface EchoSocket {
  /** Throws when there is no way to that address. */
  send(address: string, echo: Buffer): void;
  close(): void;
}

const ECHO_SIZE = 16;
const ID = process.pid & 0xffff;
const IPV4_VERSION = 4;
/** RFC 4443 §4. The kernel fills in the checksum. */
const ECHO_IPV6 = 128,
  ECHO_REPLY_IPV6 = 129;
const MSG_DONTWAIT = 0x40; // include/linux/socket.h

/** Asks each address once, all by the sockets that the first echo opens. */
export class Pinger {
  private socket: EchoSocket | null | undefined;
  private readonly waiting = new Map<string, { answer: Promise<boolean>; settle: (up: boolean) => void }>();

  constructor(
    private readonly timeoutMs: number,
    private readonly open: typeof openEchoSocket = openEchoSocket,
  ) {}

  readonly ping: Ping = (address) => {
    const known = this.waiting.get(address);
    if (known !== undefined) return known.answer;
    if (this.socket === undefined) this.openSocket();
    if (this.socket === null || this.socket === undefined) return Promise.resolve(null);
    let settle: (up: boolean) => void = () => {};
    const answer = new Promise<boolean>((resolve) => {
      settle = resolve;
    });
    this.waiting.set(address, { answer, settle });
    setTimeout(settle, this.timeoutMs, false);
    try {
      this.socket.send(address, echoRequest(isIpv6(address)));
    } catch {
      settle(false);
    }
    return answer;
  };

  private openSocket(): void {
    try {
      this.socket = this.open((source) => this.waiting.get(source)?.settle(true));
    } catch {
      this.socket = null; // not permitted
    }
  }

  close(): void {
    this.socket?.close();
    this.socket = null;
  }
}

/** Throws TSP_ERR_SYSCALL (permission) where the kernel lets us have no such socket. */
export function openEchoSocket(answered: (source: string) => void): EchoSocket {
  const ipv4 = openPackage(answered);
  if (ipv4 === null) return new AddonSocket(answered);
  const ipv6 = new AddonSocket(answered);
  return {
    send: (address, echo) => (isIpv6(address) ? ipv6 : ipv4).send(address, echo),
    close: () => {
      ipv4.close();
      ipv6.close();
    },
  };
}

function isIpv6(address: string): boolean {
  return parseIp(address)?.family === 6;
}

function echoRequest(ofIpv6: boolean): Buffer {
  const { buffer } = new Uint16Array(ECHO_SIZE / 2);
  emitEcho(new Uint8Array(buffer), new Uint16Array(buffer), 0, ECHO_SIZE, ID, 1);
  const echo = Buffer.from(buffer);
  if (ofIpv6) echo[0] = ECHO_IPV6;
  return echo;
}

/** Whether that is an answer to one of ours: an ICMP message, behind its IPv4 header when a raw socket of IPv4 read it. */
function isAnswer(packet: Uint8Array, length: number): boolean {
  const hasHeader = packet[0]! >> 4 === IPV4_VERSION; // an echo reply starts with 0
  const icmp = hasHeader ? (packet[0]! & 15) * 4 : 0;
  if (length < icmp + HEADER_SIZE) return false;
  if (packet[icmp] === ECHO_REPLY_IPV6) return true; // the socket is connected to the one that is asked
  if (packet[icmp] !== ECHO_REPLY) return false;
  // A socket for pings alone has an identifier of its own, and reads no answers but its own.
  return !hasHeader || ((packet[icmp + 4]! << 8) | packet[icmp + 5]!) === ID;
}

/** A connected socket for each address. */
class AddonSocket implements EchoSocket {
  private readonly open: { fd: number; watch: ReturnType<typeof native.watch> }[] = [];

  /** Tries one, so that it is known at once where none is permitted. */
  constructor(private readonly answered: (source: string) => void) {
    try {
      closeSync(connect("127.0.0.1"));
    } catch (error) {
      if ((error as TsproxyError).kind === "permission") throw error;
    }
  }

  send(address: string, echo: Buffer): void {
    const fd = connect(address);
    const packet = new Uint8Array(128);
    const watch = native.watch(fd, () => {
      const length = native.recv(fd, packet, MSG_DONTWAIT);
      if (length > 0 && isAnswer(packet, length)) this.answered(address);
    });
    this.open.push({ fd, watch });
    const sent = native.send(fd, echo);
    if (sent < 0) throw systemError("send(ICMP)", sent);
  }

  close(): void {
    for (const { fd, watch } of this.open.splice(0)) {
      native.unwatch(watch);
      closeSync(fd);
    }
  }
}

function connect(address: string): number {
  const fd = native.icmpConnect(address);
  if (fd < 0) throw systemError("socket(ICMP)", fd, "run as root, or grant CAP_NET_RAW");
  return fd;
}

/** What is used of `raw-socket`. */
interface RawSocketModule {
  Protocol: { ICMP: number };
  createSocket(options: { protocol: number }): {
    on(event: "message", listener: (packet: Buffer, source: string) => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    send(packet: Buffer, offset: number, length: number, address: string, after: (error: Error | null) => void): void;
    close(): void;
  };
}

/** One raw socket for all addresses; null when the package is not installed, not compiled, or not permitted. */
function openPackage(answered: (source: string) => void): EchoSocket | null {
  try {
    const require = createRequire(import.meta.url);
    const raw = require("raw-socket") as RawSocketModule;
    const socket = raw.createSocket({ protocol: raw.Protocol.ICMP });
    socket.on("message", (packet, source) => {
      if (isAnswer(packet, packet.length)) answered(source);
    });
    socket.on("error", () => {});
    return {
      send: (address, echo) => socket.send(echo, 0, echo.length, address, () => {}),
      close: () => socket.close(),
    };
  } catch {
    return null;
  }
}
