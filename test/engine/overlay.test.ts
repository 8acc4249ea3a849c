/** An overlay network, through the whole engine: who gets which frame, what the datagrams look like, and what is counted. */
import { describe, expect, it } from "vitest";
import { ROW, RX_PACKETS } from "../../src/engine/counters.js";
import { NO_ICC } from "../../src/table/networks.js";
import { B, GATEWAY, HELD_PORT, IP_B, MAC_B, MAC_GATEWAY, UP } from "../support/dataplane.js";
import * as o from "../support/overlay.js";
import {
  E,
  F,
  IP_E,
  IP_F,
  IP_R,
  IP_S,
  MAC_E,
  MAC_F,
  MAC_GATE,
  MAC_R,
  MAC_S,
  MTU,
  OTHERS,
  overlay,
  TUNNEL,
  V4,
  V6,
  VNI,
} from "../support/overlay.js";
import * as p from "../support/packets.js";

const ER = { src: IP_E, dst: IP_R },
  RE = { src: IP_R, dst: IP_E };
const PORTS = { sport: 40000, dport: 80 };
const bare = (f: Uint8Array): Uint8Array => f.subarray(p.VNET);
const toR = (body: Uint8Array): Uint8Array => p.frame(MAC_R, MAC_E, body);
const toE = (body: Uint8Array): Uint8Array => p.frame(MAC_E, MAC_R, body);

describe.each([
  ["IPv4", V4],
  ["IPv6", V6],
])("over %s", (name, underlay) => {
  const isIpv6 = name === "IPv6";
  const overhead = isIpv6 ? 70 : 50;
  const from = { src: underlay.node, dst: underlay.local };

  it("a frame to an endpoint behind another node goes there in a VXLAN datagram (RFC 7348 §5)", () => {
    const d = overlay({ underlay });
    const frame = toR(p.tcp(ER, { ...PORTS, data: p.payload(100) }));
    const sent = d.send(E, frame);
    expect(sent.map((f) => f.port)).toEqual([TUNNEL]);
    const out = o.departed(sent[0]!.bytes);
    expect(out).toMatchObject({ src: underlay.local, dst: underlay.node, dport: 4789, vni: VNI, flags: 8, tos: 0, df: false });
    expect(out.sport).toBeGreaterThanOrEqual(49152);
    expect(out.header).toEqual({ flags: 0, gso: 0, headers: 0, size: 0, start: 0, field: 0, transport: 0, network: 0 });
    expect(out.frame).toEqual(frame);
    expect(p.wrongChecksums(out.packet)).toEqual(isIpv6 ? ["udp"] : []); // none was asked for
    expect(d.dropTotal()).toBe(0);
  });

  it("a frame out of a datagram goes to the endpoint, as it was", () => {
    const d = overlay({ underlay });
    for (const body of [p.tcp(RE, PORTS), p.udp(RE, PORTS), p.echo(RE, 5)]) {
      const sent = d.send(TUNNEL, o.arriving(o.datagram(bare(toE(body)), from)));
      expect(sent).toEqual([{ port: E, bytes: toE(body) }]);
    }
    expect(d.dropTotal()).toBe(0);
  });

  it("segments that stand for several go whole both ways, their checksum partial", () => {
    const d = overlay({ underlay });
    const big = p.partial(toR(p.tcp(ER, { ...PORTS, data: p.payload(30_000) })), p.GSO_TCPV4, 1398);
    const out = o.departed(d.send(E, big)[0]!.bytes);
    expect(out.header).toEqual({
      flags: 1,
      gso: p.GSO_TCPV4 | (isIpv6 ? 0x40 : 0x20),
      headers: overhead + 54,
      size: 1398,
      start: overhead + 34,
      field: 16,
      transport: overhead - 16,
      network: overhead + 14,
    });
    expect(bare(out.frame)).toEqual(bare(big));

    const back = p.partial(toE(p.tcp(RE, { ...PORTS, data: p.payload(30_000) })), p.GSO_TCPV4, 1398);
    const header = { ...out.header };
    expect(d.send(TUNNEL, o.arriving(o.datagram(bare(back), from), header))).toEqual([{ port: E, bytes: back }]);
  });

  it.each([false, true])("the outer checksum is there when asked for, whatever is inside (%s: partial)", (isPartial) => {
    for (const length of [0, 1, 900, 5000]) {
      const d = overlay({ underlay, checksum: true });
      d.state.networks.mtu.fill(9000);
      const frame = toR(p.tcp(ER, { ...PORTS, data: p.payload(length) }));
      const sent = d.send(E, isPartial ? p.partial(frame) : frame)[0]!.bytes;
      // Complete the inner one as a device would, then sum the whole.
      const done = isPartial
        ? p.join(sent.subarray(0, o.WIDE), p.complete(p.join(sent.subarray(0, p.VNET), sent.subarray(o.WIDE))).subarray(p.VNET))
        : sent;
      const out = o.departed(done);
      expect(out.udpChecksum).not.toBe(0);
      expect(p.wrongChecksums(out.packet)).toEqual([]);
      expect(bare(out.frame)).toEqual(bare(frame));
    }
  });

  it("with segmentation the outer checksum is the sum of the pseudo header, and the device is asked for the rest", () => {
    const d = overlay({ underlay, checksum: true });
    const out = o.departed(d.send(E, p.partial(toR(p.tcp(ER, { ...PORTS, data: p.payload(9000) })), p.GSO_TCPV4, 1398))[0]!.bytes);
    expect(out.header.flags).toBe(1 | 8);
    const length = out.packet.length - (isIpv6 ? 40 : 20);
    const addresses = out.packet.subarray(isIpv6 ? 8 : 12, isIpv6 ? 40 : 20);
    expect(out.udpChecksum).toBe(p.sum(p.join(addresses, Uint8Array.of(0, p.UDP, length >> 8, length))));
  });

  it("what the host's stack has accepted is delivered too, and the node entered, whatever its source port", () => {
    const d = overlay({ underlay });
    const body = p.tcp(RE, { ...PORTS, flags: p.SYN });
    for (const sport of [50000, 60000]) {
      d.io.put(HELD_PORT, p.frame("02:00:00:00:00:00", "02:00:00:00:00:01", o.datagram(bare(toE(body)), { ...from, sport })), 2);
      expect(d.run()).toEqual([{ port: E, bytes: toE(body) }]);
    }
    const key = isIpv6
      ? p.join(p.ip6Bytes(underlay.local), p.ip6Bytes(underlay.node))
      : p.join(p.ipBytes(underlay.local), p.ipBytes(underlay.node));
    expect(d.flowMap.size).toBe(1);
    const [[entered, value]] = [...d.flowMap] as [[string, string]];
    expect(entered).toBe(p.hex(p.join(key, Uint8Array.of(0x12, 0xb5, 0, 0, 17, 0, 0, 0))));
    expect(value.slice(0, 8)).toBe(p.hex(Uint8Array.of(o.TUNNEL_DEVICE, 0, 0, 0)));
    expect(value.slice(64, 72)).toBe("02000000");
    d.say({ type: "remove-remote", network: o.OVERLAY, mac: p.macBytes(MAC_R) });
    expect(d.flowMap.size).toBe(0);
  });
});

it("of what the host's stack has accepted, a checksum that its sender has left to a device is partial still", () => {
  const d = overlay();
  const held = p.partial(toE(p.tcp(RE, { ...PORTS, flags: p.SYN })));
  d.io.put(HELD_PORT, p.frame("02:00:00:00:00:00", "02:00:00:00:00:01", o.datagram(bare(held))), 2);
  const [sent] = d.run();
  expect(sent!.port).toBe(E);
  expect(p.wrongIn(sent!.bytes)).toEqual([]);
  const wrong = toE(p.tcp(RE, { ...PORTS, flags: p.SYN }));
  p.setU16(wrong, p.VNET + 14 + 20 + 16, 0x1234);
  d.io.put(HELD_PORT, p.frame("02:00:00:00:00:00", "02:00:00:00:00:01", o.datagram(bare(wrong))), 2);
  expect(d.run()).toEqual([]);
  expect(d.drops(OTHERS)).toEqual({ "bad-checksum": 1 });
});

describe.each([
  ["a frame each", false],
  ["several in a frame", true],
])("without segmentation in the tunnels' device, datagrams %s:", (_, datagrams) => {
  it.each([
    ["TCP over IPv4", (data: Uint8Array) => p.tcp(ER, { ...PORTS, data, flags: p.ACK | p.PSH | p.FIN }), p.GSO_TCPV4, 1398],
    ["UDP over IPv4", (data: Uint8Array) => p.udp(ER, { ...PORTS, data }), p.GSO_UDP_L4, 1400],
    [
      "TCP over IPv6",
      (data: Uint8Array) => p.tcp({ src: o.IP6_E, dst: o.IP6_R }, { ...PORTS, data, flags: p.ACK | p.PSH }),
      p.GSO_TCPV6,
      1378,
    ],
  ])("segments of %s are made, with checksums, lengths and sequence numbers of their own", (_, packet, gso, size) => {
    for (const length of [size + 1, 2500, 4000, 30_000]) {
      const d = overlay({ segments: false, datagrams });
      const data = p.payload(length);
      const sent = d.send(E, p.partial(toR(packet(data)), gso, size));
      const segments = sent.flatMap((f) => o.allDeparted(f.bytes));
      expect(segments).toHaveLength(Math.ceil(length / size));
      expect(sent).toHaveLength(datagrams ? 1 : segments.length);
      for (const { header, frame, vni, flags, packet: outer } of segments) {
        expect([header.gso, vni, flags]).toEqual([datagrams ? p.GSO_UDP_L4 : 0, VNI, 8]);
        expect(p.wrongIn(frame)).toEqual([]);
        if (!datagrams) expect(p.wrongChecksums(outer)).toEqual([]);
      }
      const parts = segments.map(({ frame }) => p.parse(frame));
      expect(p.join(...parts.map((part) => part.data))).toEqual(data);
      if (gso === p.GSO_UDP_L4) continue;
      const whole = p.parse(toR(packet(data)));
      const sequences = parts.map((part) => new DataView(part.l4.buffer, part.l4.byteOffset).getUint32(4));
      expect(sequences).toEqual(parts.map((_, n) => (0xdeadbeef + n * size) >>> 0));
      expect(parts.map((part) => part.flags)).toEqual(parts.map((_, n) => (n === parts.length - 1 ? whole.flags : p.ACK)));
    }
  });

  it("not more than 1,024 of one frame", () => {
    const d = overlay({ segments: false, datagrams });
    const data = p.payload(10_240);
    expect(d.send(E, p.partial(toR(p.tcp(ER, { ...PORTS, data })), p.GSO_TCPV4, 10)).flatMap((f) => o.allDeparted(f.bytes))).toHaveLength(
      1024,
    );
    expect(d.send(E, p.partial(toR(p.tcp(ER, { ...PORTS, data })), p.GSO_TCPV4, 9))).toEqual([]);
    expect(d.drops(E)).toEqual({ "vnet-header": 1 });
  });

  it("in order with what comes before and after them", () => {
    const d = overlay({ segments: false, datagrams });
    const data = p.payload(4000);
    const parts = [data.subarray(0, 100), data.subarray(100, 3900), data.subarray(3900)];
    for (const part of parts) {
      const frame = toR(p.tcp(ER, { ...PORTS, data: part }));
      d.io.put(E, part.length > 1398 ? p.partial(frame, p.GSO_TCPV4, 1398) : frame);
    }
    const sent = d.run().flatMap((f) => o.allDeparted(f.bytes).map(({ frame }) => p.parse(frame).data));
    expect(sent.map(({ length }) => length)).toEqual([100, 1398, 1398, 1004, 100]);
    expect(p.join(...sent)).toEqual(data);
  });

  it("and where the datagram would be longer than any can be", () => {
    const d = overlay({ datagrams });
    const data = p.payload(65_480);
    const sent = d.send(E, p.partial(toR(p.tcp(ER, { ...PORTS, data })), p.GSO_TCPV4, 1398));
    const parts = sent.flatMap((f) => o.allDeparted(f.bytes).map(({ frame }) => frame));
    expect(parts.flatMap(p.wrongIn)).toEqual([]);
    expect(p.join(...parts.map((part) => p.parse(part).data))).toEqual(data);
  });

  it("segments longer than a head are made too", () => {
    const d = overlay({ segments: false, datagrams });
    d.state.networks.mtu.fill(8950);
    const data = p.payload(30_000);
    const sent = d.send(E, p.partial(toR(p.tcp(ER, { ...PORTS, data })), p.GSO_TCPV4, 8898));
    const parts = sent.flatMap((f) => o.allDeparted(f.bytes).map(({ frame }) => frame));
    expect(parts.flatMap(p.wrongIn)).toEqual([]);
    expect(p.join(...parts.map((part) => p.parse(part).data))).toEqual(data);
  });
});

describe("a frame of several datagrams", () => {
  const segment = (n: number, length = 1000): Uint8Array => bare(toE(p.tcp(RE, { ...PORTS, seq: 1000 * n, data: p.payload(length) })));

  it("says what a device needs to make them, and has the sum of the pseudo header", () => {
    for (const underlay of [V4, V6]) {
      const d = overlay({ segments: false, underlay });
      const [sent] = d.send(E, p.partial(toR(p.tcp(ER, { ...PORTS, data: p.payload(3000) })), p.GSO_TCPV4, 1000));
      const { header, packet, udpChecksum, sport, id } = o.departed(sent!.bytes);
      const start = underlay === V4 ? 34 : 54;
      const size = 8 + 14 + 40 + 1000;
      expect(header).toMatchObject({ flags: 1, gso: p.GSO_UDP_L4, start, field: 6, headers: start + 8, size });
      expect(packet).toHaveLength(start - 14 + 8 + 3 * size);
      const pseudo = underlay === V4 ? packet.subarray(12, 20) : packet.subarray(8, 40);
      const length = 8 + 3 * size;
      expect(udpChecksum).toBe(p.sum(p.join(pseudo, Uint8Array.of(0, 17, length >> 8, length))));
      // The kernel counts identifications on, one a datagram; ports are as of any packet of the flow.
      const next = o.departed(d.send(E, toR(p.tcp(ER, { ...PORTS, data: p.payload(10) })))[0]!.bytes);
      expect(next.sport).toBe(sport);
      if (underlay === V4) expect(next.id).toBe((id + 3) & 0xffff);
    }
  });

  it("is taken apart, and its segments reach the endpoint as one frame", () => {
    const d = overlay();
    const got = d.send(TUNNEL, o.together([segment(0), segment(1), segment(2, 500)]));
    expect(got.map(({ port }) => port)).toEqual([E]);
    expect(p.parse(got[0]!.bytes).data).toEqual(p.join(p.payload(1000), p.payload(1000), p.payload(500)));
    expect(d.counters[OTHERS * ROW + RX_PACKETS]).toBe(3);
    expect(d.dropTotal()).toBe(0);
  });

  it("is overtaken by nothing that came behind it, and what was partial there stays so", () => {
    const d = overlay();
    d.io.put(TUNNEL, o.together([segment(0), segment(1)]));
    const last = p.partial(toE(p.tcp(RE, { ...PORTS, seq: 2000, data: p.payload(100) })));
    d.io.put(TUNNEL, o.arriving(o.datagram(bare(last)), { flags: 1, start: 50 + 34, field: 16 }));
    const got = d.run();
    expect(p.join(...got.map(({ bytes }) => p.parse(bytes).data))).toEqual(p.join(p.payload(1000), p.payload(1000), p.payload(100)));
    expect(got.flatMap(({ bytes }) => p.wrongIn(bytes))).toEqual([]);
  });

  it("of which one is not right loses that one", () => {
    const d = overlay();
    const other = bare(toE(p.tcp({ src: IP_S, dst: IP_E }, { ...PORTS, data: p.payload(1000) }))); // behind another node
    expect(d.send(TUNNEL, o.together([segment(0), other, segment(2)]))).toHaveLength(2);
    expect(d.drops(OTHERS)).toEqual({ "source-spoofed": 1 });
    expect(d.send(TUNNEL, o.together([segment(3), segment(4).subarray(0, 13)]))).toHaveLength(1);
    expect(d.send(TUNNEL, o.together([segment(5)], { vni: 5 }))).toEqual([]);
    expect(d.drops(TUNNEL)).toEqual({ "vxlan-runt": 1, "vxlan-vni": 1 });
  });
});

describe("source ports", () => {
  const sport = (frame: Uint8Array): number => o.departed(overlay().send(E, frame)[0]!.bytes).sport;

  it("are the same for all packets of a flow, and differ from flow to flow", () => {
    const of = (from: number, data = 1): number => sport(toR(p.tcp(ER, { sport: from, dport: 80, data: p.payload(data) })));
    expect(of(1000, 1)).toBe(of(1000, 1200));
    expect(new Set(Array.from({ length: 64 }, (_, n) => of(1000 + n))).size).toBeGreaterThan(60);
  });

  it("are the same for all fragments of a datagram", () => {
    const parts = p.fragments(p.udp(ER, { ...PORTS, data: p.payload(3000) }), 1400);
    expect(new Set(parts.map((part) => sport(toR(part)))).size).toBe(1);
  });
});

describe("ARP and neighbor discovery", () => {
  it("an endpoint that asks for one behind another node is answered, and nothing is sent there", () => {
    const d = overlay();
    const sent = d.send(E, p.arpFrame(p.BROADCAST, { senderMac: MAC_E, senderIp: IP_E, targetIp: IP_R }));
    const reply = p.frame(
      MAC_E,
      MAC_R,
      p.arp({ operation: 2, senderMac: MAC_R, senderIp: IP_R, targetMac: MAC_E, targetIp: IP_E }),
      0x0806,
    );
    expect(sent).toEqual([{ port: E, bytes: reply }]);
  });

  it("the same of IPv6, of addresses that were given and of link-local ones", () => {
    for (const target of [o.IP6_R, "fe80::42:aff:fe09:5"]) {
      const d = overlay();
      const sent = d.send(E, p.frame("33:33:ff:00:00:05", MAC_E, p.neighbor({ src: o.IP6_E, dst: "ff02::1:ff00:5" }, 135, target, MAC_E)));
      expect(sent.map((f) => f.port)).toEqual([E]);
      const advert = p.parse(sent[0]!.bytes);
      expect([advert.type, advert.srcMac, advert.src]).toEqual([136, MAC_R, target]);
    }
  });

  it("a node that asks for one of our endpoints is answered; for the gateway or somebody else's, not", () => {
    const d = overlay();
    const ask = (targetIp: string): Uint8Array[] =>
      d
        .send(TUNNEL, o.arriving(o.datagram(bare(p.arpFrame(p.BROADCAST, { senderMac: MAC_R, senderIp: IP_R, targetIp })))))
        .filter((f) => f.port === TUNNEL)
        .map((f) => f.bytes);
    const [answer] = ask(IP_E);
    const out = o.departed(answer!);
    expect([out.dst, p.macText(out.frame.subarray(p.VNET + 6, p.VNET + 12))]).toEqual([V4.node, MAC_E]);
    expect(ask(o.IP_GATE)).toEqual([]);
    expect(ask(IP_S)).toEqual([]);
  });

  it("the host, which reaches nobody behind another node, is not answered", () => {
    const d = overlay();
    const sent = d.send(o.GATE, p.arpFrame(p.BROADCAST, { senderMac: MAC_GATE, senderIp: o.IP_GATE, targetIp: IP_R }));
    expect(sent.map((f) => f.port)).toEqual([E, F]);
  });
});

describe("who gets what", () => {
  it("a broadcast goes to endpoints here, and once to each node that has some", () => {
    const d = overlay();
    d.say(o.remote("02:00:00:00:00:77", "10.9.0.77", V4.node)); // another one behind the same node
    const group = p.udp({ src: IP_E, dst: "224.0.0.251" }, { sport: 5353, dport: 5353 });
    const sent = d.send(E, p.frame("01:00:5e:00:00:fb", MAC_E, group));
    expect(sent.map((f) => f.port)).toEqual([o.GATE, F, TUNNEL, TUNNEL]);
    expect(sent.slice(2).map((f) => o.departed(f.bytes).dst)).toEqual([V4.node, V4.other]);
    for (const { bytes } of sent.slice(2)) expect(bare(o.departed(bytes).frame)).toEqual(bare(p.frame("01:00:5e:00:00:fb", MAC_E, group)));
  });

  it("a broadcast of a node goes to endpoints here, not to the host, and to no node", () => {
    const d = overlay();
    const frame = p.frame(p.BROADCAST, MAC_R, p.udp({ src: IP_R, dst: "10.9.255.255" }, PORTS));
    expect(d.send(TUNNEL, o.arriving(o.datagram(bare(frame)))).map((f) => f.port)).toEqual([E, F]);
  });

  it("what is for a station that nobody knows goes nowhere", () => {
    const d = overlay();
    expect(d.send(E, p.frame("02:00:00:00:99:99", MAC_E, p.udp({ src: IP_E, dst: "10.9.0.99" }, PORTS)))).toEqual([]);
    expect(d.drops(E)).toEqual({ "unknown-station": 1 });
  });

  it("what came from a node never goes to one", () => {
    const d = overlay();
    const frame = p.frame(MAC_S, MAC_R, p.udp({ src: IP_R, dst: IP_S }, PORTS));
    expect(d.send(TUNNEL, o.arriving(o.datagram(bare(frame))))).toEqual([]);
    expect(d.drops(OTHERS)).toEqual({ "split-horizon": 1 });
  });

  it("the gateway is not reached from another node, nor does the host reach one", () => {
    const d = overlay();
    for (const body of [p.udp({ src: IP_R, dst: o.IP_GATE }, PORTS), p.udp({ src: IP_R, dst: "198.51.100.1" }, PORTS)])
      expect(d.send(TUNNEL, o.arriving(o.datagram(bare(p.frame(MAC_GATE, MAC_R, body)))))).toEqual([]);
    expect(d.drops(OTHERS)).toEqual({ "not-for-host": 2 });
    expect(d.send(o.GATE, p.frame(MAC_R, MAC_GATE, p.udp({ src: "192.0.2.1", dst: IP_R }, PORTS)))).toEqual([]);
    expect(d.drops(o.GATE)).toEqual({ isolated: 1 });
  });

  it("without ICC endpoints do not reach those behind other nodes either", () => {
    const d = overlay({ flags: NO_ICC });
    expect(d.send(E, toR(p.tcp(ER, PORTS)))).toEqual([]);
    expect(d.drops(E)).toEqual({ isolated: 1 });
    expect(d.send(E, p.frame(p.BROADCAST, MAC_E, p.udp({ src: IP_E, dst: "10.9.255.255" }, PORTS))).map((f) => f.port)).toEqual([o.GATE]);
  });

  it("endpoints of this node reach each other, and what leaves by the gateway is translated, as in a bridge", () => {
    const d = overlay();
    const near = p.frame(MAC_F, MAC_E, p.tcp({ src: IP_E, dst: IP_F }, PORTS));
    expect(d.send(E, near)).toEqual([{ port: F, bytes: near }]);
    const out = d.send(E, p.frame(MAC_GATE, MAC_E, p.tcp({ src: IP_E, dst: "203.0.113.80" }, { ...PORTS, flags: p.SYN })));
    expect(out.map((f) => [f.port, p.parse(f.bytes).src])).toEqual([[UP, "192.0.2.1"]]);
  });

  it("an endpoint that moves here, or to another node, is reached there at once", () => {
    const d = overlay();
    const frame = toR(p.tcp(ER, PORTS));
    const where = (): string => {
      const [sent] = d.send(E, frame);
      return sent!.port === TUNNEL ? o.departed(sent!.bytes).dst : String(sent!.port);
    };
    expect(where()).toBe(V4.node);
    d.say(o.remote(MAC_R, IP_R, V4.other));
    expect(where()).toBe(V4.other);
    expect(d.send(TUNNEL, o.arriving(o.datagram(bare(toE(p.tcp(RE, PORTS))))))).toEqual([]); // from where it was
    d.addPort(11, 3, MAC_R, IP_R, o.OVERLAY);
    expect(where()).toBe("11");
  });
});

describe("what is too long for a tunnel", () => {
  it("is answered where it asked not to be fragmented (RFC 1191 §4)", () => {
    const d = overlay();
    const [sent] = d.send(E, toR(p.udp(ER, { ...PORTS, data: p.payload(MTU - 27) })));
    const told = p.parse(sent!.bytes);
    expect([sent!.port, told.src, told.dst, told.type, told.code, told.id & 0xffff, p.u16(told.l4, 6)]).toEqual([
      E,
      o.IP_GATE,
      IP_E,
      3,
      4,
      0,
      MTU,
    ]);
    expect(p.wrongIn(sent!.bytes)).toEqual([]);
    expect(d.drops(E)).toEqual({ "too-long": 1 });
    expect(d.send(E, toR(p.udp(ER, { ...PORTS, data: p.payload(MTU - 28) }))).map((f) => f.port)).toEqual([TUNNEL]);
  });

  it("is answered in IPv6 (RFC 8201 §4)", () => {
    const d = overlay();
    const [sent] = d.send(E, toR(p.udp({ src: o.IP6_E, dst: o.IP6_R }, { ...PORTS, data: p.payload(MTU) })));
    const told = p.parse(sent!.bytes);
    expect([sent!.port, told.src, told.type, new DataView(told.l4.buffer, told.l4.byteOffset).getUint32(4)]).toEqual([
      E,
      o.IP6_GATE,
      2,
      MTU,
    ]);
  });

  it("is dropped otherwise: a tunnel's end must not fragment (RFC 7348 §4.3)", () => {
    const d = overlay();
    expect(d.send(E, toR(p.udp({ ...ER, fragment: 0 } as never, { ...PORTS, data: p.payload(MTU) })))).toEqual([]);
    expect(d.drops(E)).toEqual({ "too-long": 1 });
  });

  it("counts by the segments that a frame stands for", () => {
    const d = overlay();
    const data = p.payload(9000);
    expect(d.send(E, p.partial(toR(p.tcp(ER, { ...PORTS, data })), p.GSO_TCPV4, MTU - 40)).map((f) => f.port)).toEqual([TUNNEL]);
    const [told] = d.send(E, p.partial(toR(p.tcp(ER, { ...PORTS, data })), p.GSO_TCPV4, MTU - 39));
    expect([told!.port, p.parse(told!.bytes).code]).toEqual([E, 4]);
  });
});

describe("a datagram is dropped and counted", () => {
  const good = bare(toE(p.tcp(RE, PORTS)));
  const spoofed = (body: Uint8Array, mac = MAC_R): Uint8Array => bare(p.frame(MAC_E, mac, body));

  it.each([
    ["without the I flag", o.datagram(good, { flags: 0 }), TUNNEL, "vxlan-flags"],
    ["of an unknown network", o.datagram(good, { vni: VNI + 1 }), TUNNEL, "vxlan-vni"],
    ["of who is no node", o.datagram(good, { src: "192.0.2.99" }), TUNNEL, "vxlan-node"],
    ["for another address", o.datagram(good, { dst: "192.0.2.98" }), TUNNEL, "vxlan-outer"],
    ["for another port", o.datagram(good, { dport: 4790 }), TUNNEL, "vxlan-outer"],
    ["that is none of UDP", p.tcp({ src: V4.node, dst: V4.local }, PORTS), TUNNEL, "vxlan-outer"],
    ["with less than an Ethernet header", o.datagram(good.subarray(0, 13)), TUNNEL, "vxlan-runt"],
    ["with a station of another node", o.datagram(spoofed(p.tcp({ src: IP_S, dst: IP_E }, PORTS), MAC_S)), OTHERS, "vxlan-source"],
    ["with a station of this node", o.datagram(spoofed(p.tcp({ src: IP_F, dst: IP_E }, PORTS), MAC_F)), OTHERS, "vxlan-source"],
    ["with a station that nobody knows", o.datagram(spoofed(p.tcp(RE, PORTS), "02:00:00:00:99:99")), OTHERS, "vxlan-source"],
    ["with the gateway's MAC", o.datagram(spoofed(p.tcp(RE, PORTS), MAC_GATE)), OTHERS, "vxlan-source"],
    ["with an address that is another station's", o.datagram(spoofed(p.tcp({ src: IP_S, dst: IP_E }, PORTS))), OTHERS, "source-spoofed"],
    [
      "with ARP about another station",
      o.datagram(bare(p.arpFrame(MAC_E, { operation: 2, senderMac: MAC_R, senderIp: IP_S, targetIp: IP_E }))),
      OTHERS,
      "arp-spoofed",
    ],
    ["that met congestion and knows of no ECN", o.datagram(good, { tos: 3 }), TUNNEL, "vxlan-congested"],
  ])("%s", (_, packet, port, reason) => {
    const d = overlay();
    expect(d.send(TUNNEL, o.arriving(packet))).toEqual([]);
    expect(d.drops(port)).toEqual({ [reason]: 1 });
    d.say({ type: "query", id: 1, what: "nodes" });
    const rows = (d.told.pop() as { value: { address: string; refused: number }[] }).value;
    expect(rows.map(({ address, refused }) => [address, refused])).toEqual([
      [V4.node, port === OTHERS ? 1 : 0],
      [V4.other, 0],
    ]);
  });

  it("of who is no node, whose address is told", () => {
    const d = overlay();
    for (const src of ["192.0.2.99", "192.0.2.97", "192.0.2.99"]) d.send(TUNNEL, o.arriving(o.datagram(good, { src })));
    d.send(TUNNEL, o.arriving(o.datagram(good, { vni: VNI + 1, src: "192.0.2.96" }))); // of a network that is not here: no business of ours
    d.say({ type: "query", id: 1, what: "strangers" });
    expect((d.told.pop() as { value: unknown }).value).toEqual([
      { address: "192.0.2.99", datagrams: 2 },
      { address: "192.0.2.97", datagrams: 1 },
    ]);
  });

  it("cut short at any length", () => {
    const packet = o.datagram(good);
    for (let length = 0; length < packet.length; length++) {
      const d = overlay();
      expect(d.send(TUNNEL, o.arriving(packet).subarray(0, o.WIDE + 14 + length))).toEqual([]);
      expect(d.dropTotal() + Object.values(d.drops(OTHERS)).length).toBeGreaterThan(0);
    }
  });

  it.each([
    ["are of no length", { gso: p.GSO_UDP_L4, size: 0 }],
    ["are TCP's, but not of what is inside", { gso: p.GSO_TCPV4, size: 500 }],
  ])("whose segments %s", (_, wrong) => {
    const d = overlay();
    expect(d.send(TUNNEL, o.arriving(o.datagram(good), { flags: 1, start: 34, field: 6, headers: 42, ...wrong }))).toEqual([]);
    expect(d.drops(TUNNEL)).toEqual({ "vnet-header": 1 });
  });
});

it("congestion outside is told inside, to who understands it, and ECN is carried outside (RFC 6040)", () => {
  const d = overlay();
  const ect = p.tcp(RE, PORTS).with(1, 2);
  p.setU16(ect, 10, 0);
  p.setU16(ect, 10, ~p.sum(ect.subarray(0, 20)) & 0xffff);
  const [sent] = d.send(TUNNEL, o.arriving(o.datagram(bare(toE(ect)), { tos: 3 })));
  expect(sent!.bytes[p.VNET + 15]! & 3).toBe(3);
  expect(p.wrongIn(sent!.bytes)).toEqual([]);
  const back = p.tcp(ER, PORTS).with(1, 0xb9);
  p.setU16(back, 10, 0);
  p.setU16(back, 10, ~p.sum(back.subarray(0, 20)) & 0xffff);
  expect(o.departed(d.send(E, toR(back))[0]!.bytes).tos).toBe(1);
});

it("what is no datagram for the tunnels goes its own way, of those ports too", () => {
  const d = overlay();
  // A published port's packet beside it.
  const syn = p.tcp({ src: "198.51.100.9", dst: "192.0.2.1" }, { sport: 40000, dport: 8999, flags: p.SYN });
  expect(d.fromHeld(syn).map((f) => f.port)).toEqual([2]);
  // And the bridge beside the overlay.
  const near = p.frame(MAC_GATEWAY, MAC_B, p.arp({ senderMac: MAC_B, senderIp: IP_B, targetIp: GATEWAY }), 0x0806);
  expect(d.send(B, near).map((f) => f.port)).toEqual([B]);
});

it("a network that is gone takes its nodes with it, and what comes for it is dropped", () => {
  const d = overlay();
  d.say({ type: "remove-network", network: o.OVERLAY });
  expect(d.state.remotes.size).toBe(0);
  expect(d.send(TUNNEL, o.arriving(o.datagram(bare(toE(p.tcp(RE, PORTS))))))).toEqual([]);
  expect(d.drops(TUNNEL)).toEqual({ "vxlan-vni": 1 });
  d.say({ type: "remove-port", port: TUNNEL });
  expect(d.state.tunnel.port).toBe(-1);
});

it("counts by node, and by network", () => {
  const d = overlay();
  for (let n = 0; n < 3; n++) d.send(E, toR(p.tcp(ER, PORTS)));
  d.send(TUNNEL, o.arriving(o.datagram(bare(toE(p.tcp(RE, PORTS))))));
  d.say({ type: "query", id: 1, what: "nodes" });
  expect((d.told.pop() as { value: unknown[] }).value[0]).toEqual({
    address: V4.node,
    endpoints: 1,
    rxPackets: 1,
    rxBytes: 54,
    txPackets: 3,
    txBytes: 162,
    refused: 0,
    unopened: 0,
    noKey: 0,
  });
  expect(d.count(OTHERS, RX_PACKETS)).toBe(1);
});
