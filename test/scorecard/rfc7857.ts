/** RFC 7857: Updates to NAT Behavioral Requirements. */
import { expect } from "vitest";
import { DEFAULT_TIMEOUTS, STATE_NAMES } from "../../src/table/conntrack.js";
import { A, Dataplane, HOST_IP, HOST_PORT, IP_A, only, SERVER } from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { ask, asSent, Connection, datagram, ROUTER, reply, SERVICE } from "./probes.js";
import { no, notApplicable, type Rfc, yes } from "./requirement.js";
import { sharesPorts } from "./shared.js";

export const RFC7857: Rfc = {
  rfc: "RFC 7857",
  title: "updates to the three",
  requirements: [
    yes(
      "§2.1",
      "time-outs for half-open, established and closing connections are configurable",
      "each set to 7 s ends the connection after 7 s",
      () => {
        const scripts: [string, (c: Connection) => void][] = [
          ["syn-sent", (c) => c.client(p.SYN, 0, 0)],
          ["established", (c) => c.open()],
          ["fin-wait", (c) => c.open().client(p.FIN | p.ACK)],
        ];
        for (const [state, play] of scripts) {
          const connection = new Connection(true, { timeouts: DEFAULT_TIMEOUTS.map((sec, n) => (STATE_NAMES[n] === state ? 7 : sec)) });
          play(connection);
          expect([connection.state, connection.left]).toEqual([state, 7]);
          connection.wait(7);
          expect(connection.state).toBe("gone");
        }
      },
    ),
    yes("§2.2", "a RST is translated, and the session stays for 4 minutes", "239 s later a segment of its sender passes", () => {
      const connection = new Connection(true).open();
      expect(connection.server(p.RST)).toBe(1);
      connection.wait(239);
      expect(connection.server(p.ACK | p.PSH)).toBe(1);
    }),
    yes("§2.2", "a forged RST ends nothing", "outside the window it changes neither state nor time-out", () => {
      const connection = new Connection(true).open();
      for (const seq of [0x80000000, 0x10000000, 0xf0000000]) connection.server(p.RST, seq);
      expect([connection.state, connection.left]).toEqual(["established", 7440]);
    }),
    yes("§3", "ports may overlap between destinations", "four ports serve eight inside ports, each to a server of its own", () =>
      sharesPorts("udp"),
    ),
    yes("§4", "one inside address keeps one outside address, for all protocols", "UDP, TCP and ICMP leave by one", () => {
      const d = new Dataplane();
      const echo = only(d.fromEndpoint(A, p.echo({ src: IP_A, dst: SERVER }, 7)));
      expect([ask(d, "udp", 1000).src, ask(d, "tcp", 1000).src, echo.src]).toEqual([HOST_IP, HOST_IP, HOST_IP]);
    }),
    yes("§5", "mappings are by protocol", "UDP's outside port is none of TCP's", () => {
      const d = new Dataplane();
      const { sport } = ask(d, "udp", 1000);
      expect(reply(d, "tcp", sport)).toEqual([]);
      expect(ask(d, "tcp", 1000).sport).not.toBe(sport);
    }),
    notApplicable("§6", "endpoint-independent filters are by protocol", "filtering is by address and port (decision 70)"),
    notApplicable(
      "§7",
      "whether inbound packets refresh endpoint-independent filters is configurable",
      "filtering is by address and port (decision 70)",
    ),
    yes("§7.1", "errors and resets do not refresh a mapping", "an ICMP error from inside leaves the time-out, a reset shortens it", () => {
      const connection = new Connection(true).open();
      connection.wait(1000);
      const { d } = connection;
      const out = only(
        d.fromEndpoint(A, p.tcp({ src: IP_A, dst: SERVER }, { sport: 40000, dport: SERVICE, flags: p.ACK, seq: 1, ack: 1 })),
      );
      d.at(d.now + 1000);
      d.fromUplink(p.icmpError({ src: ROUTER, dst: HOST_IP }, p.PORT_UNREACHABLE, asSent(out)));
      expect(connection.left).toBe(6440);
      connection.client(p.RST, 1, 1);
      expect(connection.left).toBe(240);
    }),
    yes("§8", "port parity may be let go", "some even ports get odd ones", () => {
      const d = new Dataplane();
      expect(Array.from({ length: 32 }, (_, n) => ask(d, "udp", 1000 + 2 * n).sport % 2)).toContain(1);
    }),
    yes("§9", "outside ports are random (RFC 6056)", "of 64 no two follow each other in the same distance as the last", () => {
      const d = new Dataplane();
      const ports = Array.from({ length: 64 }, (_, n) => ask(d, "udp", 1000 + n).sport);
      const steps = ports.slice(1).map((port, n) => port - ports[n]!);
      expect(new Set(steps).size).toBeGreaterThan(56);
    }),
    no(
      "§10",
      "IP identification of translated packets is made unique (RFC 6864)",
      "it stays as the sender set it, as with other NATs; matters only for fragments of two endpoints to one server under one number",
      "the identification comes out as it went in",
      () => {
        const d = new Dataplane();
        const out = asSent(only(d.fromEndpoint(A, datagram({ src: IP_A, dst: SERVER, fragment: 0 }, 1000, SERVICE))));
        expect(p.u16(out, 4)).toBe(0x1234);
      },
    ),
    yes("§11", "an ICMP query's mapping may end with its last session", "60 s after the query its identifier is free", () => {
      const d = new Dataplane();
      d.fromEndpoint(A, p.echo({ src: IP_A, dst: SERVER }, 7));
      expect(d.state.pool.used).toBe(1);
      d.at(d.now + 60);
      expect(d.state.pool.used).toBe(0);
    }),
    notApplicable(
      "§12",
      "hairpinned ICMP queries",
      "outside addresses are the host's own, and it answers queries to them itself",
      "an endpoint's query to the outside address goes to the host",
      () => {
        const d = new Dataplane();
        expect(only(d.fromEndpoint(A, p.echo({ src: IP_A, dst: HOST_IP }, 7)))).toMatchObject({ port: HOST_PORT });
      },
    ),
  ],
};
