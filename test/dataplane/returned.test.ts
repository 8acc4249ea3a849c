/**
 * Frames of ours that the uplink's program gives back, since the host has no way for them: fragmented, or told to who sent the packet that they were
 * made from (RFC 791 §3.2, RFC 1191, RFC 1812 §5.2.7.1). `emit` is played here; test/integration/routes.test.ts has the program itself.
 */
import { describe, expect, it } from "vitest";
import {
  RETURNED_PROHIBITED as PROHIBITED,
  RETURNED_TOO_LONG as TOO_LONG,
  RETURNED_UNREACHABLE as UNREACHABLE,
} from "../../src/wire/flow-entry.js";
import { A, CLIENT, Dataplane, GATEWAY, HOST_IP, IP_A, only, PUBLISHED, SERVER, TARGET, UP } from "../support/dataplane.js";
import { CLIENT6, dual, HOST_IP6 } from "../support/dual.js";
import * as p from "../support/packets.js";
import { givenBack } from "../support/returned.js";

const CONTAINER = "172.30.0.4",
  BRIDGE = "172.30.0.1";
const MAY_FRAGMENT = 0;

const datagram = (length: number, options: Partial<p.Ip> = {}): Uint8Array =>
  p.udp({ src: IP_A, dst: SERVER, ...options }, { sport: 5000, dport: 53, data: p.payload(length) });

/** A host whose port 8999 leads to a container on a bridge of the kernel's. */
function published(): Dataplane {
  const d = new Dataplane();
  d.withdraw(0);
  d.publish({ proto: p.UDP, network: -1, target: CONTAINER, snatSource: BRIDGE, onlink: "172.30.0.0/16" });
  return d;
}

describe("told to the endpoint, in its own terms, is that its packet is", () => {
  it.each([
    ["too long and not to be fragmented, with the MTU", TOO_LONG, 1400, 4, "too-long"],
    ["for an unreachable host", UNREACHABLE, 0, 1, "unreachable"],
    ["prohibited", PROHIBITED, 0, 13, "prohibited"],
  ])("%s", (_, code, mtu, icmpCode, reason) => {
    const d = new Dataplane();
    const sent = datagram(1400);
    const out = only(d.fromEndpoint(A, sent));
    const error = only(d.send(UP, givenBack(out.bytes, code, mtu)));
    expect(error).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, type: 3, code: icmpCode });
    const quoted = p.parseIp(error.data);
    expect(quoted).toMatchObject({ src: IP_A, dst: SERVER, sport: 5000, dport: 53, ttl: 63 });
    expect(Buffer.from(error.bytes).readUInt16BE(p.VNET + p.ETH + 20 + 6)).toBe(mtu);
    expect(d.drops(UP)).toEqual({ [reason]: 1 });
  });
});

it("a client of a published port is told from the address that it knows, about what it sent; so is the target about its answers", () => {
  const d = published();
  const asked = { src: CLIENT, dst: HOST_IP };
  const toTarget = only(d.fromUplink(p.udp(asked, { sport: 9, dport: PUBLISHED, data: p.payload(1450) })));
  expect(toTarget).toMatchObject({ src: CLIENT, dst: CONTAINER, dport: TARGET });
  const error = only(d.send(UP, givenBack(toTarget.bytes, TOO_LONG, 1400)));
  expect(error).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, type: 3, code: 4 });
  expect(p.parseIp(error.data)).toMatchObject({ src: CLIENT, dst: HOST_IP, sport: 9, dport: PUBLISHED });
  const toClient = only(d.fromUplink(p.udp({ src: CONTAINER, dst: CLIENT }, { sport: TARGET, dport: 9, data: p.payload(1450) })));
  const back = only(d.send(UP, givenBack(toClient.bytes, TOO_LONG, 1300)));
  expect(back).toMatchObject({ port: UP, dst: CONTAINER, type: 3, code: 4 });
  expect(p.parseIp(back.data)).toMatchObject({ src: CONTAINER, dst: CLIENT, sport: TARGET, dport: 9 });
});

describe("in fragments leaves", () => {
  it.each([
    ["a datagram", 1450, 1400, 2],
    ["one that goes on in a tail", 9000, 1400, 7],
    ["one for a way wider than a frame's head", 30_000, 9000, 15],
    ["one whose last fragment is as long as may be", 2 * 1376 - 8, 1396, 2],
  ])("%s that may be, in order, each as long as fits", (_, length, mtu, count) => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, datagram(length, { fragment: MAY_FRAGMENT })));
    const sent = d.send(UP, givenBack(out.bytes, TOO_LONG, mtu));
    expect(sent.map(({ port }) => port)).toEqual(Array(count).fill(UP));
    for (const { bytes } of sent) expect(bytes.length).toBeLessThanOrEqual(p.VNET + p.ETH + mtu);
    const whole = p.reassembled(sent.map(({ bytes }) => bytes.subarray(p.VNET + p.ETH)));
    expect(p.hex(whole)).toBe(p.hex(out.bytes.subarray(p.VNET + p.ETH)));
    // Each still says whose packet it is, so that all take the same way.
    for (const { bytes } of sent) expect(p.hex(bytes.subarray(p.VNET, p.VNET + 12))).toBe(p.hex(out.bytes.subarray(p.VNET, p.VNET + 12)));
    expect(d.drops(UP)).toEqual({});
  });

  it("a datagram with a partial checksum, which is completed before", () => {
    const d = new Dataplane();
    const frame = p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", datagram(5000, { fragment: MAY_FRAGMENT }));
    const [out] = d.send(A, p.partial(frame));
    const sent = d.send(UP, givenBack(out!.bytes, TOO_LONG, 1400));
    for (const { bytes } of sent) expect(p.hex(bytes.subarray(0, p.VNET))).toBe("00".repeat(p.VNET));
    const whole = p.reassembled(sent.map(({ bytes }) => bytes.subarray(p.VNET + p.ETH)));
    expect(p.wrongChecksums(whole)).toEqual([]);
    expect(p.hex(whole)).toBe(p.hex(p.complete(out!.bytes).subarray(p.VNET + p.ETH)));
  });

  it("a fragment that is too long itself: its parts keep their place, and that others follow", () => {
    const d = new Dataplane();
    const [first, last] = p.fragments(datagram(2600, { fragment: MAY_FRAGMENT }), 1448);
    const outs = [first!, last!].map((part) => only0(d.fromEndpoint(A, part)));
    const sent = outs.flatMap((bytes) => d.send(UP, givenBack(bytes, TOO_LONG, 1000)));
    expect(sent).toHaveLength(4);
    const whole = p.reassembled(sent.map(({ bytes }) => bytes.subarray(p.VNET + p.ETH)));
    expect(p.parseIp(whole)).toMatchObject({ src: HOST_IP, dst: SERVER, dport: 53 });
    expect(p.wrongChecksums(whole)).toEqual([]);
  });

  it("a datagram with options: those for the first fragment alone are not in the others (RFC 791 §3.1)", () => {
    const d = new Dataplane();
    // Record route (7, not copied), then security (130, copied).
    const options = Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 130, 4, 1, 2, 0);
    const out = d.fromEndpoint(A, datagram(1450, { fragment: MAY_FRAGMENT, options }))[0]!;
    const sent = d.send(UP, givenBack(out.bytes, TOO_LONG, 1400)).map(({ bytes }) => bytes.subarray(p.VNET + p.ETH));
    expect(sent.map((bytes) => p.hex(bytes.subarray(20, 32)))).toEqual([p.hex(options), `${"01".repeat(7)}8204010200`]);
    expect(sent.map((bytes) => p.sum(bytes.subarray(0, 32)))).toEqual([0xffff, 0xffff]);
  });

  it("two of one batch, with what comes between and after them in its order", () => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, datagram(1450, { fragment: MAY_FRAGMENT })));
    const long = givenBack(out.bytes, TOO_LONG, 1400);
    const short = p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", datagram(10));
    for (const [port, bytes] of [
      [UP, long],
      [A, short],
      [UP, long],
      [A, short],
    ] as const)
      d.io.put(port, bytes);
    const lengths = d.run().map(({ bytes }) => bytes.length - p.VNET - p.ETH);
    expect(lengths).toEqual([1396, 102, 38, 1396, 102, 38]);
  });
});

describe("silently dropped, and counted, is", () => {
  it.each([
    [
      "an ICMP error that does not get on",
      (d: Dataplane) => d.fromEndpoint(A, p.icmpError({ src: IP_A, dst: SERVER }, p.PORT_UNREACHABLE, reply(d))),
    ],
  ])("%s", (_, send) => {
    const d = new Dataplane();
    const [out] = send(d);
    expect(d.send(UP, givenBack(out!.bytes, UNREACHABLE))).toEqual([]);
    expect(d.drops(UP)).toEqual({ unreachable: 1 });
  });

  it("what belongs to no flow any more, and what a way without an MTU is too short for", () => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, datagram(1400)));
    const other = only(d.fromEndpoint(A, datagram(1400, { fragment: MAY_FRAGMENT })));
    d.say({ type: "end-flows", id: 0, client: null, port: 0 } as never);
    expect(d.send(UP, givenBack(out.bytes, TOO_LONG, 1400))).toEqual([]);
    expect(d.send(UP, givenBack(other.bytes, TOO_LONG, 60))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "too-long": 2 });
  });

  it("more than so many a second", () => {
    const d = new Dataplane();
    const out = givenBack(only(d.fromEndpoint(A, datagram(1400))).bytes, TOO_LONG, 1400);
    for (let n = 0; n < 1050; n++) d.io.put(UP, out);
    expect([d.run().length, d.drops(UP)]).toEqual([1000, { "too-long": 1050 }]);
  });
});

it("nobody else can give a frame back: one of the kind from an endpoint is another protocol's", () => {
  const d = new Dataplane();
  const frame = givenBack(p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", datagram(1400)), TOO_LONG, 1400);
  expect(d.send(A, frame)).toEqual([]);
});

/** An answer from outside to a datagram of the endpoint's, as the endpoint got it. */
function reply(d: Dataplane): Uint8Array {
  const { sport } = only(d.fromEndpoint(A, datagram(10)));
  const back = only(d.fromUplink(p.udp({ src: SERVER, dst: HOST_IP }, { sport: 53, dport: sport })));
  return back.bytes.slice(p.VNET + p.ETH);
}

function only0(sent: { bytes: Uint8Array }[]): Uint8Array {
  expect(sent).toHaveLength(1);
  return sent[0]!.bytes;
}

it("a client in IPv6 is told in ICMPv6, with 20 bytes more, of what it sent (RFC 7915, RFC 8201)", () => {
  const d = dual();
  d.publish({
    proto: p.UDP,
    network: -1,
    target: CONTAINER,
    snatSource: BRIDGE,
    onlink: "172.30.0.0/16",
    hostIp: "::",
    firstPort: 9000,
    lastPort: 9000,
  });
  const sent = p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 9, dport: 9000, data: p.payload(1400) });
  const out = only(d.fromUplink(sent));
  expect(out).toMatchObject({ src: BRIDGE, dst: CONTAINER });
  const error = only(d.send(UP, givenBack(out.bytes, TOO_LONG, 1400)));
  expect(error).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, type: 2, code: 0 });
  expect(p.u16(error.l4, 6)).toBe(1420);
  expect(p.parseIp(error.l4.subarray(8))).toMatchObject({ src: CLIENT6, dst: HOST_IP6, sport: 9, dport: 9000 });
  expect(d.drops(UP)).toEqual({ "too-long": 1 });
  const unreachable = only(d.send(UP, givenBack(only(d.fromUplink(sent)).bytes, UNREACHABLE)));
  expect(unreachable).toMatchObject({ dst: CLIENT6, type: 1, code: 0 });
});
