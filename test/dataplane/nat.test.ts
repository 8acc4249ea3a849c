/** Rewrites, compared with a full recompute of every checksum: in both directions, for all protocols, whole and partial. */
import { describe, expect, it } from "vitest";
import type { SentFrame } from "../../src/device/memory-io.js";
import { EGRESS_RECORD } from "../../src/table/conntrack.js";
import { A, B, CLIENT, Dataplane, GATEWAY, HOST_IP, IP_A, IP_B, MAC_A, MAC_GATEWAY, MAC_UP, MASQUERADE_FIRST, PUBLISHED, rule, SERVER, TARGET, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

const { ACK, SYN } = p;

/** The one frame that was sent: where to, and what is in it; all its checksums verify. */
function only(sent: SentFrame[]): p.Parsed & { port: number; bytes: Uint8Array } {
  expect(sent).toHaveLength(1);
  expect(p.wrongIn(sent[0]!.bytes)).toEqual([]);
  return { ...p.parse(sent[0]!.bytes), port: sent[0]!.port, bytes: sent[0]!.bytes };
}

const toHost = { src: CLIENT, dst: HOST_IP }, toClient = { src: IP_A, dst: CLIENT };

describe("published port", () => {
  it("sends a client's connection to the target and the answers back, client address kept, TTL one less", () => {
    const d = new Dataplane();
    const syn = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: SYN, options: p.bytesOf("020405b4") })));
    expect(syn).toMatchObject({ port: A, dstMac: MAC_A, srcMac: MAC_GATEWAY, src: CLIENT, dst: IP_A, sport: 40000, dport: TARGET, ttl: 63, flags: SYN });
    const answer = only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: 40000, flags: SYN | ACK })));
    expect(answer).toMatchObject({ port: UP, dstMac: MAC_UP, srcMac: "02:74:73:00:00:00", src: HOST_IP, dst: CLIENT, sport: PUBLISHED, dport: 40000, ttl: 63 });
    const data = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, data: p.payload(1001) })));
    expect(data.data).toEqual(p.payload(1001));
    expect(d.dropTotal()).toBe(0);
  });

  it("maps a range port by port", () => {
    const d = new Dataplane();
    d.state.publish(rule({ firstPort: 7000, lastPort: 7099, targetPort: 65436 }));
    for (const n of [0, 50, 99]) expect(only(d.fromUplink(p.tcp(toHost, { sport: 1, dport: 7000 + n, flags: SYN }))).dport).toBe(65436 + n);
    expect(d.fromUplink(p.tcp(toHost, { sport: 1, dport: 7100, flags: SYN }))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": 1 });
  });

  it("hands to the uplink, to be recorded, what is for a target that is no endpoint", () => {
    const d = new Dataplane();
    d.state.publish(rule({ firstPort: 81, lastPort: 81, target: 0x0100000a, network: -1, onlinkNet: 1, onlinkMask: -1 }));
    const out = only(d.fromUplink(p.tcp(toHost, { sport: 5, dport: 81, flags: SYN })));
    expect(out).toMatchObject({ port: UP, srcMac: "02:74:73:00:00:01", dst: "10.0.0.1", src: CLIENT });
    expect(d.state.conntrack.egress(0, 0)).toBe(UP | EGRESS_RECORD);
  });

  it("gives a client on the target's own network, and a loopback one, the gateway's address (hairpin)", () => {
    for (const [src, dst] of [
      [IP_B, HOST_IP],
      [IP_A, HOST_IP],
      [IP_A, GATEWAY],
    ] as const) {
      const d = new Dataplane();
      const from = src === IP_A ? A : B;
      const out = only(d.fromEndpoint(from, p.tcp({ src, dst }, { sport: 40000, dport: PUBLISHED, flags: SYN })));
      expect(out).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, dport: TARGET });
      expect(out.sport).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
      const back = only(d.fromEndpoint(A, p.tcp({ src: IP_A, dst: GATEWAY }, { sport: TARGET, dport: out.sport, flags: SYN | ACK })));
      expect(back).toMatchObject({ port: from, src: dst, dst: src, sport: PUBLISHED, dport: 40000 });
    }
    const d = new Dataplane();
    const out = only(d.fromUplink(p.tcp({ src: "127.0.0.1", dst: "127.0.0.1", ttl: 1 }, { sport: 40000, dport: PUBLISHED, flags: SYN })));
    expect(out).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, ttl: 1 });
    const back = only(d.fromEndpoint(A, p.tcp({ src: IP_A, dst: GATEWAY, ttl: 1 }, { sport: TARGET, dport: out.sport, flags: SYN | ACK })));
    expect(back).toMatchObject({ port: UP, src: "127.0.0.1", dst: "127.0.0.1", sport: PUBLISHED, dport: 40000, ttl: 1 });
  });

  it("keeps two flows of one inside client to one target apart (exclusive mappings)", () => {
    const d = new Dataplane();
    const ports = [HOST_IP, GATEWAY].map((dst) => only(d.fromEndpoint(B, p.tcp({ src: IP_B, dst }, { sport: 40000, dport: PUBLISHED, flags: SYN }))).sport);
    expect(ports[0]).not.toBe(ports[1]);
  });

  it("gives another source port to the second of two flows that would look the same to the target, and finds its answers", () => {
    const d = new Dataplane();
    d.state.publish(rule({ firstPort: 9000, lastPort: 9000 })); // the same target as 8999
    const first = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: SYN })));
    const second = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: 9000, flags: SYN })));
    expect(first.sport).toBe(40000);
    expect(second.sport).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
    const back = only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: second.sport, flags: SYN | ACK })));
    expect(back).toMatchObject({ sport: 9000, dport: 40000 });
    expect(only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: 40000, flags: SYN | ACK })))).toMatchObject({ sport: PUBLISHED, dport: 40000 });
  });

  it("takes up a connection in the middle after a restart, where the client's address is kept", () => {
    const d = new Dataplane();
    const out = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: ACK | p.PSH, data: p.payload(3) })));
    expect(out).toMatchObject({ port: A, sport: 40000, dport: TARGET });
    expect(only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: 40000 }))).sport).toBe(PUBLISHED);
  });

  it.each([
    ["a reset", p.RST],
    ["a reset with ACK", p.RST | ACK],
    ["SYN with ACK", SYN | ACK],
    ["no flag", 0],
    ["FIN alone", p.FIN],
    ["SYN with RST", SYN | p.RST],
  ])("opens no flow by %s", (_, flags) => {
    const d = new Dataplane();
    expect(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags }))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "not-syn": 1 });
    expect(d.state.conntrack.used).toBe(0);
  });

  it("does not take up in the middle what was hairpinned, nor what is masqueraded", () => {
    const d = new Dataplane();
    expect(d.fromEndpoint(B, p.tcp({ src: IP_B, dst: HOST_IP }, { sport: 40000, dport: PUBLISHED, flags: ACK }))).toEqual([]);
    expect(d.fromEndpoint(B, p.tcp({ src: IP_B, dst: SERVER }, { sport: 40000, dport: 80, flags: ACK }))).toEqual([]);
    expect(d.drops(B)).toEqual({ "not-syn": 2 });
  });

  it("serves --allow-from and the host itself, and nobody else", () => {
    const d = new Dataplane();
    d.state.allow = Int32Array.of(0x006433c6, 0x00ffffff, 0x0000000a, 0x000000ff); // 198.51.100.0/24, 10.0.0.0/8
    const from = (src: string): number => d.fromUplink(p.tcp({ src, dst: HOST_IP }, { sport: 40000, dport: PUBLISHED, flags: SYN })).length;
    expect([CLIENT, "10.255.0.1", HOST_IP, "127.0.0.1"].map(from)).toEqual([1, 1, 1, 1]);
    expect(["198.51.101.1", "11.0.0.1"].map(from)).toEqual([0, 0]);
    expect(d.drops(UP)).toEqual({ "source-refused": 2 });
  });

  it("forgets the rule that is withdrawn, and prefers the rule for the very address", () => {
    const d = new Dataplane();
    const id = d.state.publish(rule({ hostIp: 0x010200c0, targetPort: 81 })); // 192.0.2.1
    const port = (): number | undefined => d.fromUplink(p.tcp(toHost, { sport: d.now, dport: PUBLISHED, flags: SYN })).map((f) => p.parse(f.bytes).dport)[0];
    expect(port()).toBe(81);
    d.at(d.now + 1);
    expect(d.state.withdraw(id)).not.toBeNull();
    expect(d.state.withdraw(id)).toBeNull();
    expect(port()).toBe(TARGET);
  });
});

describe("masquerade", () => {
  it("gives what leaves the address of the host's route and a port of the range, and translates the answers back", () => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, p.tcp({ src: IP_A, dst: SERVER }, { sport: 40000, dport: 80, flags: SYN })));
    expect(out).toMatchObject({ port: UP, srcMac: "02:74:73:00:00:01", src: HOST_IP, dst: SERVER, dport: 80, ttl: 63 });
    expect(out.sport).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
    const back = only(d.fromUplink(p.tcp({ src: SERVER, dst: HOST_IP }, { sport: 80, dport: out.sport, flags: SYN | ACK })));
    expect(back).toMatchObject({ port: A, dstMac: MAC_A, srcMac: MAC_GATEWAY, src: SERVER, dst: IP_A, sport: 80, dport: 40000, ttl: 63 });
  });

  it("uses one port for all that an inside endpoint sends from one port (RFC 4787 REQ-1), and lets only the peer answer", () => {
    const d = new Dataplane();
    const ports = ["203.0.113.1", "203.0.113.2"].map((dst) => only(d.fromEndpoint(A, p.udp({ src: IP_A, dst }, { sport: 5000, dport: 53 }))).sport);
    expect(ports[0]).toBe(ports[1]);
    expect(d.fromUplink(p.udp({ src: "203.0.113.3", dst: HOST_IP }, { sport: 53, dport: ports[0]! }))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": 1 });
  });

  it("translates the identifier of an echo and of its reply (RFC 5508)", () => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, p.echo({ src: IP_A, dst: SERVER }, 77)));
    expect(out).toMatchObject({ port: UP, src: HOST_IP, dst: SERVER, type: 8 });
    expect(out.id).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
    const back = only(d.fromUplink(p.echo({ src: SERVER, dst: HOST_IP }, out.id, true)));
    expect(back).toMatchObject({ port: A, src: SERVER, dst: IP_A, type: 0, id: 77 });
    expect(back.data).toEqual(p.payload(9));
  });

  it("opens no flow for an echo reply that nobody asked for", () => {
    const d = new Dataplane();
    expect(d.fromEndpoint(A, p.echo({ src: IP_A, dst: SERVER }, 77, true))).toEqual([]);
    expect([d.drops(A), d.state.conntrack.used]).toEqual([{ "no-flow": 1 }, 0]);
  });

  it.each([
    ["source-spoofed", "10.9.9.9", SERVER],
    ["no-route", IP_A, "172.17.0.99"],
    ["no-route", IP_A, "172.17.255.255"],
    ["no-route", IP_A, "224.0.0.251"],
    ["no-route", IP_A, "255.255.255.255"],
  ])("drops under %s what comes from %s to %s by the gateway", (reason, src, dst) => {
    const d = new Dataplane();
    expect(d.fromEndpoint(A, p.udp({ src, dst }, { sport: 1, dport: 2 }))).toEqual([]);
    expect(d.drops(A)).toEqual({ [reason]: 1 });
  });

  it("drops under no-route without a route, and without an uplink", () => {
    const d = new Dataplane();
    d.state.routes.replace([]);
    d.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 2 }));
    const e = new Dataplane();
    e.state.ports.clear(UP);
    e.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 2 }));
    expect([d.drops(A), e.drops(A)]).toEqual([{ "no-route": 1 }, { "no-route": 1 }]);
  });

  it("refuses under no-port when the range is used up, and serves again when a flow is over", () => {
    const d = new Dataplane({ masqueradeFirst: 61000, masqueradeLast: 61001 });
    const send = (sport: number): number => d.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport, dport: 53 })).length;
    expect([1, 2, 3, 1].map(send)).toEqual([1, 1, 0, 1]);
    expect([d.drops(A), d.state.conntrack.used]).toEqual([{ "no-port": 1 }, 2]);
    d.at(d.now + 120);
    expect([d.state.pool.used, send(3)]).toEqual([0, 1]);
  });
});

describe("checksums", () => {
  const random = new Random(11);
  /** Packets of both directions through random translations; every one must verify after a device has completed it. */
  function many(make: (ip: p.Ip, sport: number, dport: number) => Uint8Array, proto: number): void {
    for (let n = 0; n < 300; n++) {
      const d = new Dataplane();
      d.state.publish(rule({ proto }));
      const client = `${1 + random.below(126)}.${random.below(256)}.${random.below(256)}.${random.below(256)}`;
      const sport = random.below(65536);
      const out = only(d.send(UP, make({ src: client, dst: HOST_IP, ttl: 2 + random.below(254) }, sport, PUBLISHED)));
      expect(out).toMatchObject({ port: A, src: client, dst: IP_A, sport, dport: TARGET });
      const reply = make({ src: IP_A, dst: client }, TARGET, sport);
      reply.set(p.macBytes(MAC_GATEWAY), p.VNET);
      expect(only(d.send(A, reply))).toMatchObject({ port: UP, src: HOST_IP, dst: client, sport: PUBLISHED, dport: sport });
    }
  }
  const wrap = (datagram: Uint8Array): Uint8Array => p.frame(MAC_UP, MAC_A, datagram);
  const bytes = (): Uint8Array => Uint8Array.from({ length: random.below(70) }, () => random.below(256));
  const options = (): Uint8Array => new Uint8Array(random.below(11) * 4).fill(1);

  it("are right for TCP", () => many((ip, sport, dport) => wrap(p.tcp(ip, { sport, dport, flags: dport === PUBLISHED ? SYN : SYN | ACK, data: bytes() })), p.TCP));
  it("are right for TCP with IP and TCP options", () =>
    many((ip, sport, dport) => wrap(p.tcp({ ...ip, options: options() }, { sport, dport, flags: dport === PUBLISHED ? SYN : SYN | ACK, options: options() })), p.TCP));
  it("are right for UDP", () => many((ip, sport, dport) => wrap(p.udp(ip, { sport, dport, data: bytes() })), p.UDP));
  it("are right for partial TCP, and stay partial", () =>
    many((ip, sport, dport) => p.partial(wrap(p.tcp(ip, { sport, dport, flags: dport === PUBLISHED ? SYN : SYN | ACK, data: bytes() }))), p.TCP));
  it("are right for partial UDP, and stay partial", () => many((ip, sport, dport) => p.partial(wrap(p.udp(ip, { sport, dport, data: bytes() }))), p.UDP));

  it("stay partial: the virtio-net header comes out as it went in", () => {
    const d = new Dataplane();
    const frame = p.partial(wrap(p.tcp(toHost, { sport: 1, dport: PUBLISHED, flags: SYN })));
    expect(d.send(UP, frame)[0]!.bytes.subarray(0, 10)).toEqual(frame.subarray(0, 10));
  });

  it("stay absent for UDP without (RFC 768)", () => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 53, checksum: false })));
    expect(p.u16(out.l4, 6)).toBe(0);
  });

  it("come out as 0xffff where the sum makes them 0 (RFC 768)", () => {
    const d = new Dataplane();
    d.state.publish(rule({ proto: p.UDP }));
    let zeros = 0;
    for (let x = 0; x < 65536; x += 1) {
      const data = Uint8Array.of(x >> 8, x & 0xff);
      if (p.u16(p.udp({ src: CLIENT, dst: IP_A }, { sport: 9, dport: TARGET, data }), 26) !== 0xffff) continue;
      zeros++;
      expect(p.u16(only(d.fromUplink(p.udp(toHost, { sport: 9, dport: PUBLISHED, data }))).l4, 6)).toBe(0xffff);
    }
    expect(zeros).toBeGreaterThan(0);
  });

  it("of an outer UDP datagram are whole even where an inner one's is partial (csum_start elsewhere, as for VXLAN in a container)", () => {
    const d = new Dataplane();
    const inner = p.tcp({ src: "10.8.0.2", dst: "10.8.0.3" }, { sport: 1, dport: 2, data: p.payload(30) });
    for (let n = 0; n < 2; n++) {
      const frame = p.frame(MAC_GATEWAY, MAC_A, p.udp({ src: IP_A, dst: SERVER }, { sport: 4789, dport: 4789, data: inner }));
      p.setVnet(frame, { flags: p.NEEDS_CSUM, start: 14 + 20 + 8 + 20, offset: 16 });
      const out = d.send(A, frame)[0]!.bytes;
      expect(p.wrongChecksums(out.subarray(24))).toEqual([]);
      if (n === 0) d.fromUplink(p.udp({ src: SERVER, dst: HOST_IP }, { sport: 4789, dport: p.parse(out).sport })); // established from now on
    }
  });
});

describe("segmentation offload", () => {
  it.each([
    ["TCP of 64 KiB", p.GSO_TCPV4, 1448, 65535 - 40],
    ["TCP of three segments", p.GSO_TCPV4, 1448, 4000],
    ["TCP that just fills the head", p.GSO_TCPV4, 500, 33 * 64 - 10 - 14 - 40],
    ["TCP one byte longer than the head", p.GSO_TCPV4, 500, 33 * 64 - 10 - 14 - 40 + 1],
    ["UDP of 60,000 bytes", p.GSO_UDP_L4, 1400, 60_000],
  ])("passes %s whole over head and tail", (_, gso, size, length) => {
    const d = new Dataplane();
    const udp = gso === p.GSO_UDP_L4;
    const data = p.payload(length);
    if (!udp) d.fromUplink(p.tcp(toHost, { sport: 7, dport: PUBLISHED, flags: SYN }));
    else d.state.publish(rule({ proto: p.UDP }));
    const datagram = udp ? p.udp(toHost, { sport: 7, dport: PUBLISHED, data }) : p.tcp(toHost, { sport: 7, dport: PUBLISHED, data });
    const frame = p.partial(p.frame(MAC_UP, MAC_A, datagram), gso, size);
    frame[2] = 0xff; // what the kernel says as header length may be far more
    frame[3] = length > 255 ? 1 : 0;
    const out = only(d.send(UP, frame));
    expect(out).toMatchObject({ port: A, dst: IP_A, dport: TARGET });
    expect(out.data).toEqual(data);
    const header = new DataView(out.bytes.buffer);
    expect([out.bytes[0], out.bytes[1], header.getUint16(4, true), header.getUint16(6, true)]).toEqual([p.NEEDS_CSUM, gso, size, 34]);
    if (!udp) expect(header.getUint16(2, true)).toBe(14 + 20 + 20);
  });

  it("refuses trailing bytes behind a segmented datagram, which the kernel would send as data", () => {
    const d = new Dataplane();
    const frame = p.partial(p.frame(MAC_UP, MAC_A, p.tcp(toHost, { sport: 7, dport: PUBLISHED, flags: SYN, data: p.payload(3000) })), p.GSO_TCPV4, 1000);
    expect(d.send(UP, new Uint8Array([...frame, 0]))).toEqual([]);
    expect(d.drops(UP)).toEqual({ oversize: 1 });
  });
});
