/** Segments that other nodes send one after the other go to an endpoint in one frame; what is not alike stays apart. */
import { describe, expect, it } from "vitest";
import type { SentFrame } from "../../src/device/memory-io.js";
import * as o from "../support/overlay.js";
import { E, F, IP_E, IP_F, IP_R, MAC_E, MAC_F, MAC_R, overlay, TUNNEL } from "../support/overlay.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

const V4 = { src: IP_R, dst: IP_E },
  V6 = { src: o.IP6_R, dst: o.IP6_E };
const PORTS = { sport: 80, dport: 40000 };
const OPTIONS = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2);

interface Piece {
  /** Offset in the stream. */
  at: number;
  data: Uint8Array;
  flags?: number;
  options?: Uint8Array;
  ack?: number;
  sport?: number;
  ip?: p.Ip;
  id?: number;
}

function segment({ at, data, flags = p.ACK, options = OPTIONS, ack = 7, sport = PORTS.sport, ip = V4, id }: Piece): Uint8Array {
  const packet = p.tcp(ip, { sport, dport: PORTS.dport, seq: 1000 + at, ack, flags, options, data });
  const mac = ip.dst === IP_F ? MAC_F : MAC_E;
  return p.frame(mac, MAC_R, id === undefined ? packet : p.numbered(packet, id));
}

/** The frames come in one batch; what the engine sends. */
function receive(...frames: Uint8Array[]): SentFrame[] {
  const d = overlay();
  for (const frame of frames) d.io.put(TUNNEL, o.arriving(o.datagram(frame.subarray(p.VNET))));
  const sent = d.run();
  expect(d.dropTotal()).toBe(0);
  return sent;
}

/** A stream in segments of `size`. */
function pieces(length: number, size: number, more: Partial<Piece> = {}): Piece[] {
  const data = p.payload(length);
  return Array.from({ length: Math.ceil(length / size) }, (_, n) => ({
    at: n * size,
    data: data.slice(n * size, (n + 1) * size),
    ...more,
  }));
}

describe.each([
  ["IPv4", V4, p.GSO_TCPV4],
  ["IPv6", V6, p.GSO_TCPV6],
])("over %s", (_, ip, gso) => {
  it.each([2, 3, 20, 32])("%i segments become one frame, which says how to cut it again", (count) => {
    const all = pieces(count * 1386 - 100, 1386, { ip });
    const sent = receive(...all.map(segment));
    expect(sent.map((f) => f.port)).toEqual([E]);
    const [{ bytes }] = sent as [SentFrame];
    expect(p.wrongIn(bytes)).toEqual([]);
    const got = p.parse(bytes);
    expect(p.hex(got.data)).toBe(p.hex(p.join(...all.map(({ data }) => data))));
    expect(new DataView(got.l4.buffer, got.l4.byteOffset).getUint32(4)).toBe(1000);
    const headers = bytes.length - p.VNET - got.data.length;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const field = (at: number): number => view.getUint16(at, true);
    expect([bytes[0], bytes[1], field(2), field(4), field(6), field(8)]).toEqual([1, gso, headers, 1386, headers - 32, 16]);
  });

  it("a segment that pushes is the last one", () => {
    const all = pieces(5 * 1000, 1000, { ip });
    all[2]!.flags = p.ACK | p.PSH;
    const sent = receive(...all.map(segment));
    expect(sent.map((f) => p.parse(f.bytes).data.length)).toEqual([3000, 2000]);
    expect(sent.map((f) => p.parse(f.bytes).flags)).toEqual([p.ACK | p.PSH, p.ACK]);
  });
});

describe("stays apart", () => {
  const [a, b] = pieces(2000, 1000) as [Piece, Piece];

  it.each([
    ["what leaves a gap", { ...b, at: 1001 }],
    ["what comes again", { ...a }],
    ["what acknowledges more", { ...b, ack: 8 }],
    ["what has other options", { ...b, options: OPTIONS.with(7, 9) }],
    ["what has fewer options", { ...b, options: new Uint8Array(0) }],
    ["what is longer than the first", { ...b, data: p.payload(1001) }],
    ["what ends the connection", { ...b, flags: p.ACK | p.FIN }],
    ["what resets it", { ...b, flags: p.ACK | p.RST }],
    ["what has no payload", { ...b, data: new Uint8Array(0) }],
    ["what is of another connection", { ...b, sport: 81 }],
    ["what is for another endpoint", { ...b, ip: { src: IP_R, dst: IP_F } }],
    ["what has another TTL", { ...b, ip: { ...V4, ttl: 63 } }],
    ["what may be fragmented, as the first may not", { ...b, ip: { ...V4, fragment: 0 } }],
    ["what has options of IPv4", { ...b, ip: { ...V4, options: Uint8Array.of(1, 1, 1, 0) } }],
  ] as [string, Piece][])("%s", (_, other) => {
    const frames = [segment(a), segment(other)];
    const sent = receive(...frames);
    expect(sent.map((f) => p.hex(f.bytes)).sort()).toEqual(frames.map(p.hex).sort());
  });

  it("what has a wrong checksum, whichever of the two it is", () => {
    for (const wrong of [0, 1]) {
      const frames = [segment(a), segment(b)];
      frames[wrong]![p.VNET + 14 + 20 + 60]! ^= 1;
      expect(receive(...frames).map((f) => p.hex(f.bytes))).toEqual(frames.map(p.hex));
    }
  });

  it("of what may be fragmented, all but what has the next identification", () => {
    const ip = { ...V4, fragment: 0 };
    const of = (...ids: number[]): number => receive(...ids.map((id, n) => segment({ ...pieces(5000, 1000)[n]!, ip, id }))).length;
    expect([of(7, 8, 9), of(0xffff, 0, 1), of(7, 7), of(7, 9), of(7, 8, 8)]).toEqual([1, 1, 2, 2, 2]);
  });

  it("what something of another connection lies between, in the order in which it came", () => {
    const between = { ...a, sport: 81 };
    const frames = [segment(a), segment(between), segment(b)];
    expect(receive(...frames).map((f) => p.hex(f.bytes))).toEqual(frames.map(p.hex));
  });

  it("what endpoints of this node send each other", () => {
    const d = overlay();
    const frames = pieces(3000, 1000).map(({ at, data }) =>
      p.frame(MAC_F, MAC_E, p.tcp({ src: IP_E, dst: IP_F }, { ...PORTS, seq: at, data, options: OPTIONS })),
    );
    for (const frame of frames) d.io.put(E, frame);
    expect(d.run()).toEqual(frames.map((bytes) => ({ port: F, bytes })));
  });
});

it("whatever comes in whatever order, the same bytes reach the same connection in the same order", () => {
  const random = new Random(7);
  for (let round = 0; round < 200; round++) {
    const sent: Piece[] = [];
    const next = [0, 0];
    for (let n = 0; n < 1 + random.below(32); n++) {
      const flow = random.below(6) === 0 ? 1 : 0;
      const data = p.payload(random.pick([1, 100, 1386, 1386, 1386]), n);
      const at = next[flow]! + (random.below(12) === 0 ? 5 : 0);
      next[flow] = at + data.length;
      sent.push({ at, data, sport: 80 + flow, flags: random.below(8) === 0 ? p.ACK | p.PSH : p.ACK });
    }
    const got = receive(...sent.map(segment)).map((f) => {
      expect(p.wrongIn(f.bytes)).toEqual([]);
      return p.parse(f.bytes);
    });
    const stream = (all: { sport: number; at: number; data: Uint8Array }[], flow: number): string =>
      all
        .filter(({ sport }) => sport === 80 + flow)
        .flatMap(({ at, data }) => [...data].map((byte, k) => `${at + k}:${byte}`))
        .join(" ");
    const parts = got.map(({ sport, l4, data }) => ({ sport, at: new DataView(l4.buffer, l4.byteOffset).getUint32(4) - 1000, data }));
    const pieces = sent.map(({ sport = 0, at, data }) => ({ sport, at, data }));
    for (const flow of [0, 1]) expect(stream(parts, flow)).toBe(stream(pieces, flow));
  }
});
