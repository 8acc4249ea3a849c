/** ICMP queries (RFC 5508 §3): echo, timestamp, and the obsolete information and address mask. */
import { describe, expect, it } from "vitest";
import { A, B, Dataplane, HOST_IP, IP_A, IP_B, only, SERVER, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";

const QUERIES = [
  ["echo", 8, 0, 32],
  ["timestamp", 13, 14, 12],
  ["information", 15, 16, 0],
  ["address-mask", 17, 18, 4],
] as const;

function message(src: string, dst: string, type: number, id: number, length = 12, ttl = 64): Uint8Array {
  return p.icmp({ src, dst, ttl }, type, 0, (id << 16) | 1, p.payload(length));
}

describe.each(QUERIES)("%s", (name, request, reply, length) => {
  it("goes out under the host's address with an identifier of its own, and its reply comes back", () => {
    const d = new Dataplane();
    const out = only(d.fromEndpoint(A, message(IP_A, SERVER, request, 77, length)));
    expect(out).toMatchObject({ port: UP, src: HOST_IP, dst: SERVER, type: request });
    expect(out.data).toEqual(p.payload(length));
    const back = only(d.fromUplink(message(SERVER, HOST_IP, reply, out.id, length)));
    expect(back).toMatchObject({ port: A, src: SERVER, dst: IP_A, type: reply, id: 77 });
    expect(d.flows().map((flow) => [flow.proto, flow.state, flow.timeoutSec])).toEqual([["icmp", name, 60]]);
  });

  it("keeps two endpoints of one identifier apart, and gives one endpoint one identifier to all (RFC 5508 REQ-1)", () => {
    const d = new Dataplane();
    const ids = [
      d.fromEndpoint(A, message(IP_A, SERVER, request, 77)),
      d.fromEndpoint(B, message(IP_B, SERVER, request, 77)),
      d.fromEndpoint(A, message(IP_A, "203.0.113.81", request, 77)),
    ].map((sent) => only(sent).id);
    expect(ids[0]).toBe(ids[2]);
    expect(ids[0]).not.toBe(ids[1]);
  });

  it("opens no flow with a reply", () => {
    const d = new Dataplane();
    expect(d.fromEndpoint(A, message(IP_A, SERVER, reply, 77))).toEqual([]);
    expect(d.fromUplink(message(SERVER, HOST_IP, reply, 77))).toEqual([]);
    expect([d.drops(A), d.drops(UP), d.state.conntrack.used]).toEqual([{ "no-flow": 1 }, { "no-flow": 1 }, 0]);
  });

  it("lets in what answers it alone: no other reply, and no request", () => {
    const d = new Dataplane();
    const { id } = only(d.fromEndpoint(A, message(IP_A, SERVER, request, 77)));
    const wrong = QUERIES.flatMap((query) => [query[1], query[2]]).filter((type) => type !== reply);
    for (const type of wrong) expect(d.fromUplink(message(SERVER, HOST_IP, type, id)), `${type}`).toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": wrong.length });
  });
});

it("lets an endpoint ask something else under the same identifier; then that alone is answered", () => {
  const d = new Dataplane();
  const first = only(d.fromEndpoint(A, message(IP_A, SERVER, 8, 77)));
  const second = only(d.fromEndpoint(A, message(IP_A, SERVER, 13, 77)));
  expect(second.id).toBe(first.id);
  expect(d.fromUplink(message(SERVER, HOST_IP, 0, first.id))).toEqual([]);
  expect(d.fromUplink(message(SERVER, HOST_IP, 14, first.id))).toHaveLength(1);
});

it("decides about a request and its reply in one batch", () => {
  const d = new Dataplane();
  const { id } = only(d.fromEndpoint(A, message(IP_A, SERVER, 13, 77)));
  d.at(d.now + 60);
  for (const type of [13, 14]) d.io.put(A, p.frame("02:42:ac:11:00:01", "02:42:ac:11:00:04", message(IP_A, SERVER, type, 78)));
  expect(d.run().map((sent) => p.parse(sent.bytes).type)).toEqual([13]);
  expect(d.drops(A)).toEqual({ "no-flow": 1 });
  expect(id).toBeGreaterThan(0);
});

it("of the other family is none: IPv4 with ICMPv6's number", () => {
  const d = new Dataplane();
  const datagram = message(IP_A, SERVER, 8, 77);
  const header = new DataView(datagram.buffer, datagram.byteOffset);
  header.setUint8(9, 58);
  header.setUint16(10, header.getUint16(10) - (58 - p.ICMP));
  expect(d.fromEndpoint(A, datagram)).toEqual([]);
  expect(d.drops(A)).toEqual({ protocol: 1 });
});
