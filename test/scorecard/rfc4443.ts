/** RFC 8200, 4443 and 8201: IPv6, ICMPv6 and path MTU discovery, as far as they are about a router that translates. RFC 5095: routing header of type 0. */
import { expect } from "vitest";
import { RETURNED_TOO_LONG } from "../../src/wire/flow-entry.js";
import { A, only, PUBLISHED, UP } from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, SERVER6 } from "../support/dual.js";
import * as p from "../support/packets.js";
import { givenBack } from "../support/returned.js";
import { notApplicable, type Rfc, yes } from "./requirement.js";

const outwards = (ip: Partial<p.Ip> = {}, size = 100): Uint8Array =>
  p.udp({ src: IP6_A, dst: SERVER6, ...ip }, { sport: 1000, dport: 53, data: p.payload(size) });

/** The error that an endpoint gets about what it sent, as a router outside says it of what we sent. */
function told(type: number, code: number, rest: number): ReturnType<typeof only> {
  const d = dual();
  const sent = only(d.fromEndpoint(A, outwards())).bytes.subarray(p.VNET + p.ETH);
  return only(d.fromUplink(p.icmp({ src: "2001:db8:77::1", dst: HOST_IP6 }, type, code, rest, sent)));
}

export const RFC4443: Rfc = {
  rfc: "RFC 4443",
  title: "IPv6 routers: ICMPv6, extension headers, path MTU (with RFC 8200, 8201, 5095)",
  requirements: [
    yes("RFC 8200 §3", "hop limit less one; over: discarded", "63 of 64; at 1 nothing is sent on", () => {
      const d = dual();
      expect(only(d.fromEndpoint(A, outwards())).ttl).toBe(63);
      expect(only(d.fromEndpoint(A, outwards({ ttl: 1 }))).port).toBe(A);
    }),
    yes(
      "RFC 8200 §4",
      "extension headers are passed over, not looked into",
      "hop-by-hop and destination options, routing of type 2: the datagram is translated with them",
      () => {
        const extend = (next: number, body: Uint8Array): [number, Uint8Array] => [
          0,
          p.extension(60, p.extension(43, p.extension(next, body))),
        ];
        expect(only(dual().fromEndpoint(A, outwards({ extend })))).toMatchObject({ port: UP, src: HOST_IP6, dst: SERVER6, dport: 53 });
      },
      "a chain of more than 8 is dropped and counted, as RFC 8504 §5.3 allows",
    ),
    yes("RFC 5095 §3", "a routing header of type 0 is not followed", "the packet is dropped and counted", () => {
      const d = dual();
      const extend = (next: number, body: Uint8Array): [number, Uint8Array] => [43, p.extension(next, body, 24, 0)];
      expect(d.fromEndpoint(A, outwards({ extend }))).toEqual([]);
      expect(d.drops(A)).toEqual({ "ipv6-routing": 1 });
    }),
    yes("§2.3", "the checksum covers the pseudo header", "of all that is translated or made, a full recompute finds it right", () => {
      expect(told(1, 4, 0).type).toBe(1); // `only` recomputes
    }),
    yes("§2.4 (c)", "an error quotes as much as fits into 1280 bytes", "of a packet of 2,048 bytes 1,232 are quoted", () => {
      const d = dual();
      d.route();
      expect(only(d.fromEndpoint(A, outwards({}, 2000))).bytes.length).toBe(p.VNET + p.ETH + 1280);
    }),
    yes("§2.4 (e)", "no error about an error, or about what was for a group", "an error with hop limit 1, a datagram to ff0e::1", () => {
      const d = dual();
      const about = p.udp({ src: SERVER6, dst: IP6_A }, { sport: 1, dport: 2 });
      expect(d.fromEndpoint(A, p.icmp({ src: IP6_A, dst: SERVER6, ttl: 1 }, 1, 4, 0, about))).toEqual([]);
      expect(d.fromEndpoint(A, outwards({ dst: "ff0e::1", ttl: 1 }))).toEqual([]);
    }),
    yes("§2.4 (f)", "errors are limited in rate", "1,000 a second", () => {
      const d = dual();
      for (let n = 0; n < 1100; n++) d.io.put(A, p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", outwards({ ttl: 1 })));
      expect(d.run()).toHaveLength(1000);
    }),
    yes("§3.1", "no route: 'destination unreachable'", "an endpoint gets 'no route' from its gateway", () => {
      const d = dual();
      d.route();
      expect(only(d.fromEndpoint(A, outwards()))).toMatchObject({ port: A, src: GATEWAY6, dst: IP6_A, type: 1, code: 0 });
    }),
    yes(
      "§3.2",
      "too long for the next link: 'packet too big', with its MTU",
      "an endpoint gets it from its gateway; below 1280 that",
      () => {
        const d = dual();
        const sent = only(d.fromEndpoint(A, outwards({}, 1400))).bytes;
        const tooBig = (mtu: number): number => {
          const error = only(d.send(UP, givenBack(sent, RETURNED_TOO_LONG, mtu)));
          expect(error).toMatchObject({ port: A, src: GATEWAY6, dst: IP6_A, type: 2, code: 0 });
          return p.u16(error.l4, 6);
        };
        expect([tooBig(1400), tooBig(1000)]).toEqual([1400, 1280]);
      },
    ),
    yes("§3.3", "hop limit over: 'time exceeded'", "to an endpoint from its gateway, to a client from where it sent to", () => {
      const d = dual();
      expect(only(d.fromEndpoint(A, outwards({ ttl: 1 })))).toMatchObject({ src: GATEWAY6, type: 3, code: 0 });
      const syn = p.tcp({ src: CLIENT6, dst: HOST_IP6, ttl: 1 }, { sport: 9, dport: PUBLISHED, flags: p.SYN });
      expect(only(d.fromUplink(syn))).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, type: 3 });
    }),
    yes("RFC 8201 §3", "'packet too big' reaches who sent the packet", "translated with the packet inside, its MTU as it was", () => {
      const out = told(2, 0, 1400);
      expect(out).toMatchObject({ port: A, dst: IP6_A, type: 2 });
      expect(p.u16(out.l4, 6)).toBe(1400);
    }),
    notApplicable("§3.2", "too big for the way out: 'packet too big'", "the kernel that routes the packet says it, and it is translated"),
    notApplicable("§4.2", "echo requests to the node are answered", "the host's kernel answers for its addresses"),
  ],
};
