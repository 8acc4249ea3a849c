/** RFC 4787: Network Address Translation (NAT) Behavioral Requirements for Unicast UDP. */
import { expect } from "vitest";
import { A, B, Dataplane, GATEWAY, HOST_IP, IP_A, IP_B, only, PUBLISHED, SERVER, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { ask, datagram, OTHER_SERVER, reply, SERVICE, tooLong } from "./probes.js";
import { no, type Rfc, yes } from "./requirement.js";
import { differentPorts, filtersByPort, goesToHost, payloadStays, sameOutsidePort, sharesPorts, survivesErrors } from "./shared.js";

export const RFC4787: Rfc = {
  rfc: "RFC 4787",
  title: "NAT for UDP",
  requirements: [
    yes("REQ-1", "endpoint-independent mapping", "one outside port to three servers", () => sameOutsidePort("udp")),
    yes("REQ-2", "one inside address keeps one outside address (pooling: paired)", "64 flows leave by one address", () => {
      const d = new Dataplane();
      const sources = Array.from({ length: 64 }, (_, n) => ask(d, "udp", 1000 + n).src);
      expect(new Set(sources)).toEqual(new Set([HOST_IP]));
    }),
    no(
      "REQ-3",
      "no port overloading",
      "each inside port has one of its own as long as there are enough; then they are shared between servers (RFC 7857 §3) instead of nobody served",
      "1,000 inside ports have 1,000 outside ports; with four in all, eight inside ports share them",
      () => {
        differentPorts("udp");
        sharesPorts("udp");
      },
    ),
    no(
      "REQ-4",
      "port parity is kept (recommended)",
      "ports are random, so that they are hard to guess (RFC 6056); RFC 7857 §8 lets parity go",
      "some even ports get odd ones",
      () => {
        const d = new Dataplane();
        expect(Array.from({ length: 32 }, (_, n) => ask(d, "udp", 1000 + 2 * n).sport % 2)).toContain(1);
      },
    ),
    yes(
      "REQ-5",
      "a mapping lives 2 minutes at least, 5 recommended",
      "119 s after a lone datagram, 299 s after answered ones, the answer passes",
      () => {
        const d = new Dataplane();
        const { sport } = ask(d, "udp", 1000);
        d.at(d.now + 119);
        expect(reply(d, "udp", sport)).toHaveLength(1);
        ask(d, "udp", 1000);
        d.at(d.now + 299);
        expect(reply(d, "udp", sport)).toHaveLength(1);
        d.at(d.now + 301);
        expect(reply(d, "udp", sport)).toEqual([]);
      },
    ),
    yes("REQ-6", "outbound packets refresh the mapping", "one each 100 s keeps it for 10 minutes", () => {
      const d = new Dataplane();
      const { sport } = ask(d, "udp", 1000);
      for (let n = 0; n < 6; n++) {
        d.at(d.now + 100);
        ask(d, "udp", 1000);
      }
      d.at(d.now + 100);
      expect(reply(d, "udp", sport)).toHaveLength(1);
    }),
    no(
      "REQ-7",
      "inside and outside addresses do not conflict, or both are reached",
      "an overlap with the host's addresses and routes is refused when the network is made; one that DHCP brings later is not noticed",
      "an outside node whose address is in the own network is not reached",
      () => {
        const d = new Dataplane();
        expect(d.fromEndpoint(A, datagram({ src: IP_A, dst: "172.17.9.9" }, 1000, SERVICE))).toEqual([]);
        expect(d.drops(A)).toEqual({ "no-route": 1 });
      },
    ),
    no(
      "REQ-8",
      "filtering is endpoint-independent, or address-dependent (recommended)",
      "it is by address and port: nobody gets in whom the container has not asked, and the host's firewall sees all others (decision 70)",
      "another port of the server that was asked does not get in",
      () => filtersByPort("udp"),
    ),
    no(
      "REQ-9",
      "hairpinning, with the outside source address",
      "published ports are reached by neighbours and by the target itself, from the gateway's address; a mapping that nobody published is not (decision 70)",
      "what is sent to a neighbour's mapping goes to the host",
      () => {
        const d = new Dataplane();
        d.publish({ proto: p.UDP });
        const published = only(d.fromEndpoint(B, datagram({ src: IP_B, dst: HOST_IP }, 1000, PUBLISHED)));
        expect(published).toMatchObject({ port: A, src: GATEWAY });
        goesToHost("udp");
      },
    ),
    yes("REQ-10", "no ALG touches UDP", "a payload with addresses in it stays as it is", () => payloadStays("udp")),
    no(
      "REQ-11",
      "deterministic: mapping and filtering never change",
      "they do not, but for one case: without a port left, one inside port may get several (REQ-3)",
      "both are the same after 2,000 flows, and not where ports have run out",
      () => {
        const d = new Dataplane({ conntrackMax: 4096 });
        for (let n = 0; n < 2000; n++) ask(d, "udp", 1000 + n, SERVER, n % 2 === 0 ? A : B);
        const first = ask(d, "udp", 20000);
        expect(ask(d, "udp", 20000, OTHER_SERVER).sport).toBe(first.sport);
        expect(reply(d, "udp", first.sport, OTHER_SERVER, SERVICE + 1)).toEqual([]);
        expect(reply(d, "udp", first.sport, OTHER_SERVER)).toHaveLength(1);
        sharesPorts("udp");
      },
    ),
    yes("REQ-12", "no ICMP message ends a mapping", "after an error of each type the answer passes", () => survivesErrors("udp")),
    yes(
      "REQ-13",
      "too large with DF: 'fragmentation needed' to the sender",
      "what the way out is too narrow for, a frame of segmentation offload too, is answered with its MTU, in the sender's own terms",
      () => {
        const d = new Dataplane();
        const segments = p.udp({ src: IP_A, dst: SERVER }, { sport: 1000, dport: SERVICE, data: p.payload(18_000) });
        const frame = p.partial(p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", segments), p.GSO_UDP_L4, 9000);
        for (const out of [ask(d, "udp", 1000), d.send(A, frame)[0]!]) {
          const error = only(d.send(UP, tooLong(out.bytes, 1400)));
          expect(error).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, type: 3, code: 4 });
          expect(p.parseIp(error.data)).toMatchObject({ src: IP_A, dst: SERVER, sport: 1000, dport: SERVICE });
        }
      },
      "whether it fits the uplink's program asks the host's routing, for each packet",
    ),
    yes(
      "REQ-14",
      "fragments in and out of order are received, and a flood of them leaves others alone",
      "three fragments pass in every order, into the network and out of it; after 3,000 first fragments of one address those of others still pass",
      () => {
        const d = new Dataplane();
        const { sport } = ask(d, "udp", 1000);
        const inwards = datagram({ src: SERVER, dst: HOST_IP, fragment: 0 }, SERVICE, sport, p.payload(3000));
        const outwards = datagram({ src: IP_A, dst: SERVER, fragment: 0 }, 1000, SERVICE, p.payload(3000));
        for (const order of ["012", "021", "102", "120", "201", "210"]) {
          const pick = (whole: Uint8Array): Uint8Array[] => [...order].map((n) => p.fragments(whole, 1480)[Number(n)]!);
          expect(
            pick(inwards).flatMap((part) => d.fromUplink(part)),
            order,
          ).toHaveLength(3);
          expect(
            pick(outwards).flatMap((part) => d.fromEndpoint(A, part)),
            order,
          ).toHaveLength(3);
        }
        const [first, ...later] = p.fragments(inwards, 1480);
        d.fromUplink(first!);
        for (let id = 0; id < 3000; id++) d.fromEndpoint(A, p.fragments(p.numbered(outwards, id), 1480)[0]!);
        expect(later.flatMap((part) => d.fromUplink(part))).toHaveLength(2);
        expect(d.dropTotal()).toBe(0);
      },
    ),
  ],
};
