/**
 * Published ports whose target is behind another node of an overlay network, and what the host itself opens there: from this node's own address in the
 * network, to the node that has the target, and back. All through the whole engine.
 */
import { describe, expect, it } from "vitest";
import type { SentFrame } from "../../src/device/memory-io.js";
import { DRAINS, selectionMemory } from "../../src/table/selection.js";
import { CLIENT, type Dataplane, HELD_PORT, HOST_IP, locals, only, PUBLISHED, rule, TARGET, targetOf, UP } from "../support/dataplane.js";
import * as o from "../support/overlay.js";
import {
  E,
  GATE,
  IP_E,
  IP_GATE,
  IP_R,
  IP_SNAT,
  IP6_R,
  IP6_SNAT,
  MAC_E,
  MAC_GATE,
  MAC_R,
  MAC_SNAT,
  OTHERS,
  OVERLAY,
  overlay,
  snat,
  TUNNEL,
  V4,
  V6,
} from "../support/overlay.js";
import * as p from "../support/packets.js";

const CLIENT6 = "2001:db8:99::9",
  HOST6 = "2001:db8::1";
const RULE = 9;
const ONLINK = { network: OVERLAY, snatSource: IP_GATE, onlink: "10.9.0.0/16" };
const TO_R = targetOf({ id: 1, target: IP_R, ...ONLINK }),
  TO_E = targetOf({ id: 2, target: IP_E, ...ONLINK });
const TO_R6 = targetOf({ id: 1, target: IP6_R, network: OVERLAY, snatSource: "fd09::1", onlink: "fd09::/64" });
const toHost = { src: CLIENT, dst: HOST_IP };

/** A node that has addresses of its own in the network, and publishes a port with these targets. */
function publishing(targets = [TO_R], { proto = p.TCP, ...options }: o.OverlayOptions & { proto?: number } = {}): Dataplane {
  const d = overlay(options);
  d.withdraw(0);
  d.say(snat(), { type: "publish", id: RULE, rule: { ...rule({ proto, selection: selectionMemory(0, 7) }), targets } });
  return d;
}

/** The packet in a datagram to another node, which must be right. */
function inside(sent: SentFrame[]): p.Parsed & { node: string } {
  expect(sent.map(({ port }) => port)).toEqual([TUNNEL]);
  const out = o.departed(sent[0]!.bytes);
  expect(p.wrongIn(out.frame)).toEqual([]);
  return { ...p.parse(out.frame), node: out.dst };
}

/** What R sends to this node's own address. */
const fromR = (d: Dataplane, body: Uint8Array, underlay = V4): SentFrame[] =>
  d.send(TUNNEL, o.arriving(o.datagram(p.frame(MAC_SNAT, MAC_R, body).subarray(p.VNET), { src: underlay.node, dst: underlay.local })));
const syn = (sport: number): Uint8Array => p.tcp(toHost, { sport, dport: PUBLISHED, flags: p.SYN });

/** A connection that both ends keep up; the port that R sees. */
function connect(d: Dataplane, sport = 40000, underlay = V4): number {
  const { sport: seen } = inside(d.fromHeld(syn(sport)));
  const toNode = { src: IP_R, dst: IP_SNAT };
  expect(only(fromR(d, p.tcp(toNode, { sport: TARGET, dport: seen, flags: p.SYN | p.ACK }), underlay))).toMatchObject({
    port: UP,
    dst: CLIENT,
    dport: sport,
  });
  d.fromUplink(p.tcp(toHost, { sport, dport: PUBLISHED, flags: p.ACK }));
  return seen;
}

describe.each([
  ["IPv4", V4],
  ["IPv6", V6],
])("over %s, a published port", (_, underlay) => {
  it("leads to a target on another node, which sees this node's own address and answers there", () => {
    const d = publishing([TO_R], { underlay });
    const there = inside(d.fromHeld(syn(40000)));
    expect(there).toMatchObject({ node: underlay.node, dstMac: MAC_R, srcMac: MAC_SNAT, src: IP_SNAT, dst: IP_R, dport: TARGET });
    const back = only(fromR(d, p.tcp({ src: IP_R, dst: IP_SNAT }, { sport: TARGET, dport: there.sport, flags: p.SYN | p.ACK }), underlay));
    expect(back).toMatchObject({ port: UP, src: HOST_IP, sport: PUBLISHED, dst: CLIENT, dport: 40000 });
    // Established: data both ways, whole segments too.
    expect(inside(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, data: p.payload(900) })))).toMatchObject({
      src: IP_SNAT,
      sport: there.sport,
    });
    const big = p.partial(
      p.frame("02:00:00:00:00:00", "02:11:22:33:44:55", p.tcp(toHost, { sport: 40000, dport: PUBLISHED, data: p.payload(30_000) })),
      p.GSO_TCPV4,
      1398,
    );
    const whole = o.departed(d.send(UP, big)[0]!.bytes);
    expect(whole.header).toMatchObject({ size: 1398, flags: 1 });
    expect(p.wrongIn(p.complete(p.join(big.subarray(0, p.VNET), whole.frame.subarray(p.VNET))))).toEqual([]);
    expect(
      only(fromR(d, p.tcp({ src: IP_R, dst: IP_SNAT }, { sport: TARGET, dport: there.sport, data: p.payload(1000) }), underlay)),
    ).toMatchObject({ port: UP, dst: CLIENT });
    expect(d.dropTotal()).toBe(0);
    expect(d.flows()).toMatchObject([{ state: "established" }]);
  });
});

describe("a published port", () => {
  it("makes the segments itself where the tunnels' device does not", () => {
    const d = publishing([TO_R], { segments: false, datagrams: false });
    connect(d);
    const data = p.payload(3000);
    const big = p.partial(
      p.frame("02:00:00:00:00:00", "02:11:22:33:44:55", p.tcp(toHost, { sport: 40000, dport: PUBLISHED, data })),
      p.GSO_TCPV4,
      1398,
    );
    const sent = d.send(UP, big).map(({ bytes }) => o.departed(bytes));
    expect(sent.map(({ vni, dst }) => [vni, dst])).toEqual(Array(3).fill([o.VNI, V4.node]));
    expect(sent.flatMap(({ frame }) => p.wrongIn(frame))).toEqual([]);
  });

  it("leads to targets here and there by turns, and to others where one is on no node", () => {
    const d = publishing([TO_R, TO_E]);
    const went = (sport: number): string => {
      const [sent] = d.fromHeld(syn(sport));
      return sent!.port === E ? "E" : sent!.port === TUNNEL ? "R" : "refused";
    };
    expect([1, 2, 3, 4].map(went).sort()).toEqual(["E", "E", "R", "R"]);
    d.say({ type: "remove-remote", network: OVERLAY, mac: p.macBytes(MAC_R) });
    expect([5, 6, 7].map(went)).toEqual(["E", "E", "E"]);
    d.say(o.remote(MAC_R, IP_R, V4.other)); // it has moved
    d.say({ type: "targets", id: RULE, targets: [TO_R, { ...TO_E, duty: DRAINS }] });
    expect(inside(d.fromHeld(syn(8)))).toMatchObject({ node: V4.other });
  });

  it("serves clients of one family with a target of the other, in datagrams of UDP too", () => {
    const d = publishing([TO_R6], { proto: p.UDP });
    const there = inside(d.fromHeld(p.udp(toHost, { sport: 40000, dport: PUBLISHED, data: p.payload(20) })));
    expect(there).toMatchObject({ src: IP6_SNAT, dst: IP6_R, dport: TARGET, node: V4.node });
    const back = only(fromR(d, p.udp({ src: IP6_R, dst: IP6_SNAT }, { sport: TARGET, dport: there.sport, data: p.payload(30) })));
    expect(back).toMatchObject({ port: UP, src: HOST_IP, sport: PUBLISHED, dst: CLIENT, dport: 40000 });
    const same = publishing([TO_R6], { proto: p.UDP });
    same.say(locals([HOST_IP, HOST6]));
    same.say({
      type: "publish",
      id: RULE,
      rule: { ...rule({ hostIp: "::", proto: p.UDP, selection: selectionMemory(0, 7) }), targets: [TO_R6] },
    });
    expect(inside(same.fromHeld(p.udp({ src: CLIENT6, dst: HOST6 }, { sport: 5, dport: PUBLISHED, data: p.payload(20) })))).toMatchObject({
      src: IP6_SNAT,
      dst: IP6_R,
    });
    expect([d.dropTotal(), same.dropTotal()]).toEqual([0, 0]);
  });

  it("leads an endpoint of this node there as well", () => {
    const d = publishing();
    d.io.put(
      HELD_PORT,
      p.frame("02:00:00:00:00:00", "02:00:00:00:00:01", p.tcp({ src: IP_E, dst: HOST_IP }, { sport: 5, dport: PUBLISHED, flags: p.SYN })),
      9,
    );
    d.state.networks.hostDevice[OVERLAY] = 9;
    const there = inside(d.run());
    expect(there).toMatchObject({ src: IP_SNAT, dst: IP_R });
    expect(only(fromR(d, p.tcp({ src: IP_R, dst: IP_SNAT }, { sport: TARGET, dport: there.sport, flags: p.SYN | p.ACK })))).toMatchObject({
      port: E,
      dstMac: MAC_E,
      src: HOST_IP,
      sport: PUBLISHED,
    });
  });

  it("tells a client of datagrams that do not fit, and sends in fragments what may be", () => {
    const d = publishing([TO_R], { proto: p.UDP });
    const long = (df: boolean): Uint8Array =>
      p.udp({ ...toHost, fragment: df ? 0x4000 : 0 }, { sport: 40000, dport: PUBLISHED, data: p.payload(1460) });
    expect(inside(d.fromHeld(p.udp(toHost, { sport: 40000, dport: PUBLISHED, data: p.payload(20) })))).toMatchObject({ dst: IP_R });
    const told = d.fromHeld(long(true));
    expect(told.map(({ port }) => port)).toEqual([UP]);
    expect(p.parse(told[0]!.bytes)).toMatchObject({ dst: CLIENT, type: 3, code: 4 });
    const parts = d.fromHeld(long(false)).map(({ bytes }) => o.departed(bytes).frame);
    expect(parts.length).toBe(2);
    expect(p.reassembled(parts.map((part) => part.subarray(p.VNET + 14))).length).toBe(20 + 8 + 1460);
  });

  it("gets an answer in fragments of which the first comes last, with another node's frame before it", () => {
    const d = publishing([TO_R], { proto: p.UDP });
    const { sport } = inside(d.fromHeld(p.udp(toHost, { sport: 40000, dport: PUBLISHED, data: p.payload(20) })));
    const answer = p.udp({ src: IP_R, dst: IP_SNAT }, { sport: TARGET, dport: sport, data: p.payload(2000) });
    const [first, later] = p.fragments(answer, 1400);
    expect(fromR(d, later!)).toEqual([]);
    const bridged = p.frame(MAC_E, o.MAC_S, p.udp({ src: o.IP_S, dst: IP_E }, { sport: 1, dport: 2 })).subarray(p.VNET);
    d.io.put(TUNNEL, o.arriving(o.datagram(bridged, { src: V4.other })));
    const sent = fromR(d, first!);
    expect(sent.map(({ port }) => port)).toEqual([E, UP, UP]);
    expect(p.reassembled(sent.slice(1).map(({ bytes }) => bytes.subarray(p.VNET + 14))).length).toBe(20 + 8 + 2000);
    expect(d.dropTotal()).toBe(0);
  });

  it("is refused where this node has no address of its own in the network, and ends when it is taken away", () => {
    const d = overlay();
    d.withdraw(0);
    d.say({ type: "publish", id: RULE, rule: { ...rule({ selection: selectionMemory(0, 7) }), targets: [TO_R] } });
    expect(d.fromHeld(syn(1)).map(({ port }) => port)).toEqual([UP]); // refused
    d.say(snat());
    connect(d);
    d.say(snat(IP_SNAT)); // has it still
    expect(d.flows()).toHaveLength(1);
    d.say(snat(""));
    expect(d.flows()).toHaveLength(0);
  });

  it("has no more flows there when the network goes", () => {
    const d = publishing();
    connect(d);
    d.say({ type: "remove-network", network: OVERLAY });
    expect(d.flows()).toHaveLength(0);
  });
});

describe("this node's own address in a network", () => {
  it("is a way to flows alone: nothing is opened by it, not to the host, nor through it, nor to a published port", () => {
    const d = publishing();
    const seen = connect(d);
    const before = d.dropTotal();
    const toNode = { src: IP_R, dst: IP_SNAT };
    for (const body of [
      p.tcp(toNode, { sport: 5, dport: PUBLISHED, flags: p.SYN }),
      p.tcp(toNode, { sport: 5, dport: 22, flags: p.SYN }),
      p.udp(toNode, { sport: 5, dport: 53 }),
      p.echo(toNode, 7),
      p.tcp(toNode, { sport: TARGET + 1, dport: seen, flags: p.SYN | p.ACK }),
      p.tcp({ src: IP_R, dst: HOST_IP }, { sport: 5, dport: PUBLISHED, flags: p.SYN }),
      p.tcp({ src: IP_R, dst: "203.0.113.9" }, { sport: 5, dport: 80, flags: p.SYN }),
      p.tcp({ src: IP_R, dst: IP_GATE }, { sport: 5, dport: 80, flags: p.SYN }),
    ]) {
      expect(fromR(d, body)).toEqual([]);
      // The first datagram of a node comes from the host's stack.
      d.io.put(
        HELD_PORT,
        p.frame("02:00:00:00:00:00", "02:00:00:00:00:01", o.datagram(p.frame(MAC_SNAT, MAC_R, body).subarray(p.VNET))),
        2,
      );
      expect(d.run()).toEqual([]);
    }
    expect(d.dropTotal() - before).toBe(16);
    expect(d.flows()).toHaveLength(1);
    expect(d.drops(OTHERS)).toMatchObject({ "no-flow": expect.any(Number), "unknown-station": 6 });
  });

  it("is nobody's for endpoints of this node", () => {
    const d = publishing();
    expect(d.send(E, p.frame(MAC_SNAT, MAC_E, p.tcp({ src: IP_E, dst: IP_SNAT }, { sport: 1, dport: 2 })))).toEqual([]);
    expect(d.drops(E)).toEqual({ "unknown-station": 1 });
  });

  it("hears ICMP errors of targets, which their clients get", () => {
    const d = publishing([TO_R], { proto: p.UDP });
    const sent = d.fromHeld(p.udp(toHost, { sport: 40000, dport: PUBLISHED, data: p.payload(20) }));
    const quoted = o.departed(sent[0]!.bytes).frame.subarray(p.VNET + 14);
    const told = only(fromR(d, p.icmpError({ src: IP_R, dst: IP_SNAT }, p.PORT_UNREACHABLE, quoted)));
    expect(told).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT });
  });
});

describe("the host", () => {
  const hostsOwn = locals([HOST_IP, IP_GATE]);
  const question = (target: string): Uint8Array => p.arpFrame(p.BROADCAST, { senderMac: MAC_GATE, senderIp: IP_GATE, targetIp: target });

  it("reaches endpoints on other nodes from there, as by health checks, and is not reached", () => {
    const d = publishing();
    d.say(hostsOwn);
    expect(d.send(GATE, question(IP_R)).map(({ port }) => port)).toEqual([GATE]);
    const body = p.tcp({ src: IP_GATE, dst: IP_R }, { sport: 33000, dport: TARGET, flags: p.SYN });
    const there = inside(d.send(GATE, p.frame(MAC_R, MAC_GATE, body)));
    expect(there).toMatchObject({ src: IP_SNAT, dst: IP_R, dport: TARGET, srcMac: MAC_SNAT });
    expect(only(fromR(d, p.tcp({ src: IP_R, dst: IP_SNAT }, { sport: TARGET, dport: there.sport, flags: p.SYN | p.ACK })))).toMatchObject({
      port: GATE,
      src: IP_R,
      dst: IP_GATE,
      dport: 33000,
      dstMac: MAC_GATE,
    });
    expect(inside(d.send(GATE, p.frame(MAC_R, MAC_GATE, p.echo({ src: IP_GATE, dst: IP_R }, 7))))).toMatchObject({ src: IP_SNAT });
  });

  it("does not without such an address", () => {
    const d = overlay();
    d.say(hostsOwn);
    const body = p.tcp({ src: IP_GATE, dst: IP_R }, { sport: 33000, dport: TARGET, flags: p.SYN });
    expect(d.send(GATE, p.frame(MAC_R, MAC_GATE, body))).toEqual([]);
    expect(d.drops(GATE)).toEqual({ isolated: 1 });
  });
});
