/** What becomes of flows by the host's own answer about their way: rules by source, refusals, and routes that change while flows are open. */
import { expect, it } from "vitest";
import { REFUSED_PROHIBITED, REFUSED_SILENTLY, REFUSED_UNREACHABLE } from "../../src/wire/route-answer.js";
import { A, B, Dataplane, GATEWAY, HOST_DEVICE, HOST_IP, HOST_PORT, IP_A, IP_B, only, SERVER, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { type FakeRoute, FakeRouting } from "../table/fake-routing.js";

const VPN = "10.8.0.2",
  MOVED = "192.0.2.77";
const any = { dst: "0.0.0.0/0" };

function host(...routes: FakeRoute[]): Dataplane & { routing: FakeRouting } {
  const routing = new FakeRouting(...routes);
  return Object.assign(new Dataplane({ routing }), { routing });
}

const datagram = (src: string, sport = 5060): Uint8Array => p.udp({ src, dst: SERVER }, { sport, dport: 7000 });
const changed = { type: "routes", refused: [], exact: false } as const;

it("an endpoint whose way a rule by source gives leaves with that way's address, another with that of the main table", () => {
  const d = host({ ...any, source: HOST_IP }, { ...any, source: VPN, from: IP_B });
  expect(only(d.fromEndpoint(A, datagram(IP_A)))).toMatchObject({ port: UP, src: HOST_IP });
  expect(only(d.fromEndpoint(B, datagram(IP_B)))).toMatchObject({ port: UP, src: VPN });
});

it("a rule by incoming device is for the network's device, where the host forwards from that; else for the uplink", () => {
  const d = host({ ...any, source: HOST_IP }, { ...any, source: VPN, by: HOST_DEVICE });
  const wayIn = (bytes: Uint8Array): number => Buffer.from(bytes).readInt32LE(p.VNET + 6);
  const plain = only(d.fromEndpoint(A, datagram(IP_A)));
  expect([plain.src, wayIn(plain.bytes)]).toEqual([HOST_IP, 0]);
  d.say({ ...changed, forwarding: [HOST_DEVICE] });
  d.run();
  const ruled = only(d.fromEndpoint(A, datagram(IP_A)));
  expect([ruled.src, wayIn(ruled.bytes)]).toEqual([VPN, HOST_DEVICE]);
  d.say({ type: "remove-port", port: HOST_PORT });
  expect(only(d.fromEndpoint(B, datagram(IP_B))).src).toBe(HOST_IP);
});

it.each([
  ["unreachable", REFUSED_UNREACHABLE, 1],
  ["prohibited", REFUSED_PROHIBITED, 13],
])("a route of type %s is told to who sends (RFC 1812 §5.2.7.1)", (reason, source, code) => {
  const d = host({ ...any, source });
  expect(only(d.fromEndpoint(A, datagram(IP_A)))).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, type: 3, code });
  expect(d.drops(A)).toEqual({ [reason]: 1 });
});

it("a blackhole is silent", () => {
  const d = host({ ...any, source: REFUSED_SILENTLY });
  expect(d.fromEndpoint(A, datagram(IP_A))).toEqual([]);
  expect(d.drops(A)).toEqual({ blackhole: 1 });
});

it("a bridge of other containers is nobody's way out", () => {
  const d = host({ ...any, source: HOST_IP, device: 3 });
  d.say({ ...changed, refused: [3] });
  expect(only(d.fromEndpoint(A, datagram(IP_A)))).toMatchObject({ type: 3, code: 0 });
});

it("a flow whose way has moved to another address ends, and its next packet has that one; others go on, and so does one without a way now", () => {
  const d = host({ ...any, source: HOST_IP });
  const [before] = [d.fromEndpoint(A, datagram(IP_A)), d.fromEndpoint(B, datagram(IP_B))].map((sent) => only(sent));
  d.routing.replace([
    { ...any, source: HOST_IP },
    { ...any, source: MOVED, from: IP_A },
  ]);
  d.say(changed);
  d.run();
  expect(d.flows().map(({ original }) => original.src)).toEqual([`${IP_B}:5060`]);
  expect(only(d.fromEndpoint(A, datagram(IP_A))).src).toBe(MOVED);
  d.routing.replace([]);
  d.say(changed);
  d.run();
  expect(d.flows()).toHaveLength(2);
  expect(only(d.fromEndpoint(A, datagram(IP_A))).src).toBe(MOVED);
  expect(before!.src).toBe(HOST_IP);
});

it("all flows are looked at again, a few hundred between two batches", () => {
  const d = host({ ...any, source: HOST_IP });
  for (let n = 0; n < 600; n++) d.io.put(A, p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", datagram(IP_A, 1000 + n)));
  d.run();
  expect(d.state.conntrack.used).toBe(600);
  d.routing.replace([{ ...any, source: MOVED }]);
  d.say(changed);
  const left = [1, 2, 3].map(() => {
    d.run();
    return d.state.conntrack.used;
  });
  expect(left).toEqual([344, 88, 0]);
});
