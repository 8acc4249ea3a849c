/** ICMP errors about translated flows (RFC 5508 §4): outer and inner addresses, inner header restored to what its sender had sent. */
import { describe, expect, it } from "vitest";
import { A, B, CLIENT, Dataplane, GATEWAY, HOST_IP, HOST_PORT, IP_A, IP_B, PUBLISHED, SERVER, TARGET, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";

const ROUTER = "203.0.113.254";
/** A target that the host's kernel reaches. */
const BEHIND = "172.18.3.4";

/** A datagram that an end sent, and the same as it left us. */
interface Sent {
  d: Dataplane;
  before: Uint8Array;
  after: Uint8Array;
}

function datagram(frame: Uint8Array): Uint8Array {
  return frame.slice(p.VNET + p.ETH);
}

function sent(d: Dataplane, from: number, before: Uint8Array): Sent {
  const [out] = from === UP ? d.fromUplink(before) : d.fromEndpoint(from, before);
  return { d, before, after: datagram(out!.bytes) };
}

const make = {
  tcp: (ip: p.Ip, sport: number, dport: number) => p.tcp(ip, { sport, dport, flags: p.SYN, data: p.payload(40) }),
  udp: (ip: p.Ip, sport: number, dport: number) => p.udp(ip, { sport, dport, data: p.payload(40) }),
  "udp without checksum": (ip: p.Ip, sport: number, dport: number) => p.udp(ip, { sport, dport, data: p.payload(40), checksum: false }),
  "tcp with ip options": (ip: p.Ip, sport: number, dport: number) =>
    p.tcp({ ...ip, options: new Uint8Array(40).fill(1) }, { sport, dport, flags: p.SYN }),
  echo: (ip: p.Ip, id: number, _: number) => p.echo(ip, id),
};
type Kind = keyof typeof make;

/** What the sender had sent, as the first `n` bytes, with the TTL that it had when we sent it on (one less). */
function asSent(before: Uint8Array, n: number): Uint8Array {
  const expected = before.slice();
  expected[8]!--;
  p.setU16(expected, 10, 0);
  p.setU16(expected, 10, ~p.sum(expected.subarray(0, (expected[0]! & 15) * 4)) & 0xffff);
  return expected.slice(0, n);
}

/** UDP's checksum may come out as 0xffff for 0; all else to the byte. */
function check(
  error: { port: number; bytes: Uint8Array } | undefined,
  want: { port: number; src: string; dst: string; quoted: Uint8Array },
  kind: readonly number[],
): void {
  expect(error).toBeDefined();
  expect(p.wrongIn(error!.bytes)).toEqual([]);
  const got = p.parse(error!.bytes);
  expect([error!.port, got.src, got.dst, got.type, got.code]).toEqual([want.port, want.src, want.dst, kind[0], kind[1]]);
  expect(p.hex(got.data)).toBe(p.hex(want.quoted));
  if (kind === p.FRAGMENTATION_NEEDED) expect(p.u16(got.l4, 6)).toBe(1400);
}

const KINDS = [p.FRAGMENTATION_NEEDED, p.PORT_UNREACHABLE, p.TIME_EXCEEDED] as const;
const CASES = (Object.keys(make) as Kind[]).flatMap((kind) => [8, 20, 28].map((quoted) => [kind, quoted] as const));

describe.each(CASES)("about %s with %i bytes quoted behind the IP header", (kind, behind) => {
  const size = (q: Uint8Array): number => (q[0]! & 15) * 4 + behind;

  it.each(["a router", "the server itself"])("from %s reaches the masqueraded endpoint", (who) => {
    for (const error of KINDS) {
      const s = sent(new Dataplane(), A, make[kind]({ src: IP_A, dst: SERVER }, 40000, 80));
      const from = who === "a router" ? ROUTER : SERVER;
      const [out] = s.d.fromUplink(p.icmpError({ src: from, dst: HOST_IP }, error, s.after.slice(0, size(s.after))));
      check(out, { port: A, src: from, dst: IP_A, quoted: asSent(s.before, size(s.before)) }, error);
    }
  });

  if (kind === "echo") return; // an echo is not published

  it.each(["a router", "the client itself"])("from %s, about an answer, reaches the published endpoint", (who) => {
    const d = new Dataplane();
    if (kind.startsWith("udp")) d.publish({ proto: p.UDP });
    sent(d, UP, make[kind]({ src: CLIENT, dst: HOST_IP }, 40000, PUBLISHED));
    const s = sent(d, A, make[kind]({ src: IP_A, dst: CLIENT }, TARGET, 40000));
    const from = who === "a router" ? ROUTER : CLIENT;
    const [out] = d.fromUplink(p.icmpError({ src: from, dst: HOST_IP }, p.FRAGMENTATION_NEEDED, s.after.slice(0, size(s.after))));
    check(out, { port: A, src: from, dst: IP_A, quoted: asSent(s.before, size(s.before)) }, p.FRAGMENTATION_NEEDED);
  });

  it("from the target reaches the client as one from the host", () => {
    const d = new Dataplane();
    if (kind.startsWith("udp")) d.publish({ proto: p.UDP });
    const s = sent(d, UP, make[kind]({ src: CLIENT, dst: HOST_IP }, 40000, PUBLISHED));
    const [out] = d.fromEndpoint(A, p.icmpError({ src: IP_A, dst: CLIENT }, p.PORT_UNREACHABLE, s.after.slice(0, size(s.after))));
    check(out, { port: UP, src: HOST_IP, dst: CLIENT, quoted: asSent(s.before, size(s.before)) }, p.PORT_UNREACHABLE);
  });

  it("from a router before the target reaches the client as one from the host (RFC 5508 REQ-5c)", () => {
    const d = new Dataplane();
    d.withdraw(0);
    d.publish({ proto: kind.startsWith("udp") ? p.UDP : p.TCP, network: -1, target: BEHIND });
    const s = sent(d, UP, make[kind]({ src: CLIENT, dst: HOST_IP }, 40000, PUBLISHED));
    const [out] = d.fromUplink(p.icmpError({ src: "172.18.0.9", dst: CLIENT }, p.TIME_EXCEEDED, s.after.slice(0, size(s.after))));
    check(out, { port: UP, src: HOST_IP, dst: CLIENT, quoted: asSent(s.before, size(s.before)) }, p.TIME_EXCEEDED);
  });

  it("from the target reaches the hairpinned neighbor", () => {
    const d = new Dataplane();
    if (kind.startsWith("udp")) d.publish({ proto: p.UDP });
    const s = sent(d, B, make[kind]({ src: IP_B, dst: HOST_IP }, 40000, PUBLISHED));
    const [out] = d.fromEndpoint(A, p.icmpError({ src: IP_A, dst: GATEWAY }, p.PORT_UNREACHABLE, s.after.slice(0, size(s.after))));
    check(out, { port: B, src: HOST_IP, dst: IP_B, quoted: asSent(s.before, size(s.before)) }, p.PORT_UNREACHABLE);
  });
});

function masqueraded(): Sent {
  return sent(new Dataplane(), A, make.udp({ src: IP_A, dst: SERVER }, 40000, 5353));
}

const error = (quoted: Uint8Array, ip: Partial<p.Ip> = {}): Uint8Array =>
  p.icmpError({ src: ROUTER, dst: HOST_IP, ...ip }, p.PORT_UNREACHABLE, quoted);

it("neither refreshes nor ends nor opens a flow (RFC 5508 REQ-6, REQ-10)", () => {
  const s = masqueraded();
  s.d.at(s.d.now + 100);
  expect(s.d.fromUplink(error(s.after))).toHaveLength(1);
  expect([s.d.state.conntrack.deadline(0) - s.d.now, s.d.state.conntrack.packets(0, 1), s.d.state.conntrack.used]).toEqual([20, 0, 1]);
});

it("takes one off the outer TTL, and drops the error that has none left", () => {
  const s = masqueraded();
  expect(p.parse(s.d.fromUplink(error(s.after, { ttl: 2 }))[0]!.bytes).ttl).toBe(1);
  expect(s.d.fromUplink(error(s.after, { ttl: 1 }))).toEqual([]);
  expect(s.d.drops(UP)).toEqual({ "ttl-exceeded": 1 });
});

it("passes a quote longer than a frame's head", () => {
  const d = new Dataplane();
  const s = sent(d, A, p.udp({ src: IP_A, dst: SERVER }, { sport: 40000, dport: 53, data: p.payload(4000) }));
  const [out] = d.fromUplink(error(s.after));
  expect(p.wrongIn(out!.bytes)).toEqual([]);
  expect(p.hex(p.parse(out!.bytes).data)).toBe(p.hex(asSent(s.before, s.before.length)));
});

describe("drops under a reason, and changes nothing else", () => {
  const bad: [string, string, (s: Sent) => Uint8Array][] = [
    ["l4-header", "a wrong ICMP checksum", (s) => flip(error(s.after), 22)],
    ["l4-header", "a changed byte of the quote", (s) => flip(error(s.after), 60)],
    ["no-flow", "a quote of no flow", () => error(p.udp({ src: HOST_IP, dst: SERVER }, { sport: 1, dport: 2 }))],
    ["no-flow", "a quote in the wrong direction, as forgers would send it", (s) => error(s.before)],
    ["truncated", "less than 8 bytes behind the quoted header", (s) => error(s.after.slice(0, 27))],
    ["truncated", "a quoted IHL behind the end", (s) => error(s.after.slice(0, 30).with(0, 0x4f))],
    ["ip-header", "a quoted IHL below 5", (s) => error(s.after.slice(0, 28).with(0, 0x44))],
    ["ip-header", "a quoted IPv6 header", (s) => error(s.after.slice(0, 28).with(0, 0x65))],
    ["ip-fragment", "a quoted later fragment", (s) => error(s.after.slice(0, 28).with(7, 1))],
    ["icmp-type", "an error about an error", (s) => error(error(s.after))],
    ["icmp-type", "a redirect", (s) => p.icmp({ src: ROUTER, dst: HOST_IP }, 5, 1, 0, s.after)],
    ["icmp-type", "a source quench", (s) => p.icmp({ src: ROUTER, dst: HOST_IP }, 4, 0, 0, s.after)],
  ];
  it.each(bad)("%s: %s", (reason, _, forge) => {
    const s = masqueraded();
    expect(s.d.fromUplink(forge(s))).toEqual([]);
    expect(s.d.drops(UP)).toEqual({ [reason]: 1 });
  });

  function flip(bytes: Uint8Array, at: number): Uint8Array {
    return bytes.with(at, bytes[at]! ^ 1);
  }
});

it("goes to the host's own kernel when it is about no flow and an endpoint sent it there", () => {
  const d = new Dataplane();
  const about = p.icmpError({ src: IP_A, dst: GATEWAY }, p.PORT_UNREACHABLE, p.udp({ src: GATEWAY, dst: IP_A }, { sport: 1, dport: 2 }));
  const [out] = d.fromEndpoint(A, about);
  expect([out!.port, datagram(out!.bytes)]).toEqual([HOST_PORT, about]);
  expect(
    d.fromEndpoint(
      A,
      p.icmpError({ src: IP_A, dst: SERVER }, p.PORT_UNREACHABLE, p.udp({ src: SERVER, dst: IP_A }, { sport: 1, dport: 2 })),
    ),
  ).toEqual([]);
  expect(d.drops(A)).toEqual({ "no-flow": 1 });
});
