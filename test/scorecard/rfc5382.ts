/** RFC 5382: NAT Behavioral Requirements for TCP. */
import { expect } from "vitest";
import { A, B, Dataplane, GATEWAY, HOST_IP, IP_A, IP_B, only, PUBLISHED } from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { ask, asSent, Connection, opening, ROUTER } from "./probes.js";
import { no, type Rfc, yes } from "./requirement.js";
import { differentPorts, filtersByPort, goesToHost, payloadStays, sameOutsidePort, sharesPorts, survivesErrors } from "./shared.js";

/** Who sends what: c the side that opens, s the other. */
const SEQUENCES: readonly (readonly [string, [who: "c" | "s", flags: number][]])[] = [
  [
    "handshake, data both ways, close by both",
    [
      ["c", p.SYN],
      ["s", p.SYN | p.ACK],
      ["c", p.ACK],
      ["c", p.ACK | p.PSH],
      ["s", p.ACK | p.PSH],
      ["c", p.FIN | p.ACK],
      ["s", p.FIN | p.ACK],
      ["c", p.ACK],
    ],
  ],
  [
    "simultaneous open",
    [
      ["c", p.SYN],
      ["s", p.SYN],
      ["c", p.SYN | p.ACK],
      ["s", p.SYN | p.ACK],
      ["c", p.ACK],
    ],
  ],
  [
    "half close, data going on",
    [
      ["c", p.SYN],
      ["s", p.SYN | p.ACK],
      ["c", p.ACK],
      ["c", p.FIN | p.ACK],
      ["s", p.ACK],
      ["s", p.ACK | p.PSH],
      ["c", p.ACK],
      ["s", p.FIN | p.ACK],
      ["c", p.ACK],
    ],
  ],
  [
    "simultaneous close",
    [
      ["c", p.SYN],
      ["s", p.SYN | p.ACK],
      ["c", p.ACK],
      ["c", p.FIN | p.ACK],
      ["s", p.FIN | p.ACK],
      ["c", p.ACK],
      ["s", p.ACK],
    ],
  ],
  [
    "refused",
    [
      ["c", p.SYN],
      ["s", p.RST | p.ACK],
    ],
  ],
  [
    "aborted",
    [
      ["c", p.SYN],
      ["s", p.SYN | p.ACK],
      ["c", p.ACK],
      ["c", p.RST],
    ],
  ],
];

export const RFC5382: Rfc = {
  rfc: "RFC 5382",
  title: "NAT for TCP",
  requirements: [
    yes("REQ-1", "endpoint-independent mapping", "one outside port to three servers", () => sameOutsidePort("tcp")),
    yes(
      "REQ-2",
      "all valid sequences of segments, opened from inside and outside",
      "six sequences each way, simultaneous open among them",
      () => {
        for (const inside of [true, false])
          for (const [name, sequence] of SEQUENCES) {
            const connection = new Connection(inside);
            const through = sequence.map(([who, flags]) => (who === "c" ? connection.client(flags) : connection.server(flags)));
            expect(through, `${name}, ${inside ? "from inside" : "from outside"}`).toEqual(sequence.map(() => 1));
          }
      },
    ),
    no(
      "REQ-3",
      "filtering is endpoint-independent, or address-dependent (recommended)",
      "it is by address and port, as for UDP (decision 70)",
      "another port of the server that was asked does not get in",
      () => filtersByPort("tcp"),
    ),
    no(
      "REQ-4",
      "an unsolicited SYN has no answer for 6 s, then 'port unreachable'",
      "a SYN that belongs to no flow is left to the host's kernel, which resets it at once, as for any port that nobody listens on",
      "the engine itself answers nothing, not later either",
      () => {
        const d = new Dataplane();
        const { sport } = ask(d, "tcp", 1000);
        expect(d.fromUplink(opening("tcp", { src: ROUTER, dst: HOST_IP }, 2000, sport))).toEqual([]);
        d.io.clock[0] = d.now + 7;
        expect(d.run()).toEqual([]);
      },
    ),
    yes(
      "REQ-5",
      "idle: established 2 h 4 min, transitory 4 min",
      "7,439 s after the last segment, and 239 s after the close, segments still pass",
      () => {
        const connection = new Connection(true).open();
        connection.wait(7439);
        expect(connection.server(p.ACK)).toBe(1);
        connection.client(p.FIN | p.ACK);
        connection.server(p.FIN | p.ACK, 1, 2);
        connection.wait(239);
        expect(connection.server(p.ACK, 2, 2)).toBe(1);
      },
      "half-open: 30 s and 60 s, which RFC 7857 §2.1 allows against floods",
    ),
    yes("REQ-6", "no ALG touches TCP", "a payload with addresses in it stays as it is", () => payloadStays("tcp")),
    no(
      "REQ-7",
      "no port overloading",
      "each inside port has one of its own as long as there are enough; then they are shared between servers (RFC 7857 §3) instead of nobody served",
      "1,000 inside ports have 1,000 outside ports; with four in all, eight inside ports share them",
      () => {
        differentPorts("tcp");
        sharesPorts("tcp");
      },
    ),
    no(
      "REQ-8",
      "hairpinning",
      "published ports are reached by neighbours and by the target itself, from the gateway's address; a mapping that nobody published is not (decision 70)",
      "what is sent to a neighbour's mapping goes to the host",
      () => {
        const published = only(new Dataplane().fromEndpoint(B, opening("tcp", { src: IP_B, dst: HOST_IP }, 1000, PUBLISHED)));
        expect(published).toMatchObject({ port: A, src: GATEWAY });
        goesToHost("tcp");
      },
    ),
    yes("REQ-9", "'destination unreachable' is translated", "it reaches the endpoint, about the segment that it sent", () => {
      const d = new Dataplane();
      const out = ask(d, "tcp", 1000);
      const error = only(d.fromUplink(p.icmpError({ src: ROUTER, dst: HOST_IP }, p.PORT_UNREACHABLE, asSent(out))));
      expect(error).toMatchObject({ port: A, src: ROUTER, dst: IP_A, type: 3, code: 3 });
      expect(p.parseIp(error.data)).toMatchObject({ src: IP_A, sport: 1000 });
      expect(p.wrongChecksums(error.data)).toEqual([]);
    }),
    yes("REQ-10", "no ICMP message ends a mapping or connection", "after an error of each type the answer passes", () =>
      survivesErrors("tcp"),
    ),
  ],
};
