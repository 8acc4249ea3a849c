/** RFC 7915: IPv6 to IPv4 and back, and what RFC 6146 (stateful NAT64) asks that holds for published ports, the only flows of two families. */
import { expect } from "vitest";
import { RETURNED_TOO_LONG } from "../../src/wire/flow-entry.js";
import { A, CLIENT, type Dataplane, GATEWAY, HOST_IP, IP_A, only, TARGET, UP } from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, TO_A6 } from "../support/dual.js";
import { Flow } from "../support/flows.js";
import * as p from "../support/packets.js";
import { givenBack } from "../support/returned.js";
import { notApplicable, type Rfc, yes } from "./requirement.js";

const TO_IPV4 = 9000,
  TO_IPV6 = 9001;

function both(proto = p.UDP): Dataplane {
  const d = dual();
  d.publish({ proto, firstPort: TO_IPV4, lastPort: TO_IPV4, hostIp: "::" });
  d.publish({ ...TO_A6, proto, firstPort: TO_IPV6, lastPort: TO_IPV6, hostIp: "0.0.0.0" });
  return d;
}

const ipOf = (bytes: Uint8Array): Uint8Array => bytes.subarray(p.VNET + p.ETH);
const toIpv4 = (size = 100, ip: Partial<p.Ip> = {}): Uint8Array =>
  p.udp({ src: CLIENT6, dst: HOST_IP6, ...ip }, { sport: 40000, dport: TO_IPV4, data: p.payload(size) });
const toIpv6 = (size = 100, checksum = true, ip: Partial<p.Ip> = {}): Uint8Array =>
  p.udp({ src: CLIENT, dst: HOST_IP, ...ip }, { sport: 40000, dport: TO_IPV6, data: p.payload(size), checksum });

export const RFC7915: Rfc = {
  rfc: "RFC 7915",
  title: "IPv6 to IPv4 and back (with RFC 6146)",
  requirements: [
    yes("§4.1", "IPv4 to IPv6: class, length, hop limit less one, options left out", "as said; the flow label is 0", () => {
      const datagram = toIpv6(100, true, { options: new Uint8Array(8).fill(1) });
      const out = only(both().fromUplink(datagram));
      expect([out.ttl, ipOf(out.bytes).length, p.u16(ipOf(out.bytes), 0), p.u16(ipOf(out.bytes), 2)]).toEqual([63, 148, 0x6000, 0]);
    }),
    yes(
      "§4.1",
      "what is too long and may be fragmented is; else its sender is told, with 20 bytes less",
      "1,500 bytes by a way of 1,400",
      () => {
        const d = dual();
        const rule = { proto: p.UDP, firstPort: TO_IPV6, lastPort: TO_IPV6, hostIp: "0.0.0.0", network: -1, target: "2001:db8:ff::4" };
        d.publish({ ...TO_A6, ...rule });
        const send = (ip: Partial<p.Ip>) =>
          d.send(UP, givenBack(only(d.fromUplink(toIpv6(1450, true, ip))).bytes, RETURNED_TOO_LONG, 1400));
        expect(send({ fragment: 0 }).map(({ bytes }) => [ipOf(bytes)[6], ipOf(bytes).length])).toEqual([
          [44, 1400],
          [44, 154],
        ]);
        const error = only(send({}));
        expect([error.dst, error.type, error.code, p.u16(error.l4, 6)]).toEqual([CLIENT, 3, 4, 1380]);
      },
    ),
    yes("§5.1", "IPv6 to IPv4: class, length, TTL less one, extension headers left out", "as said", () => {
      const extend = (next: number, body: Uint8Array): [number, Uint8Array] => [60, p.extension(next, body, 16)];
      const out = only(both().fromUplink(toIpv4(100, { extend })));
      expect([out.ttl, ipOf(out.bytes).length, out.dst]).toEqual([63, 128, IP_A]);
    }),
    yes("§5.1", "DF set above 1260 bytes, else not, with an identification", "at 1,260 and 1,261 bytes", () => {
      const place = (size: number): number => p.u16(ipOf(only(both().fromUplink(toIpv4(size))).bytes), 6);
      expect([place(1232), place(1233)]).toEqual([0, 0x4000]);
    }),
    yes("§4.5", "a UDP datagram without a checksum gets one", "also if it is longer than what the engine looks at", () => {
      for (const size of [10, 5000]) expect(p.u16(only(both().fromUplink(toIpv6(size, false))).l4, 6)).not.toBe(0);
    }),
    yes("§4.5", "of a datagram in fragments without a checksum nothing is sent on", "each is dropped and counted", () => {
      const d = both();
      expect(p.fragments(toIpv6(3000, false, { fragment: 0 }), 1480).flatMap((part) => d.fromUplink(part))).toEqual([]);
      expect(d.drops(UP)).toEqual({ untranslatable: 1, "ip-fragment": 2 });
    }),
    yes("§4.5, §5.5", "TCP and UDP checksums are right", "of both directions, by a full recompute", () => {
      for (const proto of [p.TCP, p.UDP])
        for (const [src, dst, dport] of [
          [CLIENT6, HOST_IP6, TO_IPV4],
          [CLIENT, HOST_IP, TO_IPV6],
        ] as const)
          expect(new Flow(both(proto), { from: UP, src, sport: 40000, dst, dport }, proto).open()).toBe(true);
    }),
    yes("§4.2", "ICMP errors become ICMPv6 errors; an MTU is 20 more, and 1280 at least", "port unreachable; 1400 and 600", () => {
      const d = both();
      const quoted = ipOf(only(d.fromUplink(toIpv4())).bytes);
      const told = (type: number, code: number, word: number): ReturnType<typeof only> =>
        only(d.fromEndpoint(A, p.icmp({ src: IP_A, dst: GATEWAY }, type, code, word, quoted)));
      expect(told(3, 3, 0)).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, type: 1, code: 4 });
      expect([told(3, 4, 1400), told(3, 4, 600)].map((out) => [out.type, p.u16(out.l4, 6)])).toEqual([
        [2, 1420],
        [2, 1280],
      ]);
    }),
    yes("§5.2", "ICMPv6 errors become ICMP errors; an MTU is 20 less", "port unreachable; 1420", () => {
      const d = both();
      const quoted = ipOf(only(d.fromUplink(toIpv6())).bytes);
      const told = (type: number, code: number, word: number): ReturnType<typeof only> =>
        only(d.fromEndpoint(A, p.icmp({ src: IP6_A, dst: GATEWAY6 }, type, code, word, quoted)));
      expect(told(1, 4, 0)).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, type: 3, code: 3 });
      expect(p.u16(told(2, 0, 1420).l4, 6)).toBe(1400);
    }),
    yes("§4.3, §5.3", "the packet inside an error is translated too", "addresses, ports and checksums as its sender wrote them", () => {
      const d = both();
      const quoted = ipOf(only(d.fromUplink(toIpv4())).bytes);
      const inner = only(d.fromEndpoint(A, p.icmp({ src: IP_A, dst: GATEWAY }, 3, 3, 0, quoted))).l4.subarray(8);
      expect(p.parseIp(inner)).toMatchObject({ src: CLIENT6, dst: HOST_IP6, sport: 40000, dport: TO_IPV4 });
      expect(p.wrongChecksums(inner)).toEqual([]);
    }),
    yes("RFC 6146 §3.5.2", "a connection has the states of RFC 5382, whatever its families", "opened and closed by both", () => {
      const d = both(p.TCP);
      const flow = new Flow(d, { from: UP, src: CLIENT6, sport: 40000, dst: HOST_IP6, dport: TO_IPV4 });
      expect([flow.open(), d.flows()[0]!.state, flow.close(), d.flows()[0]!.state]).toEqual([true, "established", true, "closing"]);
    }),
    yes("RFC 6146 §3.5.1", "each client address and port has a port of its own towards the target", "1,000 of one target", () => {
      const d = both();
      const ports = Array.from({ length: 1000 }, (_, n) => {
        const flow = new Flow(d, { from: UP, src: CLIENT6, sport: 1024 + n, dst: HOST_IP6, dport: TO_IPV4 }, p.UDP);
        return flow.ask() ? flow.seen!.sport : 0;
      });
      expect([new Set(ports).size, ports.includes(0)]).toEqual([1000, false]);
      expect(d.flows()[0]).toMatchObject({ reply: { src: `${IP_A}:${TARGET}` } });
    }),
    notApplicable("§4.4, §5.4", "ICMP that is no error is translated", "a published port is of TCP, UDP or SCTP: no echo belongs to it"),
    notApplicable("RFC 6052", "addresses with an IPv4 address in them", "the client becomes the host's own address: there is no prefix"),
  ],
};
