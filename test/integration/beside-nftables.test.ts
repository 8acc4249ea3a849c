/**
 * The same packets, made by hand, through tsproxy and through nftables (DNAT of the same port): what comes out of the other side, and what is
 * answered. Differences are printed; each one that there may be is in DIFFERENCES, with the reason.
 */
import { expect, it } from "vitest";
import { Cable, STATION, WIRE_HOST } from "../support/cable.js";
import { onBoth } from "../support/cases.js";
import * as p from "../support/packets.js";
import { INIT, sctp } from "../support/sctp.js";
import { ADDR } from "../support/topology.js";
import { Wire } from "../support/wire.js";

const PORT = 8999;
/** Identification and source port of case n. */
const ID = 0x5000,
  SPORT = 41_000;

type Make = (ends: p.Ip, ports: { sport: number; dport: number }) => Uint8Array | Uint8Array[];
const DATA = p.payload(32);
const udp: Make = (ip, ports) => p.udp(ip, { ...ports, data: DATA });
const tcp =
  (flags: number): Make =>
  (ip, ports) =>
    p.tcp(ip, { ...ports, flags });
/** With some of its bytes changed, and the header's checksum right again. */
const changed =
  (make: Make, at: number, value: number, resum = true): Make =>
  (ip, ports) => {
    const datagram = (make(ip, ports) as Uint8Array).with(at, value);
    return resum ? p.numbered(datagram, p.u16(datagram, 4)) : datagram;
  };
const large: Make = (ip, ports) => p.udp({ ...ip, fragment: 0 }, { ...ports, data: p.payload(4000) });
const from =
  (src: string, make: Make): Make =>
  (ip, ports) =>
    make({ ...ip, src }, ports);

/** Sent by a station on the LAN to the published port, in this order. */
const CASES: readonly (readonly [name: string, make: Make])[] = [
  ["a datagram", udp],
  ["a datagram without a checksum", (ip, ports) => p.udp(ip, { ...ports, data: DATA, checksum: false })],
  ["a datagram with a wrong checksum", changed(udp, 27, 0x55)],
  ["a datagram longer than its packet", changed(udp, 25, 0xff)],
  ["a wrong IP checksum", changed(udp, 11, 0x55, false)],
  ["TTL 1", changed(udp, 8, 1)],
  ["TTL 2", changed(udp, 8, 2)],
  ["TOS, with ECN", changed(udp, 1, 0xb9)],
  ["DF not set", (ip, ports) => p.udp({ ...ip, fragment: 0 }, { ...ports, data: DATA })],
  ["IP options: no operation", (ip, ports) => p.udp({ ...ip, options: p.bytesOf("01010101") }, { ...ports, data: DATA })],
  ["IP options: loose source route", (ip, ports) => p.udp({ ...ip, options: p.bytesOf("8307040a00000100") }, { ...ports, data: DATA })],
  ["source port 0", (ip, { dport }) => p.udp(ip, { sport: 0, dport, data: DATA })],
  ["source 127.0.0.1", from("127.0.0.1", udp)],
  ["source 224.0.0.1", from("224.0.0.1", udp)],
  ["source 0.0.0.0", from("0.0.0.0", udp)],
  ["its own destination as source", from(WIRE_HOST, udp)],
  ["fragments in order", (ip, ports) => p.fragments(large(ip, ports) as Uint8Array, 1480)],
  ["fragments, the last one first", (ip, ports) => p.fragments(large(ip, ports) as Uint8Array, 1480).reverse()],
  [
    "fragments that overlap",
    (ip, ports) => {
      const parts = p.fragments(large(ip, ports) as Uint8Array, 1480);
      return [parts[0]!, p.ipv4({ ...ip, fragment: 0x2000 | 184 }, p.UDP, DATA), ...parts.slice(1)];
    },
  ],
  ["the first fragment alone", (ip, ports) => p.fragments(large(ip, ports) as Uint8Array, 1480)[0]!],
  ["SYN", tcp(p.SYN)],
  ["SYN with a wrong checksum", changed(tcp(p.SYN), 37, 0x55)],
  ["SYN and FIN", tcp(p.SYN | p.FIN)],
  ["SYN and RST", tcp(p.SYN | p.RST)],
  ["no flags", tcp(0)],
  ["FIN, PSH and URG", tcp(p.FIN | p.PSH | 0x20)],
  ["ACK without a connection", tcp(p.ACK)],
  ["SYN and ACK without a connection", tcp(p.SYN | p.ACK)],
  ["RST without a connection", tcp(p.RST)],
  ["FIN without a connection", tcp(p.FIN | p.ACK)],
  ["a TCP header shorter than 20 bytes", changed(tcp(p.SYN), 32, 0x40)],
  ["an INIT of SCTP", (ip, ports) => sctp(ip, { ...ports, type: INIT })],
  ["an INIT of SCTP with a wrong checksum", (ip, ports) => sctp(ip, { ...ports, type: INIT, checksum: 1 })],
];

/** By case: what tsproxy does instead, and why. */
const SILENT =
  "nobody asked: it is dropped and counted (not-syn); nftables leaves it to the host, whose stack answers for a port that it has not";
const DIFFERENCES: Record<string, string> = {
  "SYN and FIN": SILENT,
  "no flags": SILENT,
  "FIN, PSH and URG": SILENT,
  "FIN without a connection":
    "a connection goes on after a restart of tsproxy, and so does its end: the target answers, with the same reset that the host gives else",
  "an INIT of SCTP with a wrong checksum":
    "it is discarded (RFC 9260 §6.8); nftables leaves it to the host, which has no SCTP and says so in answer to a packet that is damaged",
};

const results = new Map<string, string[]>();

onBoth("packets made by hand, to a published port", "kernel", async (c) => {
  const wire = new Cable(c.lab, c.host);
  c.ctx.onTestFinished(() => wire.close());
  await c.begin({ publish: ["udp", "tcp", "sctp"].map((proto) => `${PORT}:${ADDR.c1}:80/${proto}`) });
  const target = await Wire.tap(c.lab, c.c1);
  for (const [n, [, make]] of CASES.entries()) {
    const made = make({ src: STATION, dst: WIRE_HOST }, { sport: SPORT + n, dport: PORT });
    for (const part of Array.isArray(made) ? made : [made])
      wire.send(isSumRight(part) ? p.numbered(part, ID + n) : renumbered(part, ID + n));
  }
  const back = await wire.received(600);
  const there = (await target.received()).map((frame) => frame.subarray(p.VNET + p.ETH));
  results.set(
    c.backend,
    CASES.map((_, n) => [...seenAt(there, n), ...answersTo(back, n)].join("; ") || "nothing"),
  );
});

it("the differences between them are those that are known, each with its reason", (ctx) => {
  const [ours, theirs] = [results.get("tsproxy"), results.get("nftables")];
  if (ours === undefined || theirs === undefined) ctx.skip("one of both was left out");
  const found = CASES.flatMap(([name], n) => (ours![n] === theirs![n] ? [] : [[name, ours![n]!, theirs![n]!]]));
  for (const [name, our, their] of found) console.log(`${name}\n  tsproxy:  ${our}\n  nftables: ${their}\n  ${DIFFERENCES[name!] ?? "?"}`);
  expect(found.map(([name]) => name)).toEqual(Object.keys(DIFFERENCES));
  expect(CASES.length - found.length).toBeGreaterThan(CASES.length / 2);
});

function isSumRight(datagram: Uint8Array): boolean {
  return p.sum(datagram.subarray(0, (datagram[0]! & 15) * 4)) === 0xffff;
}

/** The same with another identification, and as wrong a checksum. */
function renumbered(datagram: Uint8Array, id: number): Uint8Array {
  const other = datagram.slice();
  p.setU16(other, 4, id);
  return other;
}

/** What of case n comes to the target, fragments put in order. */
function seenAt(datagrams: Uint8Array[], n: number): string[] {
  return datagrams
    .filter((ip) => ip[0]! >> 4 === 4 && p.u16(ip, 4) === ID + n && ip[9] !== p.ICMP)
    .map((ip) => {
      const place = p.u16(ip, 6);
      const { src, dst, ttl, proto, sport, dport, flags, l4 } = p.parseIp(ip);
      const options = (ip[0]! & 15) > 5 ? ` options ${p.hex(ip.subarray(20, (ip[0]! & 15) * 4))}` : "";
      const head = `${src} to ${dst} ttl ${ttl} tos ${ip[1]} bits ${(place & 0xe000).toString(16)}${options}`;
      if ((place & 0x3fff) !== 0) return `fragment ${(place & 0x1fff) * 8}+${l4.length} ${head}`;
      return `${proto} ${head} ports ${sport} ${dport} flags ${flags} bytes ${l4.length} wrong [${p.wrongChecksums(ip)}]`;
    })
    .toSorted();
}

/** What the sender is told of case n: ICMP errors, and TCP's answers. */
function answersTo(datagrams: Uint8Array[], n: number): string[] {
  return datagrams
    .flatMap((ip) => {
      const { src, dst, proto, sport, dport, type, code, flags, l4 } = p.parseIp(ip);
      if (dst !== STATION) return [];
      if (proto === p.TCP && dport === SPORT + n) return [`answer ${flags} from ${src}:${sport}`];
      if (proto !== p.ICMP || ![3, 11, 12].includes(type) || p.u16(l4, 8 + 4) !== ID + n) return [];
      const quoted = p.parseIp(l4.subarray(8));
      return [`ICMP ${type}/${code} from ${src} about ${quoted.src}:${quoted.sport} to ${quoted.dst}:${quoted.dport}`];
    })
    .toSorted();
}
