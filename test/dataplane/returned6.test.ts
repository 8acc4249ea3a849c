/**
 * As `returned.test.ts`, of IPv6: told to who sent the packet (RFC 4443 §3), in fragments where we stand for its sender (RFC 8200 §4.5), and between the
 * families with their headers' difference (RFC 7915).
 */
import { describe, expect, it } from "vitest";
import {
  RETURNED_PROHIBITED as PROHIBITED,
  RETURNED_TOO_LONG as TOO_LONG,
  RETURNED_UNREACHABLE as UNREACHABLE,
} from "../../src/wire/flow-entry.js";
import { A, CLIENT, type Dataplane, HOST_IP, only, PUBLISHED, TARGET, UP } from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, SERVER6, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";
import { givenBack } from "../support/returned.js";
import { INIT, sctp } from "../support/sctp.js";

const CONTAINER = "2001:db8:ff::4",
  BRIDGE = "2001:db8:ff::1",
  ETH0 = 2;

/** Port 8999 of both families leads to a container on a bridge of the kernel's, which has IPv6. */
function published(proto = p.UDP, bypass = true): Dataplane {
  const d = dual({ bypass });
  for (const id of [0, 1]) d.withdraw(id);
  for (const hostIp of ["::", "0.0.0.0"])
    d.publish({ ...TO_A6, proto, hostIp, network: -1, target: CONTAINER, snatSource: BRIDGE, onlink: "2001:db8:ff::/64" });
  return d;
}

const ipOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(p.VNET + p.ETH);
const wordOf = (error: { l4: Uint8Array }): number => p.u16(error.l4, 4) * 65536 + p.u16(error.l4, 6);

/** The datagram that the fragments make, without their headers. Each is of one datagram, in its place, and no longer than the way. */
function joined(sent: { port: number; bytes: Uint8Array }[], mtu: number): Uint8Array {
  const parts = sent.map(({ port, bytes }) => {
    const packet = ipOf(bytes);
    let [at, next] = [40, packet[6]!];
    for (; next !== 44; at += 8 * (packet[at + 1]! + 1)) next = packet[at]!;
    expect([port, 40 + p.u16(packet, 4), packet.length <= mtu]).toEqual([UP, packet.length, true]);
    return {
      head: p.hex(packet.subarray(0, 4)) + p.hex(packet.subarray(8, at)),
      proto: packet[at]!,
      id: p.hex(packet.subarray(at + 4, at + 8)),
      from: p.u16(packet, at + 2) & 0xfff8,
      more: (packet[at + 3]! & 1) !== 0,
      body: packet.subarray(at + 8),
    };
  });
  const [first] = parts;
  let end = first!.from;
  for (const [k, { from, more, body, ...rest }] of parts.entries()) {
    expect([from, more, rest]).toEqual([end, k < parts.length - 1, { head: first!.head, proto: first!.proto, id: first!.id }]);
    end += body.length;
  }
  return p.ipv6(...endsOf(sent[0]!.bytes), first!.proto, new Uint8Array(Buffer.concat(parts.map(({ body }) => body))));
}

function endsOf(bytes: Uint8Array): [src: string, dst: string] {
  const { src, dst } = p.parseIp(p.ipv6("::", "::", 59, new Uint8Array(0)).map((byte, at) => (at < 8 ? byte : ipOf(bytes)[at]!)));
  return [src, dst];
}

describe("told to the endpoint, in its own terms, is that its packet is", () => {
  it.each([
    ["too long, with the MTU", TOO_LONG, 1400, [2, 0, 1400], "too-long"],
    ["too long for a way that has less than every link of IPv6", TOO_LONG, 1000, [2, 0, 1280], "too-long"],
    ["for an unreachable host", UNREACHABLE, 0, [1, 0, 0], "unreachable"],
    ["prohibited", PROHIBITED, 0, [1, 1, 0], "prohibited"],
  ] as const)("%s", (_, code, mtu, [type, icmpCode, word], reason) => {
    const d = dual();
    const sent = p.udp({ src: IP6_A, dst: SERVER6 }, { sport: 5000, dport: 53, data: p.payload(1400) });
    const out = only(d.fromEndpoint(A, sent));
    expect([out.src, out.bytes[p.VNET + 11]]).toEqual([HOST_IP6, 1 | 8]); // by the endpoint's way
    const error = only(d.send(UP, givenBack(out.bytes, code, mtu)));
    expect(error).toMatchObject({ port: A, src: GATEWAY6, dst: IP6_A, type, code: icmpCode });
    expect(wordOf(error)).toBe(word);
    expect(p.parseIp(error.l4.subarray(8))).toMatchObject({ src: IP6_A, dst: SERVER6, sport: 5000, dport: 53, ttl: 63 });
    expect(d.drops(UP)).toEqual({ [reason]: 1 });
  });
});

it("a client of a published port is told from the address that it knows; so is the target about its answers", () => {
  const d = published();
  const toTarget = only(d.fromUplink(p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 9, dport: PUBLISHED, data: p.payload(1420) })));
  expect(toTarget).toMatchObject({ src: CLIENT6, dst: CONTAINER, dport: TARGET });
  const error = only(d.send(UP, givenBack(toTarget.bytes, TOO_LONG, 1400)));
  expect(error).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, type: 2 });
  expect(p.parseIp(error.l4.subarray(8))).toMatchObject({ src: CLIENT6, dst: HOST_IP6, sport: 9, dport: PUBLISHED });
  const toClient = only(d.fromUplink(p.udp({ src: CONTAINER, dst: CLIENT6 }, { sport: TARGET, dport: 9, data: p.payload(1420) })));
  const back = only(d.send(UP, givenBack(toClient.bytes, TOO_LONG, 1300)));
  expect(back).toMatchObject({ port: UP, dst: CONTAINER, type: 2 });
  expect(p.parseIp(back.l4.subarray(8))).toMatchObject({ src: CONTAINER, dst: CLIENT6, sport: TARGET, dport: 9 });
});

describe("an IPv4 client of a target that has IPv6", () => {
  const ends = { src: CLIENT, dst: HOST_IP };
  const ports = { sport: 9, dport: PUBLISHED };

  it.each([
    ["UDP", p.UDP, p.udp(ends, { ...ports, data: p.payload(1450) })],
    ["TCP", p.TCP, p.tcp(ends, { ...ports, flags: p.SYN, data: p.payload(1400) })],
    ["SCTP", p.SCTP, sctp(ends, { ...ports, type: INIT })],
  ])("is told the MTU less 20, in ICMP, with what it sent quoted (%s)", (_, proto, packet) => {
    const d = published(proto);
    const out = only(d.fromUplink(packet));
    expect(out).toMatchObject({ src: BRIDGE, dst: CONTAINER, dport: TARGET });
    const error = only(d.send(UP, givenBack(out.bytes, TOO_LONG, 1400)));
    expect(error).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, type: 3, code: 4 });
    expect(wordOf(error)).toBe(1380);
    expect(p.parseIp(error.data)).toMatchObject({ ...ends, ...ports });
    const unreachable = only(d.send(UP, givenBack(out.bytes, UNREACHABLE)));
    expect(unreachable).toMatchObject({ src: HOST_IP, dst: CLIENT, type: 3, code: 1 });
  });

  it("has a datagram that may be fragmented sent in fragments", () => {
    const d = published();
    const out = only(d.fromUplink(p.udp({ ...ends, fragment: 0 }, { ...ports, data: p.payload(1450) })));
    const whole = joined(d.send(UP, givenBack(out.bytes, TOO_LONG, 1400)), 1400);
    expect(p.wrongChecksums(whole)).toEqual([]);
    expect(p.hex(whole.subarray(40))).toBe(p.hex(ipOf(out.bytes).subarray(40)));
    expect(d.drops(UP)).toEqual({});
  });

  it("has it so as well once the flow is established, and is told if it may not", () => {
    const d = published();
    const { sport } = only(d.fromUplink(p.udp(ends, ports)));
    d.fromUplink(p.udp({ src: CONTAINER, dst: BRIDGE }, { sport: TARGET, dport: sport }));
    d.fromUplink(p.udp(ends, ports));
    const send = (fragment?: number) =>
      only(d.fromUplink(p.udp({ ...ends, ...(fragment === 0 && { fragment }) }, { ...ports, data: p.payload(1450) })));
    expect(d.flows()).toMatchObject([{ state: "assured" }]);
    expect(p.wrongChecksums(joined(d.send(UP, givenBack(send(0).bytes, TOO_LONG, 1400)), 1400))).toEqual([]);
    expect(only(d.send(UP, givenBack(send().bytes, TOO_LONG, 1400)))).toMatchObject({ dst: CLIENT, type: 3, code: 4 });
  });

  it("has its fragments, longer by 28 bytes as IPv6, sent in parts that keep their place", () => {
    const d = published();
    const datagram = p.udp({ ...ends, fragment: 0 }, { ...ports, data: p.payload(2900) });
    const outs = p.fragments(datagram, 1480).map((part) => {
      const [out] = d.fromUplink(part);
      return out!.bytes;
    });
    expect(outs.map((bytes) => ipOf(bytes).length)).toEqual([1528, 1476]);
    const sent = [...d.send(UP, givenBack(outs[0]!, TOO_LONG, 1500)), { port: UP, bytes: outs[1]! }];
    expect(sent).toHaveLength(3);
    expect(p.wrongChecksums(joined(sent, 1500))).toEqual([]);
  });
});

describe("a datagram that the host's kernel has put together", () => {
  it.each([
    ["of two fragments", 1450, 1400, 2],
    ["that goes on in a tail, on a way wider than a frame's head", 9000, 4000, 5],
    ["of sixty kilobytes", 60_000, 1400, 45],
  ])("leaves in fragments of the way's length: one %s", (_, length, mtu, count) => {
    const d = published(p.UDP, false);
    const datagram = p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 9, dport: PUBLISHED, data: p.payload(length) });
    const [out] = d.fromHeld(datagram, ETH0);
    const sent = d.send(UP, givenBack(out!.bytes, TOO_LONG, mtu));
    expect(sent).toHaveLength(count);
    const whole = joined(sent, mtu);
    expect(p.wrongChecksums(whole)).toEqual([]);
    expect(p.parseIp(whole)).toMatchObject({ src: CLIENT6, dst: CONTAINER, sport: 9, dport: TARGET });
    expect(whole.length).toBe(datagram.length);
  });

  it("has its partial checksum completed, and keeps its extension headers in each", () => {
    const d = published(p.UDP, false);
    const body = p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 9, dport: PUBLISHED, data: p.payload(3000) }).subarray(40);
    const packet = p.ipv6(CLIENT6, HOST_IP6, 60, p.extension(p.UDP, body));
    packet[7] = 64;
    const sent = d.send(UP, givenBack(d.fromHeld(packet, ETH0)[0]!.bytes, TOO_LONG, 1400));
    expect(sent.map(({ bytes }) => [ipOf(bytes)[6], ipOf(bytes)[40]])).toEqual([
      [60, 44],
      [60, 44],
      [60, 44],
    ]);
    expect(p.wrongChecksums(joined(sent, 1400))).toEqual([]);
    const local = p.partial(
      p.frame(
        "02:00:00:00:00:00",
        "02:00:00:00:00:00",
        p.udp({ src: HOST_IP6, dst: HOST_IP6 }, { sport: 9, dport: PUBLISHED, data: p.payload(3000) }),
      ),
    );
    const own = d.send(UP, givenBack(d.fromHeld(ipOf(local), 1)[0]!.bytes, TOO_LONG, 1400));
    expect([own.length, p.wrongChecksums(joined(own, 1400))]).toEqual([3, []]);
  });

  it("is the only one: what comes by the uplink is told to its sender", () => {
    const d = published(p.UDP, false);
    const datagram = (n: number): Uint8Array => p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 9, dport: PUBLISHED, data: p.payload(n) });
    d.fromHeld(datagram(10), ETH0);
    const out = only(d.fromUplink(datagram(1450)));
    expect(only(d.send(UP, givenBack(out.bytes, TOO_LONG, 1400)))).toMatchObject({ dst: CLIENT6, type: 2 });
  });

  it("may be fragmented as IPv4 too, where the target has that", () => {
    const d = dual({ bypass: false });
    d.publish({ proto: p.UDP, hostIp: "::", network: -1, target: "172.30.0.4", snatSource: "172.30.0.1", onlink: "172.30.0.0/16" });
    const [out] = d.fromHeld(p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 9, dport: PUBLISHED, data: p.payload(1450) }), ETH0);
    expect(p.u16(ipOf(out!.bytes), 6)).toBe(0);
  });
});
