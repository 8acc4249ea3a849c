/** Endpoints send from their own addresses alone, and what they may not send comes nowhere. Frames by bytes, through the whole engine. */
import { describe, expect, it } from "vitest";
import { PROMISCUOUS } from "../../src/table/networks.js";
import { ENDPOINT } from "../../src/table/ports.js";
import {
  A,
  B,
  C,
  CLIENT,
  Dataplane,
  GATEWAY,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  IP_C,
  MAC_A,
  MAC_B,
  MAC_C,
  MAC_GATEWAY,
  NET,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const MULTICAST = "01:00:5e:00:00:fb",
  MULTICAST6 = "33:33:00:00:00:01",
  OTHER_MAC = "02:00:00:00:12:34";
/** The link-local addresses of MAC_A and MAC_B (RFC 4291 Appendix A). */
const LINK_A = "fe80::42:acff:fe11:4",
  LINK_B = "fe80::42:acff:fe11:5";

function three(flags = 0): Dataplane {
  const d = new Dataplane();
  d.addPort(C, ENDPOINT, MAC_C, IP_C);
  d.state.networks.flags[NET] = flags;
  return d;
}

const datagram = (src: string, dst: string): Uint8Array => p.udp({ src, dst }, { sport: 1000, dport: 2000 });
const from = (src: string, dst = IP_B): Uint8Array => datagram(src, dst);
const arp = (a: Partial<p.Arp>, mac = MAC_A, dst = p.BROADCAST): Uint8Array =>
  p.frame(dst, mac, p.arp({ senderMac: MAC_A, senderIp: IP_A, targetIp: "172.17.0.77", ...a }), 0x0806);
const v6 = (src: string, next: number, body: Uint8Array, dst = "ff02::1"): Uint8Array =>
  p.frame(MULTICAST6, MAC_A, p.ipv6(src, dst, next, body), 0x86dd);

/** What endpoint A sends goes nowhere and is counted under this. */
function expectDrop(reason: string, frame: Uint8Array, flags = 0): void {
  const d = three(flags);
  expect(d.send(A, frame)).toEqual([]);
  expect(d.drops(A)).toEqual({ [reason]: 1 });
  expect(d.state.conntrack.used).toBe(0);
}

/** What endpoint A sends is bridged to these ports as it is. */
function expectBridged(frame: Uint8Array, to: number[], flags = 0): void {
  const d = three(flags);
  const out = d.send(A, frame);
  expect(out.map((f) => f.port)).toEqual(to);
  for (const { bytes } of out) expect(bytes).toEqual(frame);
}

describe("the Ethernet source of an endpoint", () => {
  it.each([
    ["a neighbor's", MAC_B],
    ["the gateway's", MAC_GATEWAY],
    ["nobody's", OTHER_MAC],
  ])("is its own: %s is dropped, to the gateway, to a neighbor and to all", (_, mac) => {
    for (const dst of [MAC_GATEWAY, MAC_B, MAC_C, p.BROADCAST, MULTICAST])
      if (dst !== mac) expectDrop("source-mac-spoofed", p.frame(dst, mac, from(IP_A, SERVER)));
    expectDrop("source-mac-spoofed", p.frame(MAC_C, mac, p.payload(46), 0x88b5));
    expectDrop("source-mac-spoofed", arp({ senderMac: mac }, mac));
  });

  it("is asked for in an established flow too", () => {
    const d = three();
    const client = { src: CLIENT, dst: HOST_IP },
      server = { src: IP_A, dst: CLIENT };
    d.fromUplink(p.tcp(client, { sport: 7, dport: PUBLISHED, flags: p.SYN }));
    d.fromEndpoint(A, p.tcp(server, { sport: TARGET, dport: 7, flags: p.SYN | p.ACK }));
    d.fromUplink(p.tcp(client, { sport: 7, dport: PUBLISHED }));
    const data = p.tcp(server, { sport: TARGET, dport: 7, data: p.payload(10) });
    expect(d.fromEndpoint(A, data)).toHaveLength(1);
    expect(d.send(A, p.frame(MAC_GATEWAY, MAC_B, data))).toEqual([]);
    expect(d.drops(A)).toEqual({ "source-mac-spoofed": 1 });
  });

  it("is never learned when it is another's", () => {
    const d = three();
    d.send(A, p.frame(p.BROADCAST, OTHER_MAC, p.payload(46), 0x88b5));
    expect(d.send(B, p.frame(OTHER_MAC, MAC_B, p.payload(46), 0x88b5)).map((f) => f.port)).toEqual([A, C]); // unknown still
  });
});

describe("the IPv4 source of an endpoint", () => {
  it.each([
    ["a neighbor's", IP_C],
    ["the gateway's", GATEWAY],
    ["another one of the host's", HOST_IP],
    ["a client's", CLIENT],
    ["an unused one of its network", "172.17.0.200"],
    ["none", "0.0.0.0"],
    ["loopback", "127.0.0.1"],
    ["a group", "224.0.0.5"],
    ["broadcast", "255.255.255.255"],
    ["the network's broadcast", "172.17.255.255"],
  ])("is its own: %s is dropped, whichever way and protocol", (_, src) => {
    for (const [mac, dst] of [
      [MAC_GATEWAY, SERVER],
      [MAC_GATEWAY, HOST_IP],
      [MAC_GATEWAY, GATEWAY],
      [MAC_B, IP_B],
      [p.BROADCAST, "255.255.255.255"],
      [MULTICAST, "224.0.0.251"],
    ] as const) {
      const ip = { src, dst };
      for (const packet of [
        datagram(src, dst),
        p.tcp(ip, { sport: 1, dport: PUBLISHED, flags: p.SYN }),
        p.tcp(ip, { sport: 1, dport: PUBLISHED }),
        p.echo(ip, 1),
        p.echo(ip, 1, true),
        p.ipv4(ip, 47, p.payload(20)),
        p.ipv4(ip, 2, p.payload(8)),
        p.udp({ ...ip, fragment: 0x2000 }, { sport: 1, dport: 2 }),
        p.udp({ ...ip, fragment: 5 }, { sport: 1, dport: 2 }),
        p.udp({ ...ip, options: Uint8Array.of(148, 4, 0, 0) }, { sport: 1, dport: 2 }),
      ])
        expectDrop("source-spoofed", p.frame(mac, MAC_A, packet));
    }
  });

  it("is its own behind VLAN tags too: a host takes VLAN 0 for no tag", () => {
    const tags: ((f: Uint8Array) => Uint8Array)[] = [
      (f) => p.tagged(f, 0),
      (f) => p.tagged(f, 42),
      (f) => p.tagged(f, 0, 0x88a8),
      (f) => p.tagged(p.tagged(f, 0), 0),
      (f) => p.tagged(p.tagged(f, 0), 7, 0x88a8),
    ];
    for (const tag of tags) {
      expectDrop("source-spoofed", tag(p.frame(MAC_B, MAC_A, from(IP_C))));
      expectDrop("arp-spoofed", tag(arp({ senderIp: IP_C })));
      expectDrop("rogue-router", tag(v6(LINK_A, p.ICMPV6, p.discovery(134, "::"))));
      expectBridged(tag(p.frame(MAC_B, MAC_A, from(IP_A))), [B]);
    }
    expectDrop("vlan-depth", p.tagged(p.tagged(p.tagged(p.frame(MAC_B, MAC_A, from(IP_A)), 0), 0), 0));
    for (const len of [12, 14, 16]) expectDrop("truncated", p.tagged(p.frame(MAC_B, MAC_A, from(IP_A)), 0).slice(0, p.VNET + len));
  });

  it("is looked at in every fragment: one may pass and the next not", () => {
    const d = three();
    const whole = p.udp({ src: IP_A, dst: SERVER, fragment: 0 }, { sport: 5, dport: 53, data: p.payload(2000) });
    const [first, second] = p.fragments(whole, 1480);
    expect(d.fromEndpoint(A, first!)).toHaveLength(1);
    const forged = second!.slice();
    forged.set(p.ipBytes(IP_B), 12);
    expect(d.fromEndpoint(A, p.resummed(forged, 0))).toEqual([]);
    expect(d.drops(A)).toEqual({ "source-spoofed": 1 });
    expect(d.fromEndpoint(A, second!)).toHaveLength(1);
  });
});

describe("ARP of an endpoint", () => {
  it.each([
    ["an answer for the gateway", { operation: 2, senderIp: GATEWAY, targetMac: MAC_B, targetIp: IP_B }],
    ["an answer for a neighbor", { operation: 2, senderIp: IP_C, targetMac: MAC_B, targetIp: IP_B }],
    ["an announcement of the gateway's address", { senderIp: GATEWAY, targetIp: GATEWAY }],
    ["an announcement of a neighbor's address", { senderIp: IP_B, targetIp: IP_B }],
    ["a question from a neighbor's address", { senderIp: IP_B }],
    ["a question from the gateway's address to the gateway", { senderIp: GATEWAY, targetIp: GATEWAY }],
    ["its own address at another's MAC", { senderMac: MAC_B }],
    ["an answer from 0.0.0.0", { operation: 2, senderIp: "0.0.0.0" }],
    ["an unknown operation with another's address", { operation: 9, senderIp: IP_B }],
    ["an address of the host", { senderIp: HOST_IP }],
  ] satisfies [string, Partial<p.Arp>][])("is about its own address: %s is dropped", (_, message) => {
    for (const dst of [p.BROADCAST, MAC_B, MAC_GATEWAY]) {
      expectDrop("arp-spoofed", arp(message, MAC_A, dst));
      expectDrop("arp-spoofed", p.tagged(arp(message, MAC_A, dst), 0));
    }
  });

  it.each([
    ["the hardware type of IEEE 802", 25, 6],
    ["another protocol", 26, 0x86],
    ["another length of addresses", 28, 8],
  ])("of %s, which a host may read otherwise, is dropped", (_, at, byte) => {
    expectDrop("arp-spoofed", arp({}).with(at, byte));
  });

  it("reversed is held to the same (RFC 903)", () => {
    const reversed = (message: Partial<p.Arp>): Uint8Array => {
      const f = arp(message);
      p.setU16(f, p.VNET + 12, 0x8035);
      return f;
    };
    expectDrop("arp-spoofed", reversed({ operation: 4, senderIp: GATEWAY }));
    expectDrop("arp-spoofed", reversed({ operation: 3, senderMac: MAC_B, senderIp: "0.0.0.0" }));
    expectBridged(reversed({ operation: 3, senderIp: "0.0.0.0" }), [B, C]);
    expectDrop("truncated", reversed({}).slice(0, -1));
  });

  it.each([
    ["its own announcement", { targetIp: IP_A }],
    ["its own answer", { operation: 2, targetIp: IP_A }],
    ["its question", {}],
    ["its probe, before it has its address (RFC 5227 §2.1)", { senderIp: "0.0.0.0", targetIp: IP_A }],
  ] satisfies [string, Partial<p.Arp>][])("passes where it is honest: %s", (_, message) => {
    expectBridged(arp(message), [HOST_PORT, B, C]);
  });
});

describe("ICMP of an endpoint", () => {
  const redirect = p.icmp({ src: IP_A, dst: GATEWAY }, 5, 1, 0xac110004, datagram(GATEWAY, "8.8.8.8").slice(0, 28));
  const advertisement = p.icmp({ src: IP_A, dst: "224.0.0.1" }, 9, 0, 0x01020708, p.payload(8));

  it("says nothing that only a router says (RFC 792, RFC 1256), also not where other addresses may be used", () => {
    for (const flags of [0, PROMISCUOUS])
      for (const dst of [MAC_GATEWAY, MAC_B, p.BROADCAST])
        for (const message of [redirect, advertisement]) expectDrop("rogue-router", p.frame(dst, MAC_A, message), flags);
  });

  it("gives errors about datagrams that were for it, and no others", () => {
    const error = (quoted: Uint8Array): Uint8Array => p.icmpError({ src: IP_A, dst: HOST_IP }, p.FRAGMENTATION_NEEDED, quoted);
    expectDrop("quote-spoofed", p.frame(MAC_GATEWAY, MAC_A, error(datagram(HOST_IP, "8.8.8.8"))));
    expectDrop("quote-spoofed", p.frame(MAC_GATEWAY, MAC_A, error(datagram(HOST_IP, IP_B))));
    expectDrop("quote-spoofed", p.frame(MAC_B, MAC_A, error(datagram(IP_B, IP_C))));
    expectDrop("truncated", p.frame(MAC_GATEWAY, MAC_A, error(datagram(HOST_IP, IP_A).slice(0, 16))));
    expectBridged(p.frame(MAC_GATEWAY, MAC_A, error(datagram(HOST_IP, IP_A))), [HOST_PORT]);
  });
});

describe("IPv6 of an endpoint, in a network without", () => {
  const advertisement = p.discovery(134, "::");

  it("is no router's: advertisement and redirect are dropped (RFC 6105), behind extension headers too (RFC 7113)", () => {
    for (const type of [134, 137]) {
      const message = p.discovery(type, "fe80::1");
      expectDrop("rogue-router", v6(LINK_A, p.ICMPV6, message));
      expectDrop("rogue-router", v6("fd00::4", p.ICMPV6, message));
      expectDrop("rogue-router", v6(LINK_A, 0, p.extension(p.ICMPV6, message)));
      expectDrop("rogue-router", v6(LINK_A, 0, p.extension(60, p.extension(43, p.extension(p.ICMPV6, message, 16), 24))));
      expectDrop("rogue-router", v6(LINK_A, 44, p.fragment6(p.ICMPV6, 0, true, message)));
      expectDrop("rogue-router", v6(LINK_A, 44, p.fragment6(60, 0, false, p.extension(p.ICMPV6, message))));
      expectDrop("rogue-router", v6(LINK_A, 51, p.extension(p.ICMPV6, message, 16).with(1, 2)));
    }
  });

  it("is dropped where the headers do not end (RFC 7112 §5)", () => {
    let nested = p.extension(p.ICMPV6, advertisement);
    for (let n = 0; n < 9; n++) nested = p.extension(60, nested);
    expectDrop("ipv6-chain", v6(LINK_A, 60, nested));
    expectDrop("ipv6-chain", v6(LINK_A, 60, p.extension(p.ICMPV6, advertisement).with(1, 200))); // behind the end
    expectDrop("ipv6-chain", v6(LINK_A, 44, p.fragment6(60, 0, true, Uint8Array.of(58, 4)))); // in the next fragment
    expectDrop("ipv6-chain", v6(LINK_A, 60, p.extension(60, p.extension(60, p.payload(900), 2048), 2048))); // behind what is looked at
    expectDrop("ipv6-chain", v6(LINK_A, 60, p.extension(0, p.extension(p.ICMPV6, advertisement)))); // RFC 8200 §4.1
  });

  it("is dropped with a routing header of type 0 (RFC 5095), not with others", () => {
    const datagram = p.udp({ src: LINK_A, dst: "ff02::1" }, { sport: 1, dport: 2 }).slice(40);
    for (const [type, reason] of [
      [0, "ipv6-routing"],
      [2, ""],
    ] as const) {
      const frame = v6(LINK_A, 43, p.extension(17, datagram, 24, type));
      if (reason === "") expectBridged(frame, [B, C]);
      else expectDrop(reason, frame);
    }
  });

  it("comes from its own link-local address, or none, or one that is not link-local", () => {
    const echo = Uint8Array.of(128, 0, 0, 0, 0, 1, 0, 1);
    expectDrop("source-spoofed", v6(LINK_B, p.ICMPV6, echo));
    const datagram = (src: string): Uint8Array => p.udp({ src, dst: "ff02::1" }, { sport: 1, dport: 2 }).slice(40);
    expectDrop("source-spoofed", v6("fe80::1", 17, datagram("fe80::1")));
    expectDrop("source-spoofed", v6("ff02::5", 17, datagram("ff02::5")));
    for (const src of [LINK_A, "::", "fd00::4"]) expectBridged(v6(src, p.ICMPV6, echo), [B, C]);
  });

  it("advertises and claims its own link-local address alone", () => {
    for (const src of [LINK_A, "fd00::4"]) expectDrop("arp-spoofed", v6(src, p.ICMPV6, p.discovery(136, LINK_B)));
    expectDrop("arp-spoofed", v6("::", p.ICMPV6, p.discovery(135, LINK_B)));
    expectDrop("arp-spoofed", v6(LINK_A, 44, p.fragment6(p.ICMPV6, 0, true, p.discovery(136, LINK_A))));
    expectDrop("truncated", v6(LINK_A, p.ICMPV6, p.discovery(136, LINK_A).slice(0, 20)));
    expectBridged(v6(LINK_A, p.ICMPV6, p.discovery(136, LINK_A)), [B, C]);
    expectBridged(v6("::", p.ICMPV6, p.discovery(135, LINK_A)), [B, C]);
    expectBridged(v6(LINK_A, p.ICMPV6, p.discovery(135, LINK_B)), [B, C]); // a question
    expectBridged(v6(LINK_A, p.ICMPV6, p.discovery(133, "::")), [B, C]);
  });

  it("has its checksum completed in its place alone", () => {
    const segment = p.tcp({ src: LINK_A, dst: "ff02::1" }, { sport: 1, dport: 2, data: p.payload(20) }).slice(40);
    const tcp = (h: Parameters<typeof p.setVnet>[1], next = 6): Uint8Array => p.setVnet(v6(LINK_A, next, segment), h);
    const l4 = 14 + 40;
    expectBridged(tcp({ flags: 1, start: l4, offset: 16 }), [B, C]);
    expectBridged(tcp({ flags: 1, gso: 4, gsoSize: 10, start: l4, offset: 16 }), [B, C]);
    for (const [start, offset] of [
      [14 + 8, 0],
      [14 + 24, 2],
      [l4, 4],
      [l4 - 2, 18],
    ] as const)
      expectDrop("csum-place", tcp({ flags: 1, start, offset }));
    expectDrop("csum-place", tcp({ flags: 1, start: l4, offset: 2 }, p.ICMPV6));
    expectDrop("vnet-header", tcp({ flags: 1, gso: 1, gsoSize: 10, start: l4, offset: 16 }));
  });

  it("does not come to the host, nor does what a VLAN tag or another type hides", () => {
    for (const type of [0x86dd, 0x8847, 0x8864, 0x88b5, 0x0026]) {
      const body = type === 0x86dd ? p.udp({ src: LINK_A, dst: "fe80::1" }, { sport: 1, dport: 2 }) : p.payload(46);
      expectDrop("not-for-host", p.frame(MAC_GATEWAY, MAC_A, body, type));
      expectBridged(p.frame(p.BROADCAST, MAC_A, body, type), [B, C]);
    }
    for (const tag of [0x8100, 0x88a8])
      for (const vid of [0, 1]) {
        expectDrop("not-for-host", p.tagged(p.frame(MAC_GATEWAY, MAC_A, from(IP_A, SERVER)), vid, tag));
        expectDrop("not-for-host", p.tagged(arp({}, MAC_A, MAC_GATEWAY), vid, tag));
        expectBridged(p.tagged(p.frame(p.BROADCAST, MAC_A, from(IP_A, HOST_IP)), vid, tag), [B, C]);
      }
  });
});

describe("the host", () => {
  it("gets frames to all when their packet is for all, not when it is for one", () => {
    for (const dst of ["255.255.255.255", "172.17.255.255", "224.0.0.251", "239.1.2.3"])
      expectBridged(p.frame(p.BROADCAST, MAC_A, from(IP_A, dst)), [HOST_PORT, B, C]);
    for (const dst of [HOST_IP, GATEWAY, SERVER, IP_B, "192.0.2.255"])
      for (const mac of [p.BROADCAST, MULTICAST]) expectBridged(p.frame(mac, MAC_A, from(IP_A, dst)), [B, C]);
  });

  it("sends from its own addresses: what it forwards for others is dropped", () => {
    const d = three();
    const send = (src: string): number[] => d.send(HOST_PORT, p.frame(MAC_A, MAC_GATEWAY, from(src, IP_A))).map((f) => f.port);
    expect([send(GATEWAY), send(HOST_IP)]).toEqual([[A], [A]]);
    expect([send(CLIENT), send("172.18.0.9"), send("127.0.0.1"), send(IP_B)]).toEqual([[], [], [], []]);
    expect(d.drops(HOST_PORT)).toEqual({ "source-spoofed": 4 });
  });
});

describe("a network in which other addresses may be used", () => {
  it("takes other MACs and IPv4 addresses, and ARP and IPv6 about them", () => {
    expectBridged(p.frame(MAC_B, OTHER_MAC, from("172.17.0.200")), [B], PROMISCUOUS);
    expectBridged(p.frame(MAC_B, MAC_A, from("10.9.9.9")), [B], PROMISCUOUS);
    expectBridged(arp({ senderIp: "172.17.0.200", senderMac: OTHER_MAC }), [HOST_PORT, B, C], PROMISCUOUS);
    expectBridged(v6("fe80::1", p.ICMPV6, p.discovery(134, "::")), [B, C], PROMISCUOUS);
    expectBridged(p.tagged(p.tagged(p.tagged(p.frame(MAC_B, MAC_A, from(IP_C)), 1), 2), 3), [B], PROMISCUOUS);
  });

  it("masquerades them, and brings the answers to the port that asked", () => {
    const d = three(PROMISCUOUS);
    const [out] = d.send(A, p.frame(MAC_GATEWAY, OTHER_MAC, from("172.17.0.200", SERVER)));
    expect(out!.port).toBe(UP);
    const { sport } = p.parse(out!.bytes);
    expect(d.fromUplink(p.udp({ src: SERVER, dst: HOST_IP }, { sport: 2000, dport: sport })).map((f) => f.port)).toEqual([A]);
  });

  it("has one gateway still, and nobody is the host", () => {
    expectDrop("source-mac-spoofed", p.frame(MAC_B, MAC_GATEWAY, from("172.17.0.200")), PROMISCUOUS);
    expectDrop("source-spoofed", p.frame(MAC_B, MAC_A, from(GATEWAY)), PROMISCUOUS);
    expectDrop("source-spoofed", p.frame(MAC_GATEWAY, MAC_A, from(HOST_IP, SERVER)), PROMISCUOUS);
    expectDrop("arp-spoofed", arp({ operation: 2, senderIp: GATEWAY }), PROMISCUOUS);
    const toGateway = p.udp({ src: "fd00::77", dst: "fd00::1" }, { sport: 1, dport: 2 });
    expectDrop("not-for-host", p.frame(MAC_GATEWAY, MAC_A, toGateway), PROMISCUOUS);
    expectDrop("reserved-group", p.frame("01:80:c2:00:00:00", MAC_A, p.payload(46), 0x0026), PROMISCUOUS);
  });
});
