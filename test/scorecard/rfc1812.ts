/** RFC 1812: Requirements for IP Version 4 Routers, of them ICMP (§5.2.7) and martian addresses (§5.3.7), as a NAT is a router too. */
import { expect } from "vitest";
import { A, CLIENT, Dataplane, GATEWAY, HOST_IP, IP_A, IP_B, only, PUBLISHED, SERVER, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { datagram, opening, SERVICE, tooLong } from "./probes.js";
import { type Rfc, yes } from "./requirement.js";

export const RFC1812: Rfc = {
  rfc: "RFC 1812",
  title: "routers: ICMP and martians",
  requirements: [
    yes(
      "§5.2.7.1",
      "no route: 'destination unreachable'",
      "an endpoint gets 'net unreachable' from its gateway",
      () => {
        const d = new Dataplane();
        d.route();
        expect(only(d.fromEndpoint(A, datagram({ src: IP_A, dst: SERVER }, 1000, SERVICE)))).toMatchObject({
          src: GATEWAY,
          type: 3,
          code: 0,
        });
        expect(d.drops(A)).toEqual({ "no-route": 1 });
      },
      "what the host's routes call unreachable or prohibited is told with codes 1 and 13; a neighbour that does not answer the host's kernel finds out",
    ),
    yes(
      "§4.2.2.7",
      "what is too long for the way out is fragmented, where that is allowed",
      "a datagram of 4,000 bytes leaves in three fragments of 1,400 or less",
      () => {
        const d = new Dataplane();
        const ip = { src: IP_A, dst: SERVER, fragment: 0 };
        const out = only(d.fromEndpoint(A, datagram(ip, 1000, SERVICE, p.payload(4000))));
        const sent = d.send(UP, tooLong(out.bytes, 1400)).map(({ bytes }) => bytes.subarray(p.VNET + p.ETH));
        expect(sent.map(({ length }) => length)).toEqual([1396, 1396, 1276]);
        expect(p.hex(p.reassembled(sent))).toBe(p.hex(out.bytes.subarray(p.VNET + p.ETH)));
      },
    ),
    yes(
      "§5.2.7.2",
      "redirects: sent to the best next hop's neighbours alone, or not at all",
      "none is sent, though the next hop is in the sender's network",
      () => {
        const d = new Dataplane();
        const sent = d.fromEndpoint(A, datagram({ src: IP_A, dst: IP_B }, 1000, SERVICE));
        expect(sent).toEqual([]);
      },
    ),
    yes(
      "§5.2.7.3",
      "TTL over: 'time exceeded', from the address of this hop",
      "to an endpoint from its gateway, to a client from where it sent to; nothing is opened",
      () => {
        const d = new Dataplane();
        expect(only(d.fromEndpoint(A, datagram({ src: IP_A, dst: SERVER, ttl: 1 }, 1000, SERVICE)))).toMatchObject({
          src: GATEWAY,
          type: 11,
          code: 0,
        });
        expect(only(d.fromUplink(opening("tcp", { src: CLIENT, dst: HOST_IP, ttl: 1 }, 1000, PUBLISHED)))).toMatchObject({
          src: HOST_IP,
          type: 11,
        });
        expect(d.flows()).toEqual([]);
      },
    ),
    yes("§4.3.2.8", "errors are limited in rate", "1,000 a second", () => {
      const d = new Dataplane();
      for (let n = 0; n < 1100; n++)
        d.io.put(A, p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", datagram({ src: IP_A, dst: SERVER, ttl: 1 }, n, SERVICE)));
      expect(d.run()).toHaveLength(1000);
    }),
    yes(
      "§5.3.7",
      "a packet from or to an address that cannot be is not forwarded",
      "multicast, broadcast, 0.0.0.0/8 and 127/8 as source, multicast and class E as destination",
      () => {
        const d = new Dataplane();
        for (const src of ["224.0.0.1", "240.0.0.1", "255.255.255.255", "0.0.0.0", "127.0.0.1"])
          expect(d.fromEndpoint(A, datagram({ src, dst: SERVER }, 1000, SERVICE)), src).toEqual([]);
        for (const dst of ["224.0.0.1", "240.0.0.1", "255.255.255.255", "127.0.0.1"])
          expect(d.fromEndpoint(A, datagram({ src: IP_A, dst }, 1000, SERVICE)), dst).toEqual([]);
        for (const src of ["224.0.0.1", "240.0.0.1", "255.255.255.255", "0.1.2.3"])
          expect(d.fromUplink(opening("tcp", { src, dst: HOST_IP }, 1000, PUBLISHED)), src).toEqual([]);
        expect(d.drops(UP)).toEqual({ "source-spoofed": 4 });
      },
    ),
  ],
};
