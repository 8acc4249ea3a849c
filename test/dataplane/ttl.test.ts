import { describe, expect, it } from "vitest";
import { ICMP_PER_SEC, ICMP_PER_SEC_IN_ALL } from "../../src/dataplane/state.js";
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
  MAC_A,
  MAC_GATEWAY,
  MAC_UP,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

describe("time exceeded (RFC 1812 §5.3.1)", () => {
  it.each([0, 1])("answers an endpoint's packet with TTL %i from the gateway, quoting it as it was sent", (ttl) => {
    const d = new Dataplane();
    const probe = p.udp(
      { src: IP_A, dst: SERVER, ttl, options: new Uint8Array(8).fill(1) },
      { sport: 40000, dport: 33434, data: p.payload(100) },
    );
    const [out, ...more] = d.fromEndpoint(A, probe);
    expect(more).toEqual([]);
    expect(p.wrongIn(out!.bytes)).toEqual([]);
    expect(p.parse(out!.bytes)).toMatchObject({ dstMac: MAC_A, srcMac: MAC_GATEWAY, src: GATEWAY, dst: IP_A, type: 11, code: 0, ttl: 64 });
    expect([out!.port, p.parse(out!.bytes).data]).toEqual([A, probe]);
    expect(d.dropTotal()).toBe(0);
  });

  it("answers a client by the address that it asked for", () => {
    const d = new Dataplane();
    const probe = p.tcp({ src: CLIENT, dst: HOST_IP, ttl: 1 }, { sport: 40000, dport: PUBLISHED, flags: p.SYN });
    const [out] = d.fromUplink(probe);
    expect(p.wrongIn(out!.bytes)).toEqual([]);
    expect(p.parse(out!.bytes)).toMatchObject({ dstMac: MAC_UP, src: HOST_IP, dst: CLIENT, type: 11 });
    expect([out!.port, p.parse(out!.bytes).data]).toEqual([UP, probe]);
  });

  it("quotes no more than fits into 576 bytes (RFC 1812 §4.3.2.3), of a segmented frame too, and asks for no offload", () => {
    const d = new Dataplane();
    d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: 1, dport: PUBLISHED, flags: p.SYN }));
    const big = p.partial(
      p.frame(MAC_GATEWAY, MAC_A, p.tcp({ src: IP_A, dst: CLIENT, ttl: 1 }, { sport: TARGET, dport: 1, data: p.payload(30_000) })),
      p.GSO_TCPV4,
      1448,
    );
    const [out] = d.send(A, big);
    expect(out!.bytes.subarray(0, 10)).toEqual(new Uint8Array(10));
    expect(p.wrongIn(out!.bytes)).toEqual([]);
    expect(out!.bytes).toHaveLength(10 + 14 + 576);
    expect(p.parse(out!.bytes).data).toEqual(big.subarray(24, 24 + 548));
  });

  it("is sent 1000 times a second at most to who sends by one port, 4000 times in all; what is over is a counted drop", () => {
    const d = new Dataplane();
    const probe = (src: string): Uint8Array => p.udp({ src, dst: SERVER, ttl: 1 }, { sport: 40000, dport: 33434 });
    const answers = (port: number, src: string): number => {
      let n = 0;
      for (let k = 0; k < ICMP_PER_SEC + 50; k++) n += d.fromEndpoint(port, probe(src)).length;
      return n;
    };
    expect([answers(A, IP_A), d.drops(A)]).toEqual([1000, { "ttl-exceeded": 50 }]);
    expect([answers(B, IP_B), d.drops(B)]).toEqual([1000, { "ttl-exceeded": 50 }]);
    d.state.icmpErrors = ICMP_PER_SEC_IN_ALL; // by other ports
    expect(d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP, ttl: 1 }, { sport: 9, dport: PUBLISHED, flags: p.SYN }))).toEqual([]);
    d.at(d.now + 1);
    expect([d.fromEndpoint(A, probe(IP_A)).length, d.fromEndpoint(B, probe(IP_B)).length]).toEqual([1, 1]);
  });

  it("is a drop where there is no address to answer from", () => {
    const d = new Dataplane();
    d.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 53 }));
    const sport = d.state.pool.portOf(d.state.conntrack.mapping(0));
    d.route();
    d.state.locals.clear();
    expect(d.fromUplink(p.udp({ src: SERVER, dst: HOST_IP, ttl: 1 }, { sport: 53, dport: ((sport & 0xff) << 8) | (sport >> 8) }))).toEqual(
      [],
    );
    expect(d.drops(UP)).toEqual({ "ttl-exceeded": 1 });
  });
});

it("leaves the TTL of what the host itself sends and gets: no router lies between", () => {
  const d = new Dataplane();
  const [out] = d.fromUplink(p.tcp({ src: HOST_IP, dst: HOST_IP, ttl: 1 }, { sport: 9, dport: PUBLISHED, flags: p.SYN }));
  const seen = p.parse(out!.bytes);
  expect(seen).toMatchObject({ src: GATEWAY, dst: IP_A, ttl: 1 });
  const [back] = d.fromEndpoint(A, p.tcp({ src: IP_A, dst: GATEWAY, ttl: 1 }, { sport: TARGET, dport: seen.sport, flags: p.SYN | p.ACK }));
  expect(p.parse(back!.bytes)).toMatchObject({ src: HOST_IP, dst: HOST_IP, sport: PUBLISHED, dport: 9, ttl: 1 });
});

describe("a packet whose TTL ends here", () => {
  it.each([
    ["a SYN", p.tcp({ src: IP_A, dst: SERVER, ttl: 1 }, { sport: 40000, dport: 80, flags: p.SYN })],
    ["a datagram", p.udp({ src: IP_A, dst: SERVER, ttl: 1 }, { sport: 40000, dport: 33434 })],
    ["an echo request", p.echo({ src: IP_A, dst: SERVER, ttl: 1 }, 7)],
  ])("opens no flow and takes no port: %s", (_, probe) => {
    const d = new Dataplane();
    expect(p.parse(d.fromEndpoint(A, probe)[0]!.bytes)).toMatchObject({ src: GATEWAY, dst: IP_A, type: 11, code: 0 });
    expect([d.state.conntrack.used, d.state.pool.used]).toEqual([0, 0]);
  });

  it("opens no flow to a published port either", () => {
    const d = new Dataplane();
    d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP, ttl: 1 }, { sport: 40000, dport: PUBLISHED, flags: p.SYN }));
    expect(d.state.conntrack.used).toBe(0);
  });

  it("reaches the host itself, which is no hop", () => {
    const d = new Dataplane();
    const toHost = p.udp({ src: IP_A, dst: GATEWAY, ttl: 1 }, { sport: 40000, dport: 53 });
    expect(d.fromEndpoint(A, toHost).map((sent) => sent.port)).toEqual([HOST_PORT]);
  });
});
