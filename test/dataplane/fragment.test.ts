/** Datagrams in fragments: each part gets its addresses, and what a receiver puts together is the datagram translated. */
import { describe, expect, it } from "vitest";
import type { SentFrame } from "../../src/device/memory-io.js";
import {
  A,
  B,
  CLIENT,
  Dataplane,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  MAC_UP,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import { CLIENT6, dual, HOST_IP6, IP6_A, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";

const toHost = { src: CLIENT, dst: HOST_IP };
const HEADERS = 24; // virtio-net and Ethernet
const DATA = p.payload(3000);

/** The datagram that the frames are fragments of; all leave by `port`. */
function whole(sent: SentFrame[], port: number): Uint8Array {
  expect(sent.map((f) => f.port)).toEqual(sent.map(() => port));
  return p.reassembled(sent.map((f) => f.bytes.subarray(HEADERS)));
}

function byOffset(a: SentFrame, b: SentFrame): number {
  return (p.u16(a.bytes, HEADERS + 6) & 0x1fff) - (p.u16(b.bytes, HEADERS + 6) & 0x1fff);
}

function withUdp(): Dataplane {
  const d = new Dataplane();
  d.publish({ proto: p.UDP });
  return d;
}

describe("a datagram in fragments", () => {
  const question = p.udp(toHost, { sport: 4000, dport: PUBLISHED, data: DATA });
  const answer = p.udp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 4000, data: DATA });

  it("opens a flow to a published port, and its answer comes back by it", () => {
    const d = withUdp();
    const there = p.fragments(question, 1480).flatMap((part) => d.fromUplink(part));
    expect(there).toHaveLength(3);
    expect(p.wrongChecksums(whole(there, A))).toEqual([]);
    expect(p.parseIp(whole(there, A))).toMatchObject({ src: CLIENT, dst: IP_A, ttl: 63, sport: 4000, dport: TARGET, data: DATA });
    const back = whole(
      p.fragments(answer, 1000).flatMap((part) => d.fromEndpoint(A, part)),
      UP,
    );
    expect(p.wrongChecksums(back)).toEqual([]);
    expect(p.parseIp(back)).toMatchObject({ src: HOST_IP, dst: CLIENT, sport: PUBLISHED, dport: 4000, data: DATA });
    expect([d.dropTotal(), d.state.conntrack.used]).toEqual([0, 1]);
  });

  it("does so in one batch, beside another that has the same number", () => {
    const d = withUdp();
    const other = p.udp({ src: SERVER, dst: HOST_IP }, { sport: 5000, dport: PUBLISHED, data: DATA.toReversed() });
    const [ours, theirs] = [question, other].map((datagram) => p.fragments(datagram, 1480));
    for (const [i, part] of ours!.entries()) for (const f of [part, theirs![i]!]) d.io.put(UP, p.frame(MAC_UP, MAC_UP, f));
    const sent = d.run();
    const from = (src: string): SentFrame[] => sent.filter((f) => p.parse(f.bytes).src === src);
    expect(p.parseIp(whole(from(CLIENT), A)).data).toEqual(DATA);
    expect(p.parseIp(whole(from(SERVER), A)).data).toEqual(DATA.toReversed());
  });

  it("without a checksum keeps none", () => {
    const d = withUdp();
    const parts = p.fragments(p.udp(toHost, { sport: 4000, dport: PUBLISHED, data: DATA, checksum: false }), 1480);
    const sent = parts.flatMap((part) => d.fromUplink(part));
    expect(p.u16(p.parseIp(whole(sent, A)).l4, 6)).toBe(0);
  });

  it.each([
    ["UDP", p.udp({ src: IP_A, dst: SERVER }, { sport: 7, dport: 53, data: DATA })],
    ["a ping", p.echo({ src: IP_A, dst: SERVER }, 7, false, DATA)],
    ["TCP", p.tcp({ src: IP_A, dst: SERVER }, { sport: 7, dport: 80, flags: p.SYN, data: DATA })],
  ])("is masqueraded: %s", (_, datagram) => {
    const d = new Dataplane();
    const out = whole(
      p.fragments(datagram, 1480).flatMap((part) => d.fromEndpoint(A, part)),
      UP,
    );
    expect(p.wrongChecksums(out)).toEqual([]);
    expect(p.parseIp(out)).toMatchObject({ src: HOST_IP, dst: SERVER, data: DATA });
  });

  it("counts once in its flow, and keeps what TCP has come to", () => {
    const d = new Dataplane();
    const segment = p.tcp({ src: IP_A, dst: SERVER }, { sport: 7, dport: 80, flags: p.SYN, data: DATA });
    for (const part of p.fragments(segment, 1480)) d.fromEndpoint(A, part);
    expect([d.state.conntrack.packets(0, 0), d.state.conntrack.state(0)]).toEqual([1, 0]);
  });

  it("ends with its first fragment's TTL: the sender is told once", () => {
    const d = withUdp();
    const dying = p.fragments(p.udp({ ...toHost, ttl: 1 }, { sport: 4000, dport: PUBLISHED, data: DATA }), 1480);
    const [told, ...more] = dying.flatMap((part) => d.fromUplink(part));
    expect(p.parse(told!.bytes)).toMatchObject({ dst: CLIENT, type: 11 });
    d.at(d.now + 3);
    expect([more.length, d.drops(UP)]).toEqual([0, { "fragment-alone": 2 }]);
  });
});

describe("a later fragment is dropped under ip-fragment", () => {
  const [first, second] = p.fragments(p.udp(toHost, { sport: 4000, dport: PUBLISHED, data: DATA }), 1480);

  it("when the first one was refused", () => {
    const d = new Dataplane();
    expect([d.fromUplink(first!), d.fromUplink(second!), d.drops(UP)]).toEqual([[], [], { "no-flow": 1, "ip-fragment": 1 }]);
  });

  it("without a payload, with one that is no multiple of 8 in the middle, or past what a datagram can be (ping of death)", () => {
    const d = withUdp();
    d.fromUplink(first!);
    const with_ = (fragment: number, size: number): Uint8Array => p.ipv4({ ...toHost, fragment }, p.UDP, p.payload(size));
    for (const bad of [with_(0x2000 | 185, 0), with_(0x2000 | 185, 12), with_(0x1fff, 8)]) expect(d.fromUplink(bad)).toEqual([]);
    expect(d.drops(UP)).toEqual({ "ip-fragment": 3 });
  });

  it("when its flow has ended and another has the number", () => {
    const d = new Dataplane({ conntrackMax: 1 });
    const [head, tail] = p.fragments(p.echo({ src: IP_A, dst: SERVER }, 7, false, DATA), 1480);
    d.fromEndpoint(A, head!);
    d.state.conntrack.remove(0);
    expect(d.fromEndpoint(A, tail!)).toEqual([]);
    d.fromEndpoint(B, p.udp({ src: IP_B, dst: SERVER }, { sport: 1, dport: 2 }));
    expect([d.state.conntrack.used, d.fromEndpoint(A, tail!), d.drops(A)]).toEqual([1, [], { "ip-fragment": 2 }]);
  });

  it("where it would cover TCP's flags (RFC 1858)", () => {
    const d = new Dataplane();
    const parts = p.fragments(p.tcp({ src: IP_A, dst: SERVER }, { sport: 7, dport: 80, flags: p.SYN, data: DATA }), 1480);
    d.fromEndpoint(A, parts[0]!);
    const over = p.fragments(p.tcp({ src: IP_A, dst: SERVER }, { sport: 7, dport: 80, data: DATA }), 8)[1]!;
    expect([d.fromEndpoint(A, over), d.drops(A)]).toEqual([[], { "ip-fragment": 1 }]);
  });
});

describe("a later fragment that comes before the first one", () => {
  const question = p.udp(toHost, { sport: 4000, dport: PUBLISHED, data: DATA });
  const parts = p.fragments(question, 1480);

  it.each([
    ["2 1 0", [2, 1, 0]],
    ["1 0 2", [1, 0, 2]],
    ["2 0 1", [2, 0, 1]],
  ])("follows it, and nothing is changed in it but the addresses: order %s", (_, order) => {
    const d = withUdp();
    const sent = order.map((n) => d.fromUplink(parts[n]!));
    expect(sent.slice(0, order.indexOf(0)).flat()).toEqual([]);
    const out = sent.flat().toSorted(byOffset);
    expect(p.wrongChecksums(whole(out, A))).toEqual([]);
    expect(p.parseIp(whole(out, A))).toMatchObject({ src: CLIENT, dst: IP_A, ttl: 63, sport: 4000, dport: TARGET, data: DATA });
    expect([d.dropTotal(), d.state.conntrack.packets(0, 0)]).toEqual([0, 1]);
  });

  it("does so within one batch, and of an endpoint, and of a reply from outside", () => {
    const d = new Dataplane();
    const batch = p.fragments(p.udp({ src: IP_A, dst: SERVER }, { sport: 7, dport: 53, data: DATA }), 1480).reverse();
    for (const part of batch) d.io.put(A, p.frame(MAC_GATEWAY, MAC_A, part));
    const out = d.run();
    expect(out.map(({ port }) => port)).toEqual([UP, UP, UP]);
    const { sport } = p.parse(out.find(({ bytes }) => (p.u16(bytes, HEADERS + 6) & 0x1fff) === 0)!.bytes);
    const reply = p.fragments(p.udp({ src: SERVER, dst: HOST_IP }, { sport: 53, dport: sport, data: DATA }), 1480).reverse();
    const back = reply.flatMap((part) => d.fromUplink(part));
    expect(p.parseIp(whole(back.toSorted(byOffset), A))).toMatchObject({ src: SERVER, dst: IP_A, data: DATA });
    expect(d.dropTotal()).toBe(0);
  });

  it("of a jumbo frame waits as well", () => {
    const d = withUdp();
    const large = p.fragments(p.udp(toHost, { sport: 4000, dport: PUBLISHED, data: p.payload(20_000) }), 8976).reverse();
    const out = large.flatMap((part) => d.fromUplink(part)).toSorted(byOffset);
    expect(p.parseIp(whole(out, A)).data).toEqual(p.payload(20_000));
  });

  it("is dropped under fragment-alone when the first one has not come after 3 seconds", () => {
    const d = withUdp();
    expect([d.fromUplink(parts[2]!), d.dropTotal()]).toEqual([[], 0]);
    d.at(d.now + 2);
    expect(d.dropTotal()).toBe(0);
    d.at(d.now + 1);
    expect(d.drops(UP)).toEqual({ "fragment-alone": 1 });
    expect(d.fromUplink(parts[0]!)).toHaveLength(1);
  });

  it("is dropped with it when the first one is refused", () => {
    const d = new Dataplane();
    for (const part of [...parts].reverse()) d.fromUplink(part);
    expect(d.drops(UP)).toEqual({ "no-flow": 1, "fragment-alone": 2 });
  });

  it("of an endpoint to the host goes there at once, since the host may have to put it together, and follows the first one if that is of a flow", () => {
    const d = withUdp();
    const hairpin = p.fragments(p.udp({ src: IP_B, dst: HOST_IP }, { sport: 4000, dport: PUBLISHED, data: DATA }), 1480).reverse();
    const sent = hairpin.map((part) => d.fromEndpoint(B, part).map(({ port, bytes }) => [port, p.parse(bytes).dst]));
    expect(sent).toEqual([[[HOST_PORT, HOST_IP]], [[HOST_PORT, HOST_IP]], [A, A, A].map((port) => [port, IP_A])]);
    const other = p.fragments(p.udp({ src: IP_B, dst: HOST_IP }, { sport: 4000, dport: 9, data: DATA }), 1480).reverse();
    expect(other.map((part) => d.fromEndpoint(B, part).map(({ port }) => port))).toEqual([[HOST_PORT], [HOST_PORT], [HOST_PORT]]);
    d.at(d.now + 5);
    expect(d.dropTotal()).toBe(0);
  });

  it("cannot be so many of one sender that others' have no room", () => {
    const d = withUdp();
    const late = (src: string, n: number, id: number): Uint8Array => {
      const part = p.fragments(p.udp({ src, dst: HOST_IP, fragment: 0 }, { sport: 4000, dport: PUBLISHED, data: DATA }), 1480)[n]!;
      return p.numbered(part, id);
    };
    for (const src of [CLIENT, SERVER]) for (let id = 0; id < 1000; id++) d.fromUplink(late(src, 1, id));
    const third = "198.51.100.77";
    expect([2, 1, 0].map((n) => d.fromUplink(late(third, n, 5)).length)).toEqual([0, 0, 3]);
  });
});

describe("of a datagram of which two fragments cover the same bytes", () => {
  const datagram = p.udp(toHost, { sport: 4000, dport: PUBLISHED, data: DATA });
  const parts = p.fragments(datagram, 1480);
  const evil = (offset: number, size: number, more: boolean): Uint8Array =>
    p.ipv4({ ...toHost, fragment: (more ? 0x2000 : 0) | (offset / 8) }, p.UDP, new Uint8Array(size).fill(0x65));

  it("nothing goes on any more (RFC 5722)", () => {
    const d = withUdp();
    expect(d.fromUplink(parts[0]!)).toHaveLength(1);
    expect([evil(1472, 16, true), parts[1]!, parts[2]!, parts[0]!].flatMap((part) => d.fromUplink(part))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "fragment-overlap": 4 });
  });

  it("nothing does if that one came before the first", () => {
    const d = withUdp();
    for (const part of [evil(1472, 16, true), parts[1]!]) d.fromUplink(part);
    expect(d.fromUplink(parts[0]!)).toHaveLength(1);
    expect(d.fromUplink(parts[2]!)).toEqual([]);
    expect(d.drops(UP)).toEqual({ "fragment-overlap": 3 });
  });

  it("all goes on if that one only says the same bytes again, but for itself", () => {
    const d = withUdp();
    const sent = [parts[0]!, parts[1]!, parts[1]!, parts[0]!, parts[2]!].flatMap((part) => d.fromUplink(part));
    expect(p.parseIp(whole(sent, A)).data).toEqual(DATA);
    expect(d.drops(UP)).toEqual({ "fragment-repeated": 2 });
  });
});

it("first fragments without end of one address take no other's place (RFC 4787 REQ-14a)", () => {
  const d = withUdp();
  const others = Array.from({ length: 20 }, (_, n) => `198.51.100.${n + 10}`);
  const of = (src: string): Uint8Array[] => p.fragments(p.udp({ src, dst: HOST_IP }, { sport: 4000, dport: PUBLISHED, data: DATA }), 1480);
  for (const src of others) expect(d.fromUplink(of(src)[0]!)).toHaveLength(1);
  const flood = of(CLIENT)[0]!;
  for (let id = 0; id < 3000; id++) d.fromUplink(p.numbered(flood, id));
  for (const src of others)
    expect(
      of(src)
        .slice(1)
        .flatMap((part) => d.fromUplink(part)),
      src,
    ).toHaveLength(2);
  expect(d.dropTotal()).toBe(0);
});

it("a number may stand for another datagram when nothing was heard of it for two seconds", () => {
  const d = withUdp();
  const of = (data: Uint8Array): Uint8Array[] => p.fragments(p.udp(toHost, { sport: 4000, dport: PUBLISHED, data }), 1480);
  expect(
    of(DATA)
      .slice(0, 2)
      .flatMap((part) => d.fromUplink(part)),
  ).toHaveLength(2); // the last one is lost
  d.at(d.now + 2);
  expect(
    p.parseIp(
      whole(
        of(DATA.toReversed()).flatMap((part) => d.fromUplink(part)),
        A,
      ),
    ).data,
  ).toEqual(DATA.toReversed());
});

it("a first fragment too short for TCP's header is dropped: its flags would be in the next (RFC 1858)", () => {
  const d = new Dataplane();
  const [tiny] = p.fragments(p.tcp({ src: IP_A, dst: SERVER }, { sport: 7, dport: 80, flags: p.SYN }), 8);
  expect([d.fromEndpoint(A, tiny!), d.drops(A)]).toEqual([[], { truncated: 1 }]);
});

it("fragments between neighbours are bridged in any order", () => {
  const d = new Dataplane();
  const parts = p.fragments(p.udp({ src: IP_A, dst: IP_B }, { sport: 1, dport: 2, data: DATA }), 1480).reverse();
  const sent = parts.flatMap((part) => d.send(A, p.frame(MAC_B, MAC_A, part)));
  expect([sent.map(({ port }) => port), d.dropTotal()]).toEqual([[B, B, B], 0]);
});

it("what the host itself sends in one piece, by lo, may be fragmented on its way out; a client's not", () => {
  const d = withUdp();
  const local = { src: HOST_IP, dst: HOST_IP };
  const flags = (sent: SentFrame[]): number => p.u16(sent[0]!.bytes, HEADERS + 6);
  const large = p.udp(local, { sport: 4000, dport: PUBLISHED, data: DATA });
  const [out] = d.fromUplink(large);
  const { src, sport } = p.parse(out!.bytes);
  expect([flags([out!]), p.wrongIn(out!.bytes)]).toEqual([0, []]);
  d.fromEndpoint(A, p.udp({ src: IP_A, dst: src }, { sport: TARGET, dport: sport }));
  const again = d.fromUplink(large); // the flow is established
  expect([flags(again), p.wrongIn(again[0]!.bytes), d.state.conntrack.packets(0, 0)]).toEqual([0, [], 2]);
  expect(flags(d.fromUplink(p.udp(local, { sport: 4000, dport: PUBLISHED })))).toBe(0x4000);
  expect(flags(d.fromUplink(p.udp(toHost, { sport: 4000, dport: PUBLISHED, data: DATA })))).toBe(0x4000);
});

describe("IPv6 (RFC 8200 §4.5)", () => {
  const whole = p.parseIp(p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 4000, dport: PUBLISHED, data: p.payload(3000) })).l4;
  const part = (from: number, to: number): Uint8Array =>
    p.ipv6(CLIENT6, HOST_IP6, 44, p.fragment6(p.UDP, from, to < whole.length, whole.subarray(from, to)));
  const parts = [part(0, 1440), part(1440, 2880), part(2880, whole.length)];
  const published = (): Dataplane => {
    const d = dual();
    d.publish({ ...TO_A6, proto: p.UDP });
    return d;
  };

  it.each([
    ["0 1 2", [0, 1, 2]],
    ["2 1 0", [2, 1, 0]],
    ["1 0 2", [1, 0, 2]],
  ])("fragments of a known flow pass in any order: %s", (_, order) => {
    const d = published();
    expect(d.fromUplink(p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 4000, dport: PUBLISHED }))).toHaveLength(1);
    const sent = order.flatMap((n) => d.fromUplink(parts[n]!));
    expect(sent.map(({ port, bytes }) => [port, p.parse(bytes).dst])).toEqual(Array(3).fill([A, IP6_A]));
    const body = new Uint8Array(whole.length);
    for (const { bytes } of sent) {
      const fragment = bytes.subarray(HEADERS + 40);
      body.set(fragment.subarray(8), p.u16(fragment, 2) & 0xfff8);
    }
    expect(p.wrongChecksums(p.ipv6(CLIENT6, IP6_A, p.UDP, body))).toEqual([]);
    expect([p.u16(body, 2), d.dropTotal()]).toEqual([TARGET, 0]);
  });

  it("nothing goes on of a packet of which two cover the same bytes (RFC 5722)", () => {
    const d = published();
    d.fromUplink(p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 4000, dport: PUBLISHED }));
    expect([parts[0]!, part(1432, 1448), parts[1]!, parts[2]!].flatMap((f) => d.fromUplink(f))).toHaveLength(1);
    expect(d.drops(UP)).toEqual({ "fragment-overlap": 3 });
  });
});
