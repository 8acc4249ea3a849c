/** Rewrites, compared with a full recompute of every checksum: in both directions, for all protocols, whole and partial, small and segmented. */
import { describe, expect, it } from "vitest";
import {
  A,
  CLIENT,
  Dataplane,
  HOST_IP,
  IP_A,
  MAC_A,
  MAC_GATEWAY,
  MAC_UP,
  only,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

const { SYN, ACK } = p;
const toHost = { src: CLIENT, dst: HOST_IP };

describe("checksums", () => {
  const random = new Random(11);
  /** Packets of both directions through random translations; every one must verify after a device has completed it. */
  function many(make: (ip: p.Ip, sport: number, dport: number) => Uint8Array, proto: number): void {
    for (let n = 0; n < 300; n++) {
      const d = new Dataplane();
      d.publish({ proto });
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

  it("are right for TCP", () =>
    many((ip, sport, dport) => wrap(p.tcp(ip, { sport, dport, flags: dport === PUBLISHED ? SYN : SYN | ACK, data: bytes() })), p.TCP));
  it("are right for TCP with IP and TCP options", () =>
    many(
      (ip, sport, dport) =>
        wrap(p.tcp({ ...ip, options: options() }, { sport, dport, flags: dport === PUBLISHED ? SYN : SYN | ACK, options: options() })),
      p.TCP,
    ));
  it("are right for UDP", () => many((ip, sport, dport) => wrap(p.udp(ip, { sport, dport, data: bytes() })), p.UDP));
  it("are right for partial TCP, and stay partial", () =>
    many(
      (ip, sport, dport) => p.partial(wrap(p.tcp(ip, { sport, dport, flags: dport === PUBLISHED ? SYN : SYN | ACK, data: bytes() }))),
      p.TCP,
    ));
  it("are right for partial UDP, and stay partial", () =>
    many((ip, sport, dport) => p.partial(wrap(p.udp(ip, { sport, dport, data: bytes() }))), p.UDP));

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
    d.publish({ proto: p.UDP });
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
    else d.publish({ proto: p.UDP });
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
    const frame = p.partial(
      p.frame(MAC_UP, MAC_A, p.tcp(toHost, { sport: 7, dport: PUBLISHED, flags: SYN, data: p.payload(3000) })),
      p.GSO_TCPV4,
      1000,
    );
    expect(d.send(UP, new Uint8Array([...frame, 0]))).toEqual([]);
    expect(d.drops(UP)).toEqual({ oversize: 1 });
  });
});
