/** IPv6 through the engine: neighbor discovery on the bridge, published ports, masquerade, ICMPv6. The same as IPv4 where nothing else is said. */
import { describe, expect, it } from "vitest";
import { DEFAULT_LIMITS } from "../../src/table/limit-options.js";
import { NO_ICC } from "../../src/table/networks.js";
import { A, B, HOST_PORT, IP_A, MAC_A, MAC_B, MAC_GATEWAY, only, PUBLISHED, TARGET, UP } from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, IP6_B, LINK_A, LINK_B, LINK_GATEWAY, SERVER6, TO_A6 } from "../support/dual.js";
import { Flow } from "../support/flows.js";
import * as p from "../support/packets.js";

/** Group of those who may have an address that ends so (RFC 4291 §2.7.1), and its MAC. */
const SOLICITED = "ff02::1:ff00:4",
  SOLICITED_MAC = "33:33:ff:00:00:04";

const solicit = (src: string, target: string, mac = MAC_A, dst = SOLICITED_MAC): Uint8Array =>
  p.frame(dst, mac, p.neighbor({ src, dst: SOLICITED }, 135, target, src === "::" ? undefined : mac));

describe("a neighbor solicitation (RFC 4861)", () => {
  it.each([
    ["the gateway", IP6_A, GATEWAY6, MAC_GATEWAY, 0xe0],
    ["the gateway's link-local address", LINK_A, LINK_GATEWAY, MAC_GATEWAY, 0xe0],
    ["another endpoint", IP6_A, IP6_B, MAC_B, 0x60],
    ["another endpoint's link-local address", LINK_A, LINK_B, MAC_B, 0x60],
  ])("for %s is answered in its name, and not flooded", (_, src, target, mac, flags) => {
    const out = only(dual().send(A, solicit(src, target)));
    expect(out).toMatchObject({ port: A, dstMac: MAC_A, srcMac: mac, src: target, dst: src, ttl: 255, type: 136 });
    expect([...out.l4.subarray(4, 5), p.hex(out.l4.subarray(8, 24))]).toEqual([flags, p.hex(p.ip6Bytes(target))]);
    expect(p.hex(out.l4.subarray(24))).toBe(`0201${mac.replaceAll(":", "")}`);
  });

  it("of the host for an endpoint is answered, and one sent to the gateway's own MAC too", () => {
    const d = dual();
    expect(only(d.send(HOST_PORT, solicit(GATEWAY6, IP6_A, MAC_GATEWAY)))).toMatchObject({ port: HOST_PORT, srcMac: MAC_A, src: IP6_A });
    expect(only(d.send(A, solicit(IP6_A, GATEWAY6, MAC_A, MAC_GATEWAY)))).toMatchObject({ port: A, src: GATEWAY6, dst: IP6_A });
  });

  it("for somebody unknown, or that looks for duplicates (RFC 4862), is flooded to the other endpoints as it is", () => {
    for (const frame of [solicit(IP6_A, "fd00::77"), solicit("::", IP6_A), solicit("::", LINK_A)])
      expect(dual().send(A, frame)).toEqual([{ port: B, bytes: frame }]);
    const ofHost = solicit("::", GATEWAY6, MAC_GATEWAY);
    expect(
      dual()
        .send(HOST_PORT, ofHost)
        .map((f) => f.port),
    ).toEqual([A, B]);
  });

  it("that is not valid (§7.1.1) is nobody's to answer", () => {
    const d = dual();
    const right = solicit(IP6_A, IP6_B);
    const at = (offset: number, value: number): Uint8Array => right.with(p.VNET + p.ETH + offset, value);
    for (const frame of [
      at(7, 64),
      at(41, 1),
      at(43, 0xff),
      p.frame(SOLICITED_MAC, MAC_A, p.neighbor({ src: IP6_A, dst: SOLICITED, ttl: 254 }, 135, IP6_B)),
    ])
      expect(d.send(A, frame).map((f) => f.port)).toEqual([B]);
  });
});

describe("an endpoint", () => {
  const drops = (reason: string, body: Uint8Array, dst = SOLICITED_MAC): void => {
    const d = dual();
    expect(d.send(A, p.frame(dst, MAC_A, body))).toEqual([]);
    expect(d.drops(A)).toEqual({ [reason]: 1 });
  };
  const datagram = (src: string, dst = IP6_B): Uint8Array => p.udp({ src, dst }, { sport: 1, dport: 2 });

  it("sends from the address that it was given and the one that comes of its MAC, and no other", () => {
    for (const src of [IP6_A, LINK_A]) expect(only(dual().send(A, p.frame(MAC_B, MAC_A, datagram(src)))).port).toBe(B);
    for (const src of [IP6_B, LINK_B, GATEWAY6, HOST_IP6, CLIENT6, "fd00::77", "::", "::1", "ff02::1"])
      for (const mac of [MAC_B, MAC_GATEWAY]) drops("source-spoofed", datagram(src), mac);
  });

  it("claims and advertises its own addresses alone, with its own MAC", () => {
    for (const target of [GATEWAY6, IP6_B, LINK_B, LINK_GATEWAY, "fd00::77"]) {
      drops("arp-spoofed", p.neighbor({ src: IP6_A, dst: "ff02::1" }, 136, target, MAC_A));
      drops("arp-spoofed", p.neighbor({ src: "::", dst: SOLICITED }, 135, target));
    }
    drops("arp-spoofed", p.neighbor({ src: IP6_A, dst: "ff02::1" }, 136, IP6_A, MAC_B));
    drops("arp-spoofed", p.neighbor({ src: IP6_A, dst: SOLICITED }, 135, IP6_B, MAC_B));
    for (const type of [134, 137]) drops("rogue-router", p.ipv6(LINK_A, "ff02::1", p.ICMPV6, p.discovery(type, IP6_B)));
    for (const target of [IP6_A, LINK_A])
      expect(
        dual().send(A, p.frame("33:33:00:00:00:01", MAC_A, p.neighbor({ src: target, dst: "ff02::1" }, 136, target, MAC_A))),
      ).toHaveLength(1);
  });

  it("without an address yet says that it listens to groups (RFC 3810), and asks for routers: both go to the other endpoints", () => {
    const report = p.icmp(
      { src: "::", dst: "ff02::16", ttl: 1, extend: (next, body) => [0, p.extension(next, body)] },
      143,
      0,
      0,
      p.payload(20),
    );
    for (const body of [report, p.icmp({ src: "::", dst: "ff02::2", ttl: 255 }, 133, 0, 0, new Uint8Array(0))])
      expect(
        dual()
          .send(A, p.frame("33:33:00:00:00:16", MAC_A, body))
          .map((f) => f.port),
      ).toEqual([B]);
  });

  it("gives errors about packets that were for it, and no others", () => {
    const error = (dst: string): Uint8Array => p.icmp({ src: IP6_A, dst: HOST_IP6 }, 1, 4, 0, datagram(HOST_IP6, dst));
    drops("quote-spoofed", error(SERVER6), MAC_GATEWAY);
    drops("quote-spoofed", error(IP6_B), MAC_B);
    expect(only(dual().send(A, p.frame(MAC_GATEWAY, MAC_A, error(IP6_A)))).port).toBe(HOST_PORT);
  });

  it("reaches the host at its addresses, not others without icc, and nothing beyond at what is no address of the world", () => {
    const d = dual({}, NO_ICC);
    expect(only(d.fromEndpoint(A, p.echo({ src: IP6_A, dst: GATEWAY6 }, 1))).port).toBe(HOST_PORT);
    expect(only(d.fromEndpoint(A, p.echo({ src: LINK_A, dst: LINK_GATEWAY }, 1))).port).toBe(HOST_PORT);
    expect(d.send(A, p.frame(MAC_B, MAC_A, datagram(IP6_A)))).toEqual([]);
    for (const dst of ["::1", "fe80::9", "::ffff:c000:209"])
      expect(d.fromEndpoint(A, datagram(IP6_A, dst)).map((f) => f.port)).not.toContain(UP);
  });
});

describe("a published port", () => {
  const client = { from: UP, src: CLIENT6, sport: 40000, dst: HOST_IP6, dport: PUBLISHED };

  it.each([p.TCP, p.UDP])("leads to the target, which sees the client's own address (protocol %i)", (proto) => {
    const d = dual();
    if (proto === p.UDP) d.publish({ ...TO_A6, proto });
    const flow = new Flow(d, client, proto);
    expect(flow.open()).toBe(true);
    expect(flow.seen).toEqual({ port: A, src: CLIENT6, sport: 40000, dst: IP6_A, dport: TARGET });
    expect(d.flows()).toMatchObject([
      {
        state: proto === p.TCP ? "established" : "assured",
        original: { src: `[${CLIENT6}]:40000`, dst: `[${HOST_IP6}]:${PUBLISHED}` },
        reply: { src: `[${IP6_A}]:${TARGET}`, dst: `[${CLIENT6}]:40000` },
      },
    ]);
  });

  it("takes one off the hop limit in each direction, and corrects every checksum, partial ones too", () => {
    const d = dual();
    const syn = p.tcp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 9, dport: PUBLISHED, flags: p.SYN });
    const out = only(d.fromUplink(syn));
    expect(out).toMatchObject({ port: A, dstMac: MAC_A, srcMac: MAC_GATEWAY, ttl: 63, dst: IP6_A, dport: TARGET });
    const back = p.tcp({ src: IP6_A, dst: CLIENT6 }, { sport: TARGET, dport: 9, flags: p.SYN | p.ACK });
    expect(only(d.send(A, p.partial(p.frame(MAC_GATEWAY, MAC_A, back))))).toMatchObject({
      port: UP,
      ttl: 63,
      src: HOST_IP6,
      sport: PUBLISHED,
    });
    const large = p.frame(MAC_GATEWAY, MAC_A, p.tcp({ src: IP6_A, dst: CLIENT6 }, { sport: TARGET, dport: 9, data: p.payload(9000) }));
    expect(only(d.send(A, p.partial(large, p.GSO_TCPV6, 1440)))).toMatchObject({ port: UP, src: HOST_IP6 });
  });

  it("has another endpoint, the target itself, a program of the host and a client of the link as the host next to the target", () => {
    for (const [port, src] of [
      [A, IP6_A],
      [B, IP6_B],
      [UP, HOST_IP6],
      [UP, "::1"],
      [UP, "fe80::99"],
    ] as const) {
      const flow = new Flow(dual(), { from: port, src, sport: 40000, dst: src === "::1" ? src : HOST_IP6, dport: PUBLISHED });
      expect(flow.open(), src).toBe(true);
      expect(flow.seen, src).toMatchObject({ port: A, src: GATEWAY6, dst: IP6_A, dport: TARGET });
    }
  });

  it("is of its family alone, and of its address alone where it has one", () => {
    const d = dual();
    d.withdraw(1);
    expect(new Flow(d, client).open()).toBe(false);
    d.publish({ ...TO_A6, hostIp: "2001:db8::2" });
    expect(new Flow(d, client).open()).toBe(false);
    d.publish({ ...TO_A6, hostIp: HOST_IP6 });
    expect(new Flow(d, client).open()).toBe(true);
  });

  it("ends with its flows when it is withdrawn, and leaves no address behind", () => {
    const d = dual();
    d.run();
    const before = d.state.addresses.used;
    for (let n = 0; n < 50; n++) expect(new Flow(d, { ...client, src: `2001:db8:9::${n.toString(16)}` }).open()).toBe(true);
    expect(d.state.addresses.used).toBe(before + 50);
    d.withdraw(1);
    d.run();
    expect([d.state.conntrack.used, d.state.addresses.used]).toEqual([0, before]); // its own are others' too
  });
});

it("limits a client by its network of 64 bits, and tells it by that", () => {
  const flows = { client: 3, endpoint: 0, port: 0 };
  const d = dual({ limits: { ...DEFAULT_LIMITS, flows } });
  const from = (src: string, sport: number): boolean => new Flow(d, { from: UP, src, sport, dst: HOST_IP6, dport: PUBLISHED }).open();
  expect(["::1", "::2", "::1:0:3", "::4"].map((end, n) => from(`2001:db8:9:0${end}`, 1000 + n))).toEqual([true, true, true, false]);
  expect(from("2001:db8:9:1::1", 1000)).toBe(true);
  d.say({ type: "query", id: 0, what: "holders" });
  expect(d.told.pop()).toMatchObject({
    value: expect.arrayContaining([{ kind: "client", name: "2001:db8:9::/64", flows: 3, limited: true }]),
  });
});

describe("what leaves", () => {
  const outwards = (d = dual(), sport = 5000, dst = SERVER6): Flow => new Flow(d, { from: A, src: IP6_A, sport, dst, dport: 443 });

  it("has the host's address and a port of its own (NAT66), the same for each destination (RFC 4787 REQ-1)", () => {
    const d = dual();
    const [one, other] = [outwards(d), outwards(d, 5000, "2001:db8:80::81")];
    expect([one.open(), other.open()]).toEqual([true, true]);
    expect(one.seen).toMatchObject({ port: UP, src: HOST_IP6, dst: SERVER6, dport: 443 });
    expect(one.seen!.sport).toBe(other.seen!.sport);
    expect(one.seen!.sport).toBeGreaterThanOrEqual(61000);
  });

  it("is an echo too (RFC 5508), whose identifier is translated", () => {
    const d = dual();
    const out = only(d.fromEndpoint(A, p.echo({ src: IP6_A, dst: SERVER6 }, 77)));
    expect(out).toMatchObject({ port: UP, src: HOST_IP6, type: 128 });
    expect(only(d.fromUplink(p.echo({ src: SERVER6, dst: HOST_IP6 }, out.id, true)))).toMatchObject({
      port: A,
      dst: IP6_A,
      type: 129,
      id: 77,
    });
  });

  it("is told where it cannot go, in ICMPv6 (RFC 4443 §3.1), with what it sent quoted", () => {
    const d = dual();
    d.route();
    const packet = p.udp({ src: IP6_A, dst: SERVER6 }, { sport: 1, dport: 2, data: p.payload(2000) });
    const out = only(d.fromEndpoint(A, packet));
    expect(out).toMatchObject({ port: A, src: GATEWAY6, dst: IP6_A, type: 1, code: 0 });
    expect(out.l4.length).toBe(1280 - 40);
    expect(p.hex(out.l4.subarray(8))).toBe(p.hex(packet.subarray(0, 1280 - 48)));
  });

  it("ends where its hop limit does, and that is said (RFC 4443 §3.3)", () => {
    const out = only(dual().fromEndpoint(A, p.udp({ src: IP6_A, dst: SERVER6, ttl: 1 }, { sport: 1, dport: 2 })));
    expect(out).toMatchObject({ port: A, src: GATEWAY6, dst: IP6_A, type: 3, code: 0 });
  });
});

describe("an ICMPv6 error about a translated flow", () => {
  const kinds: [name: string, type: number, code: number, rest: number][] = [
    ["unreachable", 1, 4, 0],
    ["packet too big", 2, 0, 1400],
    ["time exceeded", 3, 0, 0],
    ["parameter problem", 4, 1, 40],
  ];

  it.each(kinds)("is translated with the packet inside, towards who is behind us: %s", (_, type, code, rest) => {
    const d = dual();
    const sent = p.udp({ src: IP6_A, dst: SERVER6 }, { sport: 5000, dport: 53, data: p.payload(100) });
    const after = only(d.fromEndpoint(A, sent)).bytes.subarray(p.VNET + p.ETH);
    const out = only(d.fromUplink(p.icmp({ src: "2001:db8:77::1", dst: HOST_IP6 }, type, code, rest, after)));
    expect(out).toMatchObject({ port: A, src: "2001:db8:77::1", dst: IP6_A, type, code });
    const inner = out.l4.subarray(8);
    expect(p.parseIp(inner)).toMatchObject({ src: IP6_A, dst: SERVER6, sport: 5000, dport: 53 });
    expect(p.wrongChecksums(inner)).toEqual([]);
    expect(p.u16(out.l4, 6)).toBe(rest);
  });

  it("of the target comes from the host, about what the client sent", () => {
    const d = dual();
    const syn = p.tcp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 9, dport: PUBLISHED, flags: p.SYN });
    const seen = only(d.fromUplink(syn)).bytes.subarray(p.VNET + p.ETH);
    const out = only(d.fromEndpoint(A, p.icmp({ src: IP6_A, dst: CLIENT6 }, 1, 4, 0, seen)));
    expect(out).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, type: 1, code: 4 });
    expect(p.parseIp(out.l4.subarray(8))).toMatchObject({ src: CLIENT6, dst: HOST_IP6, sport: 9, dport: PUBLISHED });
    expect(p.wrongChecksums(out.l4.subarray(8))).toEqual([]);
  });

  it("about no flow, or with a wrong checksum, goes nowhere", () => {
    const d = dual();
    const after = only(d.fromEndpoint(A, p.udp({ src: IP6_A, dst: SERVER6 }, { sport: 5000, dport: 53 }))).bytes.subarray(p.VNET + p.ETH);
    const error = p.icmp({ src: SERVER6, dst: HOST_IP6 }, 1, 4, 0, after);
    expect(d.fromUplink(error.with(42, 1))).toEqual([]);
    expect(
      d.fromUplink(p.icmp({ src: SERVER6, dst: HOST_IP6 }, 1, 4, 0, p.udp({ src: HOST_IP6, dst: SERVER6 }, { sport: 1, dport: 53 }))),
    ).toEqual([]);
    expect(d.drops(UP)).toEqual({ "l4-header": 1, "no-flow": 1 });
  });
});

it("knows no IPv4 packet with an address of class E, whose word could be that of an IPv6 address", () => {
  const d = dual();
  const handle = d.state.addresses.take({ family: 6, value: 0xfd00_0000_0000_0000_0000_0000_0000_0004n });
  const text = [handle & 0xff, (handle >> 8) & 0xff, (handle >> 16) & 0xff, handle >>> 24].join(".");
  expect(text).toMatch(/^24\d\./);
  d.fromUplink(p.tcp({ src: text, dst: "192.0.2.1" }, { sport: 1, dport: PUBLISHED, flags: p.SYN }));
  d.fromEndpoint(A, p.udp({ src: IP_A, dst: text }, { sport: 1, dport: 2 }));
  expect([d.drops(UP), d.drops(A)]).toEqual([{ "source-spoofed": 1 }, { "no-route": 1 }]);
});
