/** Corners of opening a flow: what is full, gone, or not ours to reach. */
import { describe, expect, it } from "vitest";
import { INTERNAL, NO_MASQUERADE } from "../../src/table/networks.js";
import { ENDPOINT, HOST } from "../../src/table/ports.js";
import {
  A,
  B,
  CLIENT,
  Dataplane,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  MAC_UP,
  NET,
  PUBLISHED,
  raw,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import { ACK, frame, ipv4, parse, payload, SYN, tcp, UDP, udp, wrongIn } from "../support/packets.js";

const toHost = { src: CLIENT, dst: HOST_IP };
const syn = (sport: number, dport = PUBLISHED): Uint8Array => tcp(toHost, { sport, dport, flags: SYN });

it("opens one flow for two packets of it in one batch", () => {
  const d = new Dataplane();
  for (let n = 0; n < 3; n++) d.io.put(UP, frame(MAC_UP, MAC_UP, syn(1)));
  expect(d.run()).toHaveLength(3);
  expect([d.state.conntrack.used, d.state.conntrack.packets(0, 0)]).toEqual([1, 3]);
});

it("keeps loopback to the host: an endpoint does not reach what is published on 127.0.0.1 (RFC 1122 §3.2.1.3)", () => {
  const d = new Dataplane();
  d.publish({ hostIp: "127.0.0.1", firstPort: 5432, lastPort: 5432 });
  const to = { src: IP_B, dst: "127.0.0.1" };
  expect(d.fromEndpoint(B, tcp(to, { sport: 1, dport: 5432, flags: SYN }))).toEqual([]);
  expect(d.fromEndpoint(B, udp(to, { sport: 1, dport: 9 }))).toEqual([]);
  expect(d.drops(B)).toEqual({ "no-route": 2 });
  expect(d.fromUplink(tcp({ src: "127.0.0.1", dst: "127.0.0.1" }, { sport: 1, dport: 5432, flags: SYN }))).toHaveLength(1);
  expect(d.fromUplink(syn(1, 5432))).toEqual([]);
});

describe("a target that is gone", () => {
  it("is port-gone and holds no port of the pool", () => {
    const d = new Dataplane();
    d.state.endpoints.delete(raw(IP_A), NET);
    expect(d.fromUplink(syn(1))).toEqual([]);
    expect(d.fromEndpoint(B, tcp({ src: IP_B, dst: HOST_IP }, { sport: 1, dport: PUBLISHED, flags: SYN }))).toEqual([]);
    expect([d.drops(UP), d.drops(B), d.state.pool.used, d.state.conntrack.used]).toEqual([{ "port-gone": 1 }, { "port-gone": 1 }, 0, 0]);
  });

  it("is port-gone behind an uplink that is gone", () => {
    const d = new Dataplane();
    d.publish({ firstPort: 81, lastPort: 81, target: "10.0.0.1", network: -1 });
    d.state.ports.clear(UP);
    expect(d.fromEndpoint(A, tcp({ src: IP_A, dst: HOST_IP }, { sport: 1, dport: 81, flags: SYN }))).toEqual([]);
    expect(d.drops(A)).toEqual({ "port-gone": 1 });
  });

  it.each([false, true])("is port-gone for a flow that was open (established: %s)", (established) => {
    const d = new Dataplane();
    d.fromUplink(syn(1));
    if (established) {
      d.fromEndpoint(A, tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 1, flags: SYN | ACK }));
      d.fromUplink(tcp(toHost, { sport: 1, dport: PUBLISHED }));
    }
    d.state.ports.clear(A);
    expect(d.fromUplink(tcp(toHost, { sport: 1, dport: PUBLISHED }))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "port-gone": 1 });
  });
});

describe("what is for the host itself", () => {
  it.each([
    ["TCP to a port that is not published", tcp({ src: IP_A, dst: HOST_IP }, { sport: 1, dport: 22, flags: SYN })],
    ["UDP to the gateway", udp({ src: IP_A, dst: "172.17.0.1" }, { sport: 1, dport: 53 })],
    ["a first fragment", udp({ src: IP_A, dst: HOST_IP, fragment: 0x2000 }, { sport: 1, dport: 53 })],
    ["a later fragment", udp({ src: IP_A, dst: HOST_IP, fragment: 0x0003 }, { sport: 1, dport: 53 })],
  ])("goes up the host's own port as it is: %s", (_, datagram) => {
    const d = new Dataplane();
    const [out] = d.fromEndpoint(A, datagram);
    expect(out!.port).toBe(HOST_PORT);
    expect(out!.bytes.subarray(24)).toEqual(datagram);
    expect(d.state.conntrack.used).toBe(0);
  });

  it("is dropped from the uplink under no-flow, ip-fragment or protocol", () => {
    const d = new Dataplane();
    d.fromUplink(udp(toHost, { sport: 1, dport: 2 }));
    d.fromUplink(udp({ ...toHost, fragment: 0x2001 }, { sport: 1, dport: 2 }));
    d.fromUplink(ipv4(toHost, 47, payload(20)));
    expect(d.drops(UP)).toEqual({ "no-flow": 1, "ip-fragment": 1, protocol: 1 });
  });
});

describe("several networks", () => {
  const OTHER = 1,
    PORT = 6,
    OTHER_HOST = 5,
    IP_OTHER = "10.9.0.4",
    MAC_OTHER_GATEWAY = "02:42:0a:09:00:01",
    MAC_OTHER = "02:42:0a:09:00:04";
  function two(flags: number): Dataplane {
    const d = new Dataplane();
    d.state.networks.set(OTHER, raw("10.9.0.0"), 16, raw("10.9.0.1"), flags, 0);
    d.addPort(OTHER_HOST, HOST, MAC_OTHER_GATEWAY, "0.0.0.0", OTHER);
    d.addPort(PORT, ENDPOINT, MAC_OTHER, IP_OTHER, OTHER);
    return d;
  }
  const out = (d: Dataplane, dst: string, dport = 80): ReturnType<Dataplane["send"]> =>
    d.send(PORT, frame(MAC_OTHER_GATEWAY, MAC_OTHER, tcp({ src: IP_OTHER, dst }, { sport: 1, dport, flags: SYN })));

  it("are isolated from each other both ways, but reach each other's published ports", () => {
    const d = two(0);
    expect([out(d, IP_A), d.fromEndpoint(A, udp({ src: IP_A, dst: IP_OTHER }, { sport: 1, dport: 2 }))]).toEqual([[], []]);
    expect([d.drops(PORT), d.drops(A)]).toEqual([{ isolated: 1 }, { isolated: 1 }]);
    expect(out(d, HOST_IP, PUBLISHED).map((f) => f.port)).toEqual([A]);
    expect(out(d, SERVER).map((f) => parse(f.bytes).src)).toEqual([HOST_IP]);
  });

  it("do not let out of an internal one", () => {
    const d = two(INTERNAL);
    expect([out(d, SERVER), out(d, HOST_IP, PUBLISHED)]).toEqual([[], []]);
    expect(d.drops(PORT)).toEqual({ isolated: 2 });
  });

  it("leave addresses as they are where masquerade is off, and still follow the flow", () => {
    const d = two(NO_MASQUERADE);
    const [sent] = out(d, SERVER);
    expect(parse(sent!.bytes)).toMatchObject({ src: IP_OTHER, dst: SERVER, sport: 1, ttl: 63 });
    expect(wrongIn(sent!.bytes)).toEqual([]);
    const [back] = d.fromUplink(tcp({ src: SERVER, dst: IP_OTHER }, { sport: 80, dport: 1, flags: SYN | ACK }));
    expect([back!.port, parse(back!.bytes).dst, wrongIn(back!.bytes)]).toEqual([PORT, IP_OTHER, []]);
  });
});

it("asks for the steering entry of a recorded flow to be forgotten when it ends, as its packets left", () => {
  const d = new Dataplane();
  d.publish({ proto: UDP, firstPort: 53, lastPort: 53 });
  d.fromUplink(udp(toHost, { sport: 1, dport: 53 })); // to an endpoint: nothing was recorded
  const [out] = d.fromEndpoint(A, tcp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 80, flags: SYN }));
  const { sport } = parse(out!.bytes);
  d.at(d.now + 200);
  const swap = (n: number): number => ((n & 0xff) << 8) | (n >> 8);
  expect(d.forgotten).toEqual([[raw(HOST_IP), raw(SERVER), swap(sport) | (swap(80) << 16), 6]]);
  expect([d.state.conntrack.used, d.state.pool.used]).toEqual([0, 0]);
});

it("expires thousands that end together without waiting for traffic between", () => {
  const d = new Dataplane({ conntrackMax: 8192 });
  for (let n = 0; n < 3000; n++) d.io.put(UP, frame(MAC_UP, MAC_UP, syn(1 + n)));
  d.run();
  expect(d.state.conntrack.used).toBe(3000);
  d.io.clock[0] = d.now + 30;
  const waits: number[] = [];
  const { receive } = d.io;
  d.io.receive = (_spin?: number, timeoutMs?: number) => {
    waits.push(timeoutMs!);
    return receive.call(d.io);
  };
  for (let turn = 0; d.state.conntrack.used > 0; turn++) {
    expect(turn).toBeLessThan(20);
    d.engine.turn(0, 1000);
  }
  expect(waits.slice(1).every((ms) => ms === 0)).toBe(true);
  d.engine.turn(0, 1000);
  d.engine.turn(0, 1000);
  expect(waits.at(-1)).toBe(1000);
});
