/**
 * A flow is bound to the ports of its two sides: a packet that looks like one of it, but comes by another port, is none. In a network where
 * endpoints may use any address, so that nothing else holds it back.
 */
import { beforeEach, describe, expect, it } from "vitest";
import { PROMISCUOUS } from "../../src/table/networks.js";
import { ENDPOINT } from "../../src/table/ports.js";
import {
  A,
  B,
  C,
  CLIENT,
  Dataplane,
  GATEWAY,
  HOST_IP,
  IP_A,
  IP_C,
  MAC_C,
  MASQUERADE_FIRST,
  NET,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const question = { src: CLIENT, dst: HOST_IP },
  answer = { src: IP_A, dst: CLIENT };
let d: Dataplane;

beforeEach(() => {
  d = new Dataplane();
  d.addPort(C, ENDPOINT, MAC_C, IP_C);
  d.state.networks.flags[NET] = PROMISCUOUS;
});

/** Sent by B, it goes nowhere, is counted, and leaves the flows as they are. */
function expectNoPart(datagram: Uint8Array, reason = "wrong-port", from = B): void {
  const flows = (): object[] => d.flows().map(({ original, reply, state, packets }) => ({ original, reply, state, packets }));
  const before = flows();
  const dropped = d.drops(from)[reason] ?? 0;
  expect(from === UP ? d.fromUplink(datagram) : d.fromEndpoint(from, datagram)).toEqual([]);
  expect(d.drops(from)[reason]).toBe(dropped + 1);
  expect(flows()).toEqual(before);
}

describe("a flow to a published port", () => {
  /** From SYN to established, each packet tried by another endpoint first. */
  it("takes answers of its target's port alone, in every state", () => {
    const steps: [number, Uint8Array][] = [
      [UP, p.tcp(question, { sport: 7, dport: PUBLISHED, flags: p.SYN })],
      [A, p.tcp(answer, { sport: TARGET, dport: 7, flags: p.SYN | p.ACK })],
      [UP, p.tcp(question, { sport: 7, dport: PUBLISHED })],
      [A, p.tcp(answer, { sport: TARGET, dport: 7, data: p.payload(10) })],
      [UP, p.tcp(question, { sport: 7, dport: PUBLISHED, data: p.payload(10) })],
      [A, p.tcp(answer, { sport: TARGET, dport: 7, flags: p.FIN | p.ACK })],
      [UP, p.tcp(question, { sport: 7, dport: PUBLISHED, flags: p.FIN | p.ACK })],
      [A, p.tcp(answer, { sport: TARGET, dport: 7, flags: p.RST })],
    ];
    steps.forEach(([port, datagram], n) => {
      if (n > 0) expectNoPart(datagram);
      expect(port === UP ? d.fromUplink(datagram) : d.fromEndpoint(A, datagram)).toHaveLength(1);
    });
  });

  it("takes no questions by an endpoint, and no answers by the uplink", () => {
    d.publish({ proto: p.UDP });
    d.fromUplink(p.udp(question, { sport: 9, dport: PUBLISHED }));
    for (let n = 0; n < 2; n++) {
      expectNoPart(p.udp(question, { sport: 9, dport: PUBLISHED }));
      expectNoPart(p.udp(answer, { sport: TARGET, dport: 9 }));
      expectNoPart(p.udp(answer, { sport: TARGET, dport: 9 }), "wrong-port", UP);
      expect(d.fromEndpoint(A, p.udp(answer, { sport: TARGET, dport: 9 }))).toHaveLength(1); // assured from now on
    }
  });

  it("takes later fragments by the port of the first one alone", () => {
    d.publish({ proto: p.UDP });
    d.fromUplink(p.udp(question, { sport: 9, dport: PUBLISHED }));
    const [first, second] = p.fragments(p.udp({ ...answer, fragment: 0 }, { sport: TARGET, dport: 9, data: p.payload(2000) }), 1480);
    expect(d.fromEndpoint(A, first!)).toHaveLength(1);
    expectNoPart(second!, "ip-fragment");
    expectNoPart(second!, "ip-fragment", UP);
    expect(d.fromEndpoint(A, second!)).toHaveLength(1);
  });

  it("is not met by a packet of the same batch from another port", () => {
    d.publish({ proto: p.UDP });
    d.io.put(UP, p.frame("02:00:00:00:00:00", "02:11:22:33:44:55", p.udp(question, { sport: 9, dport: PUBLISHED })));
    d.io.put(B, p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:05", p.udp(question, { sport: 9, dport: PUBLISHED })));
    expect(d.run().map((f) => f.port)).toEqual([A]);
    expect(d.drops(B)).toEqual({ "wrong-port": 1 });
  });
});

describe("a masqueraded flow", () => {
  it("gives its answers to who asked, and takes nothing from who claims to be that", () => {
    const ask = p.udp({ src: IP_A, dst: SERVER }, { sport: 5, dport: 53 });
    const [out] = d.fromEndpoint(A, ask);
    const { sport } = p.parse(out!.bytes);
    for (let n = 0; n < 2; n++) {
      expectNoPart(ask);
      expect(d.fromUplink(p.udp({ src: SERVER, dst: HOST_IP }, { sport: 53, dport: sport })).map((f) => f.port)).toEqual([A]);
    }
    expectNoPart(p.udp({ src: SERVER, dst: HOST_IP }, { sport: 53, dport: sport }));
  });

  it("of echoes is bound as well", () => {
    const ping = p.echo({ src: IP_A, dst: SERVER }, 5);
    const [out] = d.fromEndpoint(A, ping);
    expectNoPart(ping);
    const { id } = p.parse(out!.bytes);
    expectNoPart(p.echo({ src: SERVER, dst: HOST_IP }, id, true));
    expect(d.fromUplink(p.echo({ src: SERVER, dst: HOST_IP }, id, true)).map((f) => f.port)).toEqual([A]);
  });
});

describe("an ICMP error about a flow", () => {
  it("counts from the side to which the quoted packet went, and no other", () => {
    d.fromUplink(p.tcp(question, { sport: 7, dport: PUBLISHED, flags: p.SYN }));
    const toTarget = p.tcp({ src: CLIENT, dst: IP_A }, { sport: 7, dport: TARGET, flags: p.SYN });
    const toClient = p.tcp({ src: HOST_IP, dst: CLIENT }, { sport: PUBLISHED, dport: 7 });
    for (const kind of [p.PORT_UNREACHABLE, p.FRAGMENTATION_NEEDED, p.TIME_EXCEEDED]) {
      expectNoPart(p.icmpError(answer, kind, toTarget));
      expectNoPart(p.icmpError(answer, kind, toTarget), "wrong-port", UP);
      expectNoPart(p.icmpError({ src: SERVER, dst: HOST_IP }, kind, toClient));
      expectNoPart(p.icmpError({ src: IP_A, dst: GATEWAY }, kind, toClient), "wrong-port", A);
      expect(d.fromEndpoint(A, p.icmpError(answer, kind, toTarget)).map((f) => f.port)).toEqual([UP]);
      expect(d.fromUplink(p.icmpError({ src: SERVER, dst: HOST_IP }, kind, toClient)).map((f) => f.port)).toEqual([A]);
    }
  });
});

describe("what comes by the uplink", () => {
  it("has no source of an own network, and opens no flow with one", () => {
    for (const src of [IP_A, "172.17.0.99", "172.17.255.254"])
      expectNoPart(p.tcp({ src, dst: HOST_IP }, { sport: 7, dport: PUBLISHED, flags: p.SYN }), "source-spoofed", UP);
    expect(d.fromUplink(p.tcp({ src: GATEWAY, dst: HOST_IP }, { sport: 7, dport: PUBLISHED, flags: p.SYN }))).toHaveLength(1); // a program of the host
    // So an endpoint finds its own port free.
    const [out] = d.fromEndpoint(C, p.tcp({ src: IP_C, dst: HOST_IP }, { sport: 7, dport: PUBLISHED, flags: p.SYN }));
    expect([out!.port, p.parse(out!.bytes).sport]).toEqual([A, expect.any(Number)]);
    expect(p.parse(out!.bytes).sport).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
  });
});
