/** Translation: which addresses and ports each kind of flow gets, in both directions. Every frame that comes out is verified by `only`. */
import { describe, expect, it } from "vitest";
import { EGRESS_RECORD } from "../../src/table/conntrack.js";
import {
  A,
  B,
  CLIENT,
  Dataplane,
  GATEWAY,
  HOST_IP,
  IP_A,
  IP_B,
  MAC_A,
  MAC_GATEWAY,
  MAC_UP,
  MASQUERADE_FIRST,
  only,
  PUBLISHED,
  prefix,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const { ACK, SYN } = p;

const toHost = { src: CLIENT, dst: HOST_IP },
  toClient = { src: IP_A, dst: CLIENT };

describe("published port", () => {
  it("sends a client's connection to the target and the answers back, client address kept, TTL one less", () => {
    const d = new Dataplane();
    const syn = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: SYN, options: p.bytesOf("020405b4") })));
    expect(syn).toMatchObject({
      port: A,
      dstMac: MAC_A,
      srcMac: MAC_GATEWAY,
      src: CLIENT,
      dst: IP_A,
      sport: 40000,
      dport: TARGET,
      ttl: 63,
      flags: SYN,
    });
    const answer = only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: 40000, flags: SYN | ACK })));
    expect(answer).toMatchObject({
      port: UP,
      dstMac: MAC_UP,
      srcMac: "02:74:73:00:00:00",
      src: HOST_IP,
      dst: CLIENT,
      sport: PUBLISHED,
      dport: 40000,
      ttl: 63,
    });
    const data = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, data: p.payload(1001) })));
    expect(data.data).toEqual(p.payload(1001));
    expect(d.dropTotal()).toBe(0);
  });

  it("maps a range port by port", () => {
    const d = new Dataplane();
    d.publish({ firstPort: 7000, lastPort: 7099, targetPort: 65436 });
    for (const n of [0, 50, 99]) expect(only(d.fromUplink(p.tcp(toHost, { sport: 1, dport: 7000 + n, flags: SYN }))).dport).toBe(65436 + n);
    expect(d.fromUplink(p.tcp(toHost, { sport: 1, dport: 7100, flags: SYN }))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": 1 });
  });

  it("hands to the uplink, to be recorded, what is for a target that is no endpoint", () => {
    const d = new Dataplane();
    d.publish({ firstPort: 81, lastPort: 81, target: "10.0.0.1", network: -1, onlink: "1.0.0.0/32" });
    const out = only(d.fromUplink(p.tcp(toHost, { sport: 5, dport: 81, flags: SYN })));
    expect(out).toMatchObject({ port: UP, srcMac: "02:74:73:00:00:01", dst: "10.0.0.1", src: CLIENT });
    expect(d.state.conntrack.egress(0, 0)).toBe(UP | EGRESS_RECORD);
  });

  it("gives a client on the target's own network, and a loopback one, the gateway's address (hairpin)", () => {
    for (const [src, dst] of [
      [IP_B, HOST_IP],
      [IP_A, HOST_IP],
      [IP_A, GATEWAY],
    ] as const) {
      const d = new Dataplane();
      const from = src === IP_A ? A : B;
      const out = only(d.fromEndpoint(from, p.tcp({ src, dst }, { sport: 40000, dport: PUBLISHED, flags: SYN })));
      expect(out).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, dport: TARGET });
      expect(out.sport).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
      const back = only(d.fromEndpoint(A, p.tcp({ src: IP_A, dst: GATEWAY }, { sport: TARGET, dport: out.sport, flags: SYN | ACK })));
      expect(back).toMatchObject({ port: from, src: dst, dst: src, sport: PUBLISHED, dport: 40000 });
    }
    const d = new Dataplane();
    const out = only(d.fromUplink(p.tcp({ src: "127.0.0.1", dst: "127.0.0.1", ttl: 1 }, { sport: 40000, dport: PUBLISHED, flags: SYN })));
    expect(out).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, ttl: 1 });
    const back = only(d.fromEndpoint(A, p.tcp({ src: IP_A, dst: GATEWAY, ttl: 1 }, { sport: TARGET, dport: out.sport, flags: SYN | ACK })));
    expect(back).toMatchObject({ port: UP, src: "127.0.0.1", dst: "127.0.0.1", sport: PUBLISHED, dport: 40000, ttl: 1 });
  });

  it("keeps one source port for one-way datagrams of the host's, however long, and takes another after a silence", () => {
    const d = new Dataplane();
    d.publish({ proto: 17, firstPort: 5300, lastPort: 5300, targetPort: 5301 });
    const send = (): number =>
      only(d.fromUplink(p.udp({ src: "127.0.0.1", dst: "127.0.0.1" }, { sport: 40000, dport: 5300, data: p.payload(5) }))).sport;
    const start = d.now;
    const ports = Array.from({ length: 5 }, (_, n) => {
      d.at(start + n * 100);
      return send();
    });
    expect(new Set(ports).size).toBe(1);
    d.at(start + 400 + 119);
    expect(d.state.conntrack.used).toBe(1);
    d.at(start + 400 + 120); // RFC 4787 REQ-5
    expect([d.state.conntrack.used, d.state.pool.used]).toEqual([0, 0]);
    expect(ports).not.toContain(send());
  });

  it("keeps two flows of one inside client to one target apart (exclusive mappings)", () => {
    const d = new Dataplane();
    const ports = [HOST_IP, GATEWAY].map(
      (dst) => only(d.fromEndpoint(B, p.tcp({ src: IP_B, dst }, { sport: 40000, dport: PUBLISHED, flags: SYN }))).sport,
    );
    expect(ports[0]).not.toBe(ports[1]);
  });

  it("gives another source port to the second of two flows that would look the same to the target, and finds its answers", () => {
    const d = new Dataplane();
    d.publish({ firstPort: 9000, lastPort: 9000 }); // the same target as 8999
    const first = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: SYN })));
    const second = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: 9000, flags: SYN })));
    expect(first.sport).toBe(40000);
    expect(second.sport).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
    const back = only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: second.sport, flags: SYN | ACK })));
    expect(back).toMatchObject({ sport: 9000, dport: 40000 });
    expect(only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: 40000, flags: SYN | ACK })))).toMatchObject({
      sport: PUBLISHED,
      dport: 40000,
    });
  });

  it("takes up a connection in the middle after a restart, where the client's address is kept", () => {
    const d = new Dataplane();
    const out = only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: ACK | p.PSH, data: p.payload(3) })));
    expect(out).toMatchObject({ port: A, sport: 40000, dport: TARGET });
    expect(only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: 40000 }))).sport).toBe(PUBLISHED);
  });

  it.each([
    ["a reset", p.RST],
    ["a reset with ACK", p.RST | ACK],
    ["no flag", 0],
    ["FIN alone", p.FIN],
    ["SYN with RST", SYN | p.RST],
  ])("opens no flow by %s", (_, flags) => {
    const d = new Dataplane();
    expect(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags }))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "not-syn": 1 });
    expect(d.state.conntrack.used).toBe(0);
  });

  it("does not take up in the middle what was hairpinned, nor what is masqueraded", () => {
    const d = new Dataplane();
    for (const [dst, dport] of [
      [HOST_IP, PUBLISHED],
      [SERVER, 80],
    ] as const)
      expect(only(d.fromEndpoint(B, p.tcp({ src: IP_B, dst }, { sport: 40000, dport, flags: ACK })))).toMatchObject({
        port: B,
        flags: p.RST,
      });
    expect([d.drops(B), d.state.conntrack.used]).toEqual([{ "not-syn": 2 }, 0]);
  });

  it("serves --allow-from and the host itself, and nobody else", () => {
    const d = new Dataplane();
    d.say({ type: "allow", prefixes: [prefix("198.51.100.0/24"), prefix("10.0.0.0/8")] });
    const from = (src: string): number => d.fromUplink(p.tcp({ src, dst: HOST_IP }, { sport: 40000, dport: PUBLISHED, flags: SYN })).length;
    expect([CLIENT, "10.255.0.1", HOST_IP, "127.0.0.1"].map(from)).toEqual([1, 1, 1, 1]);
    expect(["198.51.101.1", "11.0.0.1"].map(from)).toEqual([0, 0]);
    expect(d.drops(UP)).toEqual({ "source-refused": 2 });
  });

  it("forgets the rule that is withdrawn, and prefers the rule for the very address", () => {
    const d = new Dataplane();
    const id = d.publish({ hostIp: "192.0.2.1", targetPort: 81 });
    const port = (): number | undefined =>
      d.fromUplink(p.tcp(toHost, { sport: d.now, dport: PUBLISHED, flags: SYN })).map((f) => p.parse(f.bytes).dport)[0];
    expect(port()).toBe(81);
    d.at(d.now + 1);
    expect(d.state.published.remove(id)).not.toBeNull();
    expect(d.state.published.remove(id)).toBeNull();
    expect(port()).toBe(TARGET);
  });
});

describe("masquerade", () => {
  it("gives what leaves the address of the host's route and a port of the range, and translates the answers back", () => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, p.tcp({ src: IP_A, dst: SERVER }, { sport: 40000, dport: 80, flags: SYN })));
    expect(out).toMatchObject({ port: UP, src: HOST_IP, dst: SERVER, dport: 80, ttl: 63 });
    // Tells `emit` whose it was, port 40000, so that it goes the way that the host has for the endpoint.
    expect(Buffer.from(out.bytes.subarray(10, 22)).toString("hex")).toBe("029c" + "ac110004" + "00000000" + "4009");
    expect(out.sport).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
    const back = only(d.fromUplink(p.tcp({ src: SERVER, dst: HOST_IP }, { sport: 80, dport: out.sport, flags: SYN | ACK })));
    expect(back).toMatchObject({ port: A, dstMac: MAC_A, srcMac: MAC_GATEWAY, src: SERVER, dst: IP_A, sport: 80, dport: 40000, ttl: 63 });
  });

  it("uses one port for all that an inside endpoint sends from one port (RFC 4787 REQ-1), and lets only the peer answer", () => {
    const d = new Dataplane();
    const ports = ["203.0.113.1", "203.0.113.2"].map(
      (dst) => only(d.fromEndpoint(A, p.udp({ src: IP_A, dst }, { sport: 5000, dport: 53 }))).sport,
    );
    expect(ports[0]).toBe(ports[1]);
    expect(d.fromUplink(p.udp({ src: "203.0.113.3", dst: HOST_IP }, { sport: 53, dport: ports[0]! }))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": 1 });
  });

  it("translates the identifier of an echo and of its reply (RFC 5508)", () => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, p.echo({ src: IP_A, dst: SERVER }, 77)));
    expect(out).toMatchObject({ port: UP, src: HOST_IP, dst: SERVER, type: 8 });
    expect(out.id).toBeGreaterThanOrEqual(MASQUERADE_FIRST);
    const back = only(d.fromUplink(p.echo({ src: SERVER, dst: HOST_IP }, out.id, true)));
    expect(back).toMatchObject({ port: A, src: SERVER, dst: IP_A, type: 0, id: 77 });
    expect(back.data).toEqual(p.payload(9));
  });

  it("opens no flow for an echo reply that nobody asked for", () => {
    const d = new Dataplane();
    expect(d.fromEndpoint(A, p.echo({ src: IP_A, dst: SERVER }, 77, true))).toEqual([]);
    expect([d.drops(A), d.state.conntrack.used]).toEqual([{ "no-flow": 1 }, 0]);
  });

  it.each([
    ["source-spoofed", "10.9.9.9", SERVER],
    ["no-route", IP_A, "172.17.0.99"],
    ["no-route", IP_A, "172.17.255.255"],
    ["no-route", IP_A, "224.0.0.251"],
    ["no-route", IP_A, "255.255.255.255"],
  ])("drops under %s what comes from %s to %s by the gateway", (reason, src, dst) => {
    const d = new Dataplane();
    expect(d.fromEndpoint(A, p.udp({ src, dst }, { sport: 1, dport: 2 }))).toEqual([]);
    expect(d.drops(A)).toEqual({ [reason]: 1 });
  });

  it("drops under no-route without a route, and without an uplink", () => {
    const d = new Dataplane();
    d.route();
    d.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 2 }));
    const e = new Dataplane();
    e.state.ports.clear(UP);
    e.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 2 }));
    expect([d.drops(A), e.drops(A)]).toEqual([{ "no-route": 1 }, { "no-route": 1 }]);
  });
});
