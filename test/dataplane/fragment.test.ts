/** Datagrams in fragments: each part gets its addresses, and what a receiver puts together is the datagram translated. */
import { describe, expect, it } from "vitest";
import type { SentFrame } from "../../src/device/memory-io.js";
import { A, B, CLIENT, Dataplane, HOST_IP, IP_A, IP_B, MAC_A, MAC_B, MAC_UP, PUBLISHED, SERVER, TARGET, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";

const toHost = { src: CLIENT, dst: HOST_IP };
const HEADERS = 24; // virtio-net and Ethernet
const DATA = p.payload(3000);

/** The datagram that the frames are fragments of; all leave by `port`. */
function whole(sent: SentFrame[], port: number): Uint8Array {
  expect(sent.map((f) => f.port)).toEqual(sent.map(() => port));
  return p.reassembled(sent.map((f) => f.bytes.subarray(HEADERS)));
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
    expect([more.length, d.drops(UP)]).toEqual([0, { "ip-fragment": 2 }]);
  });
});

describe("a later fragment is dropped under ip-fragment", () => {
  const [first, second] = p.fragments(p.udp(toHost, { sport: 4000, dport: PUBLISHED, data: DATA }), 1480);

  it("before its first one", () => {
    const d = withUdp();
    expect([d.fromUplink(second!).length, d.fromUplink(first!).length, d.drops(UP)]).toEqual([0, 1, { "ip-fragment": 1 }]);
  });

  it("when the first one was refused", () => {
    const d = new Dataplane();
    expect([d.fromUplink(first!), d.fromUplink(second!), d.drops(UP)]).toEqual([[], [], { "no-flow": 1, "ip-fragment": 1 }]);
  });

  it("half a minute later", () => {
    const d = withUdp();
    d.fromUplink(first!);
    d.at(d.now + 29);
    expect(d.fromUplink(second!)).toHaveLength(1);
    d.at(d.now + 1);
    expect([d.fromUplink(second!), d.drops(UP)]).toEqual([[], { "ip-fragment": 1 }]);
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
