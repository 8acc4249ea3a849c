/** Conversations that several requirements ask about, with the host of `../support/host.ts`. */
import { expect } from "vitest";
import type { StateOptions } from "../../src/dataplane/state.js";
import type { SentFrame } from "../../src/device/memory-io.js";
import { A, CLIENT, Dataplane, HOST_IP, IP_A, IP_B, only, PUBLISHED, SERVER, TARGET } from "../support/dataplane.js";
import * as p from "../support/packets.js";

/** Another server than SERVER. */
export const OTHER_SERVER = "203.0.113.81";
export const ROUTER = "203.0.113.254";
/** The service that endpoints ask. */
export const SERVICE = 4000;
export const PROTOCOLS = ["udp", "tcp"] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export function datagram(ip: p.Ip, sport: number, dport: number, data?: Uint8Array): Uint8Array {
  return p.udp(ip, { sport, dport, ...(data && { data }) });
}

/** A frame to the uplink as the uplink's program gives it back: the way out takes `mtu` bytes. */
export function tooLong(sent: Uint8Array, mtu: number): Uint8Array {
  const frame = Uint8Array.from(sent);
  frame.set([0, 8, mtu & 0xff, mtu >> 8], p.VNET + 6);
  frame.set([0x88, 0xb5], p.VNET + 12);
  return frame;
}

/** A packet that opens a flow. */
export function opening(protocol: Protocol, ip: p.Ip, sport: number, dport: number): Uint8Array {
  return protocol === "udp" ? datagram(ip, sport, dport) : p.tcp(ip, { sport, dport, flags: p.SYN });
}

/** Its answer. */
function answer(protocol: Protocol, ip: p.Ip, sport: number, dport: number): Uint8Array {
  return protocol === "udp" ? datagram(ip, sport, dport) : p.tcp(ip, { sport, dport, flags: p.SYN | p.ACK });
}

/** An endpoint of one port asks a server; what the outside sees. */
export function ask(d: Dataplane, protocol: Protocol, sport: number, to = SERVER, port: number = A): p.Parsed & { bytes: Uint8Array } {
  return only(d.fromEndpoint(port, opening(protocol, { src: port === A ? IP_A : IP_B, dst: to }, sport, SERVICE)));
}

/** What the server sends to where the question seemed to come from; what comes through. */
export function reply(d: Dataplane, protocol: Protocol, outsidePort: number, from = SERVER, fromPort = SERVICE): SentFrame[] {
  return d.fromUplink(answer(protocol, { src: from, dst: HOST_IP }, fromPort, outsidePort));
}

/** Fields of TCP segments of one connection, by their flags: what is sent on. */
export class Connection {
  readonly d: Dataplane;

  /** Client and server of a published port; or, `inside`, an endpoint and a server. */
  constructor(
    readonly inside: boolean,
    options: Partial<StateOptions> = {},
  ) {
    this.d = new Dataplane(options);
  }

  private outsidePort = 0;

  client(flags: number, seq = 1, ack = 1): number {
    const segment = { sport: 40000, dport: this.inside ? SERVICE : PUBLISHED, flags, seq, ack };
    const sent = this.inside
      ? this.d.fromEndpoint(A, p.tcp({ src: IP_A, dst: SERVER }, segment))
      : this.d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, segment));
    if (sent.length === 1) this.outsidePort = p.parse(sent[0]!.bytes).sport;
    return sent.length;
  }

  server(flags: number, seq = 1, ack = 1): number {
    if (this.inside)
      return this.d.fromUplink(p.tcp({ src: SERVER, dst: HOST_IP }, { sport: SERVICE, dport: this.outsidePort, flags, seq, ack })).length;
    return this.d.fromEndpoint(A, p.tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 40000, flags, seq, ack })).length;
  }

  /** The handshake; then each side has the other's first byte to come. */
  open(): this {
    expect([this.client(p.SYN, 0, 0), this.server(p.SYN | p.ACK, 0, 1), this.client(p.ACK, 1, 1)]).toEqual([1, 1, 1]);
    return this;
  }

  /** The one flow's state and what is left of its time. */
  get state(): string {
    return this.d.flows()[0]?.state ?? "gone";
  }

  get left(): number {
    return this.d.flows()[0]?.timeoutSec ?? 0;
  }

  /** Lets the time pass. */
  wait(sec: number): void {
    this.d.at(this.d.now + sec);
  }
}

/** A datagram as it left the engine, from its IP header on. */
export function asSent(frame: { bytes: Uint8Array }): Uint8Array {
  return frame.bytes.slice(p.VNET + p.ETH);
}
