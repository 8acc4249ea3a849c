/** A flow through an engine in memory, seen from both of its ends: whoever opens it, and its target, which answers whom it sees. */
import { type Dataplane, UP } from "./dataplane.js";
import * as p from "./packets.js";

export interface Opener {
  /** Port that it comes in by. */
  from: number;
  src: string;
  sport: number;
  dst: string;
  dport: number;
}

/** What somebody is told whose connection nobody knows. */
function isReset(bytes: Uint8Array): boolean {
  const { proto, flags } = p.parse(bytes);
  return proto === p.TCP && (flags & p.RST) !== 0;
}

export class Flow {
  /** Of TCP, what its segments have beside ends and flags, of the opener's and of the target's. */
  segment: Pick<p.Tcp, "seq" | "ack" | "options"> = {};
  answerSegment: Pick<p.Tcp, "seq" | "ack" | "options"> = {};
  /** As the target sees its first packet; undefined: it did not get through. */
  seen: { port: number; src: string; sport: number; dst: string; dport: number } | undefined;

  constructor(
    private readonly d: Dataplane,
    readonly opener: Opener,
    private readonly proto: number = p.TCP,
  ) {}

  /** The opener sends; whether it got through, and did not come back as "unreachable". */
  ask(flags = p.ACK): boolean {
    const { from, src, sport, dst, dport } = this.opener;
    const [out] = this.enter(from, { src, dst }, { sport, dport, ...this.segment }, flags);
    if (out === undefined) return false;
    const got = p.parse(out.bytes);
    if (got.proto === p.ICMP && got.type === 3) return false;
    this.seen = { port: out.port, src: got.src, sport: got.sport, dst: got.dst, dport: got.dport };
    return true;
  }

  /** The target answers; whether that got to the opener. */
  answer(flags = p.ACK): boolean {
    const { port, src, sport, dst, dport } = this.seen!;
    return this.enter(port, { src: dst, dst: src }, { sport: dport, dport: sport, ...this.answerSegment }, flags).length === 1;
  }

  /** A connection is opened, or a datagram answered and another sent; whether all got through. */
  open(): boolean {
    if (this.proto === p.UDP) return this.ask() && this.answer() && this.ask();
    return this.ask(p.SYN) && this.answer(p.SYN | p.ACK) && this.ask();
  }

  close(): boolean {
    return this.ask(p.FIN | p.ACK) && this.answer(p.FIN | p.ACK) && this.ask();
  }

  private enter(port: number, ip: p.Ip, l4: p.Tcp, flags: number): { port: number; bytes: Uint8Array }[] {
    const datagram = this.proto === p.UDP ? p.udp(ip, l4) : p.tcp(ip, { ...l4, flags });
    const sent = port === UP ? this.d.fromUplink(datagram) : this.d.fromEndpoint(port, datagram);
    return sent.filter(({ bytes }) => (flags & p.RST) !== 0 || !isReset(bytes));
  }
}
