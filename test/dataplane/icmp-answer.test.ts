/** What an endpoint is told by ICMP about a packet that was refused (RFC 1812 §5.2.7.1, RFC 5508 REQ-8), and when it is not. */
import { describe, expect, it } from "vitest";
import { ICMP_PER_SEC } from "../../src/dataplane/state.js";
import { A, B, CLIENT, Dataplane, GATEWAY, HOST_IP, IP_A, IP_B, only, PUBLISHED, SERVER, UP } from "../support/dataplane.js";
import { Flow } from "../support/flows.js";
import * as p from "../support/packets.js";

const MANY = { client: 1e6, endpoint: 1e6, port: 1e6 };
const NO_LIMITS = { flows: MANY, newFlowsPerSec: MANY };

function unrouted(): Dataplane {
  const d = new Dataplane();
  d.route();
  return d;
}

const datagram = (dst: string, sport = 1): Uint8Array => p.udp({ src: IP_A, dst }, { sport, dport: 2 });

it.each([
  ["a datagram", datagram(SERVER)],
  ["a SYN", p.tcp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 2, flags: p.SYN })],
  ["an echo request", p.echo({ src: IP_A, dst: SERVER }, 7)],
])("%s without a route: net unreachable, from the gateway, quoting it; counted as a drop", (_, packet) => {
  const d = unrouted();
  const error = only(d.fromEndpoint(A, packet));
  expect(error).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, type: 3, code: 0 });
  expect(error.data).toEqual(packet);
  expect([d.drops(A), d.state.conntrack.used]).toEqual([{ "no-route": 1 }, 0]);
});

it("a datagram without a port: administratively prohibited", () => {
  const d = new Dataplane({ masqueradeFirst: 61000, masqueradeLast: 61000 });
  expect(new Flow(d, { from: A, src: IP_A, sport: 1, dst: SERVER, dport: 2 }, p.UDP).open()).toBe(true);
  expect(only(d.fromEndpoint(A, datagram(SERVER, 3)))).toMatchObject({ port: A, src: GATEWAY, type: 3, code: 13 });
  const neighbor = p.udp({ src: IP_B, dst: SERVER }, { sport: 3, dport: 2 });
  expect(only(d.fromEndpoint(B, neighbor))).toMatchObject({ port: B, src: GATEWAY, type: 3, code: 13 });
  expect([d.drops(A), d.drops(B)]).toEqual([{ "limit-target-ports": 1 }, { "no-port": 1 }]);
});

/** Full of connections of four clients. */
function full(): Dataplane {
  const d = new Dataplane({ conntrackMax: 4, limits: NO_LIMITS });
  for (let n = 1; n <= 4; n++)
    expect(new Flow(d, { from: UP, src: `198.51.100.${n}`, sport: 1, dst: HOST_IP, dport: PUBLISHED }).open()).toBe(true);
  return d;
}

it("a datagram without room: administratively prohibited", () => {
  const d = full();
  expect(only(d.fromEndpoint(A, datagram(SERVER)))).toMatchObject({ port: A, src: GATEWAY, type: 3, code: 13 });
  expect(d.drops(A)).toEqual({ "table-full": 1 });
});

describe("silent is what", () => {
  it.each([
    ["is for a group", "224.0.0.251"],
    ["is for everybody", "255.255.255.255"],
    ["is for everybody in the own network", "172.17.255.255"],
    ["is for a neighbor, who is reached directly", "172.17.0.99"],
    ["is for the loopback network", "127.0.0.1"],
  ])("%s", (_, dst) => {
    expect(unrouted().fromEndpoint(A, datagram(dst))).toEqual([]);
  });

  it("comes from outside, whose address may be forged", () => {
    const d = full();
    expect(d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: 1, dport: PUBLISHED, flags: p.SYN }))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "table-full": 1 });
  });

  it("is an answer that nobody asked for", () => {
    const d = unrouted();
    d.route("1.0.0.0");
    expect(d.fromEndpoint(A, p.echo({ src: IP_A, dst: SERVER }, 1, true))).toEqual([]);
  });
});

it("is told 1,000 times a second at most, whatever comes in one batch; every drop is counted", () => {
  const d = unrouted();
  for (let n = 0; n < ICMP_PER_SEC + 50; n++) d.io.put(A, p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", datagram(SERVER, n)));
  expect(d.run()).toHaveLength(ICMP_PER_SEC);
  expect(d.drops(A)).toEqual({ "no-route": ICMP_PER_SEC + 50 });
});
