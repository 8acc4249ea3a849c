/** RFC 5508: NAT Behavioral Requirements for ICMP. */
import { expect } from "vitest";
import {
  A,
  B,
  CLIENT,
  Dataplane,
  GATEWAY,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  MASQUERADE_FIRST,
  only,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { ask, asSent, datagram, opening, ROUTER, reply, SERVICE } from "./probes.js";
import { notApplicable, type Rfc, yes } from "./requirement.js";

/** Request and reply of echo, timestamp, information, address mask. */
const QUERIES = [
  [8, 0],
  [13, 14],
  [15, 16],
  [17, 18],
] as const;

function query(type: number, ip: p.Ip, id: number): Uint8Array {
  return p.icmp(ip, type, 0, (id << 16) | 1, p.payload(12));
}

export const RFC5508: Rfc = {
  rfc: "RFC 5508",
  title: "NAT for ICMP",
  requirements: [
    yes(
      "REQ-1",
      "queries from inside and their replies pass; identifiers are mapped endpoint-independently",
      "echo, timestamp, information and address mask, two endpoints with one identifier",
      () => {
        for (const [request, answer] of QUERIES) {
          const d = new Dataplane();
          const ids = [A, B].map(
            (port) => only(d.fromEndpoint(port, query(request, { src: port === A ? IP_A : IP_B, dst: SERVER }, 77))).id,
          );
          const again = only(d.fromEndpoint(A, query(request, { src: IP_A, dst: ROUTER }, 77))).id;
          expect([again, new Set(ids).size]).toEqual([ids[0], 2]);
          for (const [n, id] of ids.entries())
            expect(only(d.fromUplink(query(answer, { src: SERVER, dst: HOST_IP }, id)))).toMatchObject({ port: n === 0 ? A : B, id: 77 });
        }
      },
    ),
    yes("REQ-2", "a query lives 60 s at least", "59 s after the request the reply passes", () => {
      const d = new Dataplane();
      const { id } = only(d.fromEndpoint(A, query(8, { src: IP_A, dst: SERVER }, 77)));
      d.at(d.now + 59);
      expect(d.fromUplink(query(0, { src: SERVER, dst: HOST_IP }, id))).toHaveLength(1);
    }),
    yes(
      "REQ-3",
      "an error with a wrong checksum is dropped; what it quotes may be short and unchecked",
      "a flipped bit is dropped; 8 quoted bytes with a wrong UDP checksum pass",
      () => {
        const d = new Dataplane();
        const out = asSent(ask(d, "udp", 1000));
        const error = p.icmpError({ src: ROUTER, dst: HOST_IP }, p.PORT_UNREACHABLE, out);
        expect(d.fromUplink(error.with(22, error[22]! ^ 1))).toEqual([]);
        const short = out.slice(0, 28).with(27, out[27]! ^ 1);
        expect(d.fromUplink(p.icmpError({ src: ROUTER, dst: HOST_IP }, p.PORT_UNREACHABLE, short))).toHaveLength(1);
      },
    ),
    yes(
      "REQ-4",
      "an error from outside: dropped without a mapping, else restored and sent to the endpoint",
      "the quoted datagram is what the endpoint had sent; that of nobody is dropped",
      () => {
        const d = new Dataplane();
        const out = asSent(ask(d, "udp", 1000));
        const error = only(d.fromUplink(p.icmpError({ src: ROUTER, dst: HOST_IP }, p.TIME_EXCEEDED, out)));
        expect(error).toMatchObject({ port: A, src: ROUTER, dst: IP_A, type: 11, code: 0 });
        expect(p.parseIp(error.data)).toMatchObject({ src: IP_A, dst: SERVER, sport: 1000, dport: SERVICE });
        expect(p.wrongChecksums(error.data)).toEqual([]);
        expect(
          d.fromUplink(p.icmpError({ src: ROUTER, dst: HOST_IP }, p.TIME_EXCEEDED, datagram({ src: HOST_IP, dst: SERVER }, 9, 9))),
        ).toEqual([]);
      },
    ),
    yes(
      "REQ-5",
      "an error from inside: restored, and from the outside address",
      "of the target, and of a router before it, which nobody outside knows",
      () => {
        for (const sender of ["172.18.3.4", "172.18.0.9"]) {
          const d = new Dataplane();
          d.withdraw(0);
          d.publish({ network: -1, target: "172.18.3.4" });
          d.fromUplink(opening("tcp", { src: CLIENT, dst: HOST_IP }, 40000, PUBLISHED));
          const answer = p.tcp({ src: "172.18.3.4", dst: CLIENT }, { sport: TARGET, dport: 40000, flags: p.SYN | p.ACK });
          d.fromUplink(answer);
          const quoted = p.tcp({ src: CLIENT, dst: "172.18.3.4" }, { sport: 40000, dport: TARGET, flags: p.SYN });
          const error = only(d.fromUplink(p.icmpError({ src: sender, dst: CLIENT }, p.PORT_UNREACHABLE, quoted)));
          expect(error).toMatchObject({ src: HOST_IP, dst: CLIENT, type: 3, code: 3 });
          expect(p.parseIp(error.data)).toMatchObject({ src: CLIENT, dst: HOST_IP, sport: 40000, dport: PUBLISHED });
        }
      },
    ),
    yes(
      "REQ-6",
      "an error neither refreshes nor ends a query's session",
      "60 s after the request it is over, an error in between or not",
      () => {
        const d = new Dataplane();
        const out = only(d.fromEndpoint(A, query(8, { src: IP_A, dst: SERVER }, 77)));
        d.at(d.now + 30);
        expect(d.fromUplink(p.icmpError({ src: ROUTER, dst: HOST_IP }, p.TIME_EXCEEDED, asSent(out)))).toHaveLength(1);
        expect(d.flows()[0]!.timeoutSec).toBe(30);
        d.at(d.now + 30);
        expect(d.flows()).toEqual([]);
      },
    ),
    yes("REQ-7", "hairpinned errors pass", "of the target to its neighbour, as from the host", () => {
      const d = new Dataplane();
      const out = asSent(only(d.fromEndpoint(B, opening("tcp", { src: IP_B, dst: HOST_IP }, 40000, PUBLISHED))));
      const error = only(d.fromEndpoint(A, p.icmpError({ src: IP_A, dst: GATEWAY }, p.PORT_UNREACHABLE, out)));
      expect(error).toMatchObject({ port: B, src: HOST_IP, dst: IP_B });
      expect(p.parseIp(error.data)).toMatchObject({ src: IP_B, dst: HOST_IP, sport: 40000, dport: PUBLISHED });
    }),
    yes(
      "REQ-8",
      "no room for a new session: ICMP 3/13 to the sender (should)",
      "with a full table, and without a port, an endpoint is told; the drop is counted",
      () => {
        for (const options of [{ conntrackMax: 1 }, { masqueradeFirst: MASQUERADE_FIRST, masqueradeLast: MASQUERADE_FIRST }]) {
          const d = new Dataplane(options);
          const { sport } = ask(d, "tcp", 1000);
          reply(d, "tcp", sport);
          d.fromEndpoint(A, p.tcp({ src: IP_A, dst: SERVER }, { sport: 1000, dport: SERVICE, flags: p.ACK }));
          const refused = opening("tcp", { src: IP_B, dst: SERVER }, 1001, SERVICE);
          expect(only(d.fromEndpoint(B, refused))).toMatchObject({ port: B, src: GATEWAY, dst: IP_B, type: 3, code: 13 });
          expect(Object.values(d.drops(B))).toEqual([1]);
        }
      },
      "who sends from outside is not told: his address may be forged",
    ),
    notApplicable("REQ-9", "a policy may keep ICMP from interfaces", "optional; there is none"),
    yes("REQ-10", "unreachable, time exceeded and echo as in RFC 1812", "no route and TTL 1 are answered, an echo goes to the host", () => {
      const d = new Dataplane();
      expect(only(d.fromEndpoint(A, datagram({ src: IP_A, dst: SERVER, ttl: 1 }, 1000, SERVICE)))).toMatchObject({ port: A, type: 11 });
      expect(only(d.fromEndpoint(A, query(8, { src: IP_A, dst: GATEWAY }, 7)))).toMatchObject({ port: HOST_PORT });
      d.route();
      expect(only(d.fromEndpoint(A, datagram({ src: IP_A, dst: SERVER }, 1001, SERVICE)))).toMatchObject({ port: A, type: 3, code: 0 });
    }),
    yes("REQ-11", "other ICMP messages may be dropped", "a redirect and a source quench are, with a counter", () => {
      const d = new Dataplane();
      const out = asSent(ask(d, "udp", 1000));
      for (const [type, code] of [
        [5, 1],
        [4, 0],
      ] as const)
        expect(d.fromUplink(p.icmp({ src: ROUTER, dst: HOST_IP }, type, code, 0, out.slice(0, 28)))).toEqual([]);
      expect(d.drops(UP)).toEqual({ "icmp-type": 2 });
    }),
  ],
};
