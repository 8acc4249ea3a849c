/** Packets of one family that become the other's (RFC 7915): a client of IPv6 and a target that has IPv4 alone, and the reverse. */
import { describe, expect, it } from "vitest";
import { A, CLIENT, GATEWAY, HOST_IP, IP_A, MAC_A, MAC_GATEWAY, only, PUBLISHED, TARGET, UP } from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, TO_A6 } from "../support/dual.js";
import { Flow } from "../support/flows.js";
import * as p from "../support/packets.js";
import { INIT, sctp } from "../support/sctp.js";

/** An IPv6 client of A's IPv4 address by 9000, an IPv4 client of its IPv6 address by 9001. */
const TO_IPV4 = 9000,
  TO_IPV6 = 9001;

function both(proto: number) {
  const d = dual();
  d.publish({ proto, firstPort: TO_IPV4, lastPort: TO_IPV4, hostIp: "::" });
  d.publish({ ...TO_A6, proto, firstPort: TO_IPV6, lastPort: TO_IPV6, hostIp: "0.0.0.0" });
  return d;
}

const client = (src: string, dport: number) => ({ from: UP, src, sport: 40000, dst: src.includes(":") ? HOST_IP6 : HOST_IP, dport });
/** The frame's IP packet. */
const ipOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(p.VNET + p.ETH);

describe.each([
  ["IPv6 client, IPv4 target", CLIENT6, TO_IPV4, GATEWAY, IP_A, 20],
  ["IPv4 client, IPv6 target", CLIENT, TO_IPV6, GATEWAY6, IP6_A, -20],
])("%s", (_, src, dport, masked, target, shorter) => {
  it.each([p.TCP, p.UDP])("reach each other, the client as the host next to the target (protocol %i)", (proto) => {
    const d = both(proto);
    const flow = new Flow(d, client(src, dport), proto);
    expect(flow.open()).toBe(true);
    expect(flow.seen).toMatchObject({ port: A, src: masked, dst: target, dport: TARGET });
    expect(d.flows()).toMatchObject([{ state: proto === p.TCP ? "established" : "assured" }]);
    if (proto === p.TCP) expect([flow.close(), d.flows()[0]!.state]).toEqual([true, "closing"]);
  });

  it.each([p.TCP, p.UDP])("keep payload, hop limit less one, traffic class, and right checksums (protocol %i)", (proto) => {
    const d = both(proto);
    const { dst } = client(src, dport);
    const ports = { sport: 40000, dport };
    const data = p.payload(1001);
    const first = proto === p.TCP ? p.tcp({ src, dst }, { ...ports, flags: p.SYN, data }) : p.udp({ src, dst }, { ...ports, data });
    if (dst === HOST_IP) first[1] = 0xb9;
    else [first[0], first[1]] = [0x6b, 0x90];
    const out = only(d.fromUplink(dst === HOST_IP ? ipOf(p.resummed(p.frame(MAC_A, MAC_A, first))) : first));
    expect(out).toMatchObject({ port: A, ttl: 63, src: masked, dst: target, dport: TARGET, dstMac: MAC_A, srcMac: MAC_GATEWAY });
    expect(p.hex(out.data)).toBe(p.hex(data));
    expect(ipOf(out.bytes).length).toBe(first.length - shorter);
    const head = ipOf(out.bytes);
    expect(head[0]! >> 4 === 4 ? head[1] : ((head[0]! << 4) & 0xf0) | (head[1]! >> 4)).toBe(0xb9);
    const back = { src: target, dst: masked };
    const toClient = { sport: TARGET, dport: out.sport };
    const answer = proto === p.TCP ? p.tcp(back, { ...toClient, flags: p.SYN | p.ACK, data }) : p.udp(back, { ...toClient, data });
    expect(only(d.fromEndpoint(A, answer))).toMatchObject({
      port: UP,
      ttl: 63,
      src: dst,
      sport: dport,
      dst: src,
      dport: 40000,
      data: out.data,
    });
  });

  it("keep a segmentation-offload frame whole, with its checksum partial", () => {
    const d = both(p.TCP);
    const flow = new Flow(d, client(src, dport));
    expect(flow.open()).toBe(true);
    const { dst } = client(src, dport);
    const data = p.payload(60_000);
    const segment = p.frame(MAC_A, MAC_A, p.tcp({ src, dst }, { sport: 40000, dport, data }));
    const [gso, other] = shorter > 0 ? [p.GSO_TCPV6, p.GSO_TCPV4] : [p.GSO_TCPV4, p.GSO_TCPV6];
    const out = only(d.send(UP, p.partial(segment, gso | 0x80, 1400)));
    const v = new DataView(out.bytes.buffer, out.bytes.byteOffset);
    const headers = shorter > 0 ? 34 : 54;
    const fields = [out.bytes[0], out.bytes[1], v.getUint16(2, true), v.getUint16(4, true), v.getUint16(6, true), v.getUint16(8, true)];
    expect(fields).toEqual([p.NEEDS_CSUM, other | 0x80, headers + 20, 1400, headers, 16]);
    expect(out).toMatchObject({ src: masked, dst: target });
    expect(Buffer.compare(out.data, data)).toBe(0);
  });

  it("keep segmentation-offload datagrams whole too", () => {
    const d = both(p.UDP);
    const { dst } = client(src, dport);
    const frame = p.partial(p.frame(MAC_A, MAC_A, p.udp({ src, dst }, { sport: 40000, dport, data: p.payload(4000) })), p.GSO_UDP_L4, 1000);
    const out = only(d.send(UP, frame));
    expect([out.bytes[1], new DataView(out.bytes.buffer, out.bytes.byteOffset).getUint16(2, true)]).toEqual([
      p.GSO_UDP_L4,
      shorter > 0 ? 42 : 62,
    ]);
  });

  it("get a new flow with each family: the frame after the batch starts where it was received", () => {
    const d = both(p.TCP);
    for (let n = 0; n < 3; n++) expect(new Flow(d, { ...client(src, dport), sport: 41000 + n }).open()).toBe(true);
    expect(new Flow(d, client(CLIENT, PUBLISHED)).open()).toBe(true);
  });
});

describe("what becomes IPv6", () => {
  const dst = HOST_IP;

  it("has a checksum, also if the IPv4 datagram had none (RFC 7915 §4.5), however long", () => {
    for (const size of [0, 1, 700, 5001]) {
      const d = both(p.UDP);
      const datagram = p.udp({ src: CLIENT, dst }, { sport: 40000, dport: TO_IPV6, data: p.payload(size), checksum: false });
      expect(p.u16(only(d.fromUplink(datagram)).l4, 6), `${size}`).not.toBe(0);
    }
  });

  it("leaves IPv4 options out", () => {
    const options = Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 0);
    const out = only(both(p.UDP).fromUplink(p.udp({ src: CLIENT, dst, options }, { sport: 40000, dport: TO_IPV6, data: p.payload(30) })));
    expect([out.dst, out.bytes.length]).toEqual([IP6_A, p.VNET + p.ETH + 40 + 8 + 30]);
  });
});

describe("what becomes IPv4", () => {
  it("leaves extension headers out, and may be fragmented up to 1260 bytes (RFC 7915 §5.1)", () => {
    const extend = (next: number, body: Uint8Array): [number, Uint8Array] => [0, p.extension(60, p.extension(next, body, 16))];
    for (const [size, flags] of [
      [30, 0],
      [1232, 0],
      [1233, 0x4000],
    ] as const) {
      const d = both(p.UDP);
      const out = only(
        d.fromUplink(p.udp({ src: CLIENT6, dst: HOST_IP6, extend }, { sport: 40000, dport: TO_IPV4, data: p.payload(size) })),
      );
      expect([out.dst, out.bytes.length, p.u16(ipOf(out.bytes), 6)]).toEqual([IP_A, p.VNET + p.ETH + 20 + 8 + size, flags]);
    }
  });
});

describe("an ICMP error about a flow of two families", () => {
  /** The packet that the target sees, of a client's first datagram. */
  function seen(d: ReturnType<typeof both>, src: string, dport: number): Uint8Array {
    const datagram = p.udp({ src, dst: client(src, dport).dst }, { sport: 40000, dport, data: p.payload(700) });
    return ipOf(only(d.fromUplink(datagram)).bytes);
  }

  it.each([
    ["port", [3, 3, 0], [1, 4, 0]],
    ["host", [3, 1, 0], [1, 0, 0]],
    ["prohibited", [3, 13, 0], [1, 1, 0]],
    ["protocol", [3, 2, 0], [4, 1, 6]],
    ["fragmentation needed", [3, 4, 1400], [2, 0, 1420]],
    ["fragmentation needed, below what IPv6 has", [3, 4, 600], [2, 0, 1280]],
    ["fragmentation needed, of a router that says no MTU", [3, 4, 0], [2, 0, 1280]],
    ["time exceeded", [11, 0, 0], [3, 0, 0]],
    ["parameter problem", [12, 0, 9 << 24], [4, 0, 6]],
  ] as const)(
    "of an IPv4 target is told to an IPv6 client in ICMPv6: %s (RFC 7915 §4.2)",
    (_, [type, code, word], [type6, code6, word6]) => {
      const d = both(p.UDP);
      const quoted = seen(d, CLIENT6, TO_IPV4);
      const out = only(d.fromEndpoint(A, p.icmp({ src: IP_A, dst: GATEWAY }, type, code, word, quoted)));
      expect(out).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, type: type6, code: code6, ttl: 63 });
      expect(new DataView(out.l4.buffer, out.l4.byteOffset).getUint32(4)).toBe(word6);
      const inner = out.l4.subarray(8);
      expect(p.parseIp(inner)).toMatchObject({ src: CLIENT6, dst: HOST_IP6, sport: 40000, dport: TO_IPV4 });
      expect(p.wrongChecksums(inner)).toEqual([]);
    },
  );

  it.each([
    ["port", [1, 4, 0], [3, 3, 0]],
    ["no route", [1, 0, 0], [3, 1, 0]],
    ["prohibited", [1, 1, 0], [3, 10, 0]],
    ["packet too big", [2, 0, 1420], [3, 4, 1400]],
    ["packet too big, of the shortest that IPv6 has", [2, 0, 1280], [3, 4, 1260]],
    ["time exceeded", [3, 0, 0], [11, 0, 0]],
    ["parameter problem", [4, 0, 7], [12, 0, 8 << 24]],
    ["next header", [4, 1, 6], [3, 2, 0]],
  ] as const)("of an IPv6 target is told to an IPv4 client in ICMP: %s (RFC 7915 §5.2)", (_, [type, code, word], [type4, code4, word4]) => {
    const d = both(p.UDP);
    const quoted = seen(d, CLIENT, TO_IPV6);
    const out = only(d.fromEndpoint(A, p.icmp({ src: IP6_A, dst: GATEWAY6 }, type, code, word, quoted)));
    expect(out).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, type: type4, code: code4, ttl: 63 });
    expect(new DataView(out.l4.buffer, out.l4.byteOffset).getInt32(4)).toBe(word4);
    expect(ipOf(out.bytes).length).toBe(576);
    const inner = out.l4.subarray(8);
    expect(p.parseIp(inner)).toMatchObject({ src: CLIENT, dst: HOST_IP, sport: 40000, dport: TO_IPV6 });
    expect(p.u16(inner, 2)).toBe(20 + 8 + 700);
  });

  it("about an SCTP packet, whose CRC is not touched, is told as well", () => {
    const d = both(p.SCTP);
    const init = (src: string, dport: number): Uint8Array =>
      ipOf(only(d.fromUplink(sctp({ src, dst: client(src, dport).dst }, { sport: 40000, dport, type: INIT }))).bytes);
    const four = only(d.fromEndpoint(A, p.icmp({ src: IP6_A, dst: GATEWAY6 }, 1, 1, 0, init(CLIENT, TO_IPV6))));
    expect(four).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, type: 3, code: 10 });
    const quoted = p.parseIp(four.data);
    expect(quoted).toMatchObject({ src: CLIENT, dst: HOST_IP, sport: 40000, dport: TO_IPV6 });
    expect(p.hex(quoted.l4.subarray(12))).toBe(
      p.hex(sctp({ src: CLIENT, dst: HOST_IP }, { sport: 40000, dport: TO_IPV6, type: INIT }).subarray(32)),
    );
    const six = only(d.fromEndpoint(A, p.icmp({ src: IP_A, dst: GATEWAY }, 3, 2, 0, init(CLIENT6, TO_IPV4))));
    expect(six).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, type: 4, code: 1 });
    expect(p.parseIp(six.l4.subarray(8))).toMatchObject({ src: CLIENT6, dst: HOST_IP6, sport: 40000, dport: TO_IPV4 });
  });

  it("that the other family has not is dropped", () => {
    const d = both(p.UDP);
    const [four, six] = [seen(d, CLIENT, TO_IPV6), seen(d, CLIENT6, TO_IPV4)];
    expect(d.fromEndpoint(A, p.icmp({ src: IP6_A, dst: GATEWAY6 }, 4, 2, 0, four))).toEqual([]);
    expect(d.fromEndpoint(A, p.icmp({ src: IP_A, dst: GATEWAY }, 12, 1, 0, six))).toEqual([]);
    for (const mtu of [1279, 68, 0]) expect(d.fromEndpoint(A, p.icmp({ src: IP6_A, dst: GATEWAY6 }, 2, 0, mtu, four))).toEqual([]); // RFC 8201 §4
    expect(d.drops(A)).toEqual({ untranslatable: 5 });
  });
});

describe("a datagram in fragments", () => {
  const data = p.payload(3000);

  /** Fragment headers and payloads of IPv6 packets: [offset, more, identification, payload]. */
  const parts6 = (frames: { bytes: Uint8Array }[]): [number, boolean, number, Uint8Array][] =>
    frames.map(({ bytes }) => {
      const packet = ipOf(bytes);
      expect([packet[6], packet[40], 40 + p.u16(packet, 4)]).toEqual([44, p.UDP, packet.length]);
      return [p.u16(packet, 42) & 0xfff8, (packet[43]! & 1) !== 0, p.u16(packet, 44) * 65536 + p.u16(packet, 46), packet.subarray(48)];
    });

  it("of an IPv4 client becomes fragments of IPv6, with its identification (RFC 7915 §4.1)", () => {
    const d = both(p.UDP);
    const datagram = p.udp({ src: CLIENT, dst: HOST_IP }, { sport: 40000, dport: TO_IPV6, data });
    const sent = p.fragments(datagram, 1480).flatMap((part) => d.fromUplink(part));
    const parts = parts6(sent);
    expect(parts.map(([offset, more, id]) => [offset, more, id])).toEqual([
      [0, true, 0x1234],
      [1480, true, 0x1234],
      [2960, false, 0x1234],
    ]);
    const whole = new Uint8Array(Buffer.concat(parts.map(([, , , payload]) => payload)));
    const first = p.parseIp(ipOf(sent[0]!.bytes));
    const put = p.ipv6(first.src, first.dst, p.UDP, whole);
    expect([first.src, first.dst, p.wrongChecksums(put)]).toEqual([GATEWAY6, IP6_A, []]);
    expect(p.parseIp(put)).toMatchObject({ dport: TARGET, data });
  });

  it("of an IPv6 client becomes fragments of IPv4, also where a later one comes first (RFC 7915 §5.1)", () => {
    for (const order of [
      [0, 1, 2],
      [2, 0, 1],
    ]) {
      const d = both(p.UDP);
      const datagram = p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 40000, dport: TO_IPV4, data });
      const body = datagram.subarray(40);
      const size = 1440;
      const all = [0, 1, 2].map((k) => {
        const part = body.subarray(k * size, (k + 1) * size);
        const packet = p.ipv6(CLIENT6, HOST_IP6, 44, p.fragment6(p.UDP, k * size, k < 2, part));
        packet[7] = 64;
        return packet;
      });
      const sent = order.flatMap((k) => d.fromUplink(all[k]!));
      expect(sent).toHaveLength(3);
      const inOrder = sent.map(({ bytes }) => ipOf(bytes)).sort((x, y) => (p.u16(x, 6) & 0x1fff) - (p.u16(y, 6) & 0x1fff));
      expect(inOrder.map((packet) => p.u16(packet, 4))).toEqual([7, 7, 7]);
      const whole = p.reassembled(inOrder);
      expect(p.wrongChecksums(whole)).toEqual([]);
      expect(p.parseIp(whole)).toMatchObject({ src: GATEWAY, dst: IP_A, dport: TARGET, data });
    }
  });

  it.each(["that it opens", "that is open"])(
    "without a checksum is no IPv6 (RFC 7915 §4.5): it is dropped and counted, of a flow %s",
    (which) => {
      const d = both(p.UDP);
      const ends = { src: CLIENT, dst: HOST_IP };
      if (which === "that is open") d.fromUplink(p.udp(ends, { sport: 40000, dport: TO_IPV6 }));
      const parts = p.fragments(p.udp(ends, { sport: 40000, dport: TO_IPV6, data, checksum: false }), 1480);
      expect(parts.flatMap((part) => d.fromUplink(part))).toEqual([]);
      expect(d.drops(UP)).toEqual({ untranslatable: 1, "ip-fragment": 2 });
    },
  );
});
