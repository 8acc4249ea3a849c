/** What a capture says of packets that do not simply go on, and how flows are moved for it when there are many. */
import { describe, expect, it } from "vitest";
import * as ct from "../../src/table/conntrack.js";
import { RETURNED_TOO_LONG } from "../../src/wire/flow-entry.js";
import { BRIDGED, bridged, carried, flow, SPORT, Tap, tuple } from "../support/capture.js";
import { A, CLIENT, Dataplane, HOST_IP, IP_A, IP_B, MAC_A, PUBLISHED, prefix, TARGET, UP } from "../support/dataplane.js";
import * as o from "../support/overlay.js";
import * as p from "../support/packets.js";
import { givenBack } from "../support/returned.js";
import { sealedPair } from "../support/sealed-pair.js";

const OUTSIDE = "203.0.113.7";

describe("a capture", () => {
  it("says that a packet is translated which the host's kernel has accepted", () => {
    const d = bridged({ bypass: false });
    const tap = new Tap(d);
    d.fromHeld(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.SYN }));
    expect(tap.words()).toEqual([`translated: ${CLIENT}:${SPORT} > ${HOST_IP}:${PUBLISHED} => ${CLIENT}:${SPORT} > ${BRIDGED}:${TARGET}`]);
  });

  it("shows a datagram that the uplink's program has given back, as one of its flow that goes on in fragments", () => {
    const d = bridged();
    const from = { sport: SPORT, dport: PUBLISHED, data: p.payload(2000) };
    const [sent] = d.fromUplink(p.udp({ src: CLIENT, dst: HOST_IP, fragment: 0 }, from));
    const [tap, other] = [new Tap(d, { port: PUBLISHED }), new Tap(d, { port: PUBLISHED + 1 })];
    expect(d.send(UP, givenBack(sent!.bytes, RETURNED_TOO_LONG, 1500)).length).toBeGreaterThan(1);
    expect(tap.words()).toEqual([`fragmented: ${CLIENT}:${SPORT} > ${BRIDGED}:${TARGET}`]);
    expect(other.take()).toEqual([]);
  });

  it("says why who has sent a packet whose TTL ends here is answered, also in a capture of drops", () => {
    const d = bridged();
    const tap = new Tap(d, { drops: true });
    d.fromEndpoint(A, p.udp({ src: IP_A, dst: OUTSIDE, ttl: 1 }, { sport: 5000, dport: 53 }));
    expect(tap.take()).toMatchObject([{ verdict: "answered", reason: "ttl-exceeded" }]);
    expect(d.drops(A)).toEqual({});
  });

  it("says of a flooded packet that one of its copies did not leave", () => {
    const d = new Dataplane();
    const [tap, drops] = [new Tap(d), new Tap(d, { drops: true })];
    const transmit = d.io.transmit.bind(d.io);
    d.io.transmit = (count) => {
      transmit(count);
      d.io.tx[1] = -11; // EAGAIN
      return count;
    };
    d.send(A, p.frame(p.BROADCAST, MAC_A, p.udp({ src: IP_A, dst: "255.255.255.255" }, { sport: 1, dport: 2 })));
    for (const { take } of [tap, drops].map((each) => ({ take: each.take() })))
      expect(take).toMatchObject([{ verdict: "flooded", reason: "tx-full" }]);
  });

  it("says that nothing is sent to a node whose key is not known, of what is flooded too", () => {
    const { a, b } = sealedPair();
    a.ring.setPeer(prefix(`${b.local}/32`).address, undefined);
    const tap = new Tap(a.d);
    a.send(p.frame(o.MAC_R, o.MAC_E, p.udp({ src: o.IP_E, dst: o.IP_R }, { sport: 1, dport: 2 })));
    a.send(p.frame("ff:ff:ff:ff:ff:ff", o.MAC_E, p.udp({ src: o.IP_E, dst: "10.9.255.255" }, { sport: 1, dport: 2 })));
    expect(tap.take().map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["dropped", "no-key"],
      ["flooded", "no-key"],
    ]);
  });

  it("shows every byte of a long packet that comes in one piece, out of a sealed datagram", () => {
    const { a, b } = sealedPair();
    for (const { d } of [a, b]) d.say({ type: "remote-mtu", network: o.OVERLAY, mtu: 8000 });
    const tap = new Tap(b.d);
    const data = p.payload(6000);
    const frame = p.frame(o.MAC_R, o.MAC_E, p.udp({ src: o.IP_E, dst: o.IP_R }, { sport: 1, dport: 2, data }));
    expect(b.receive(...a.send(frame))).toEqual([frame]);
    const packet = tap.take().find(({ in: { bytes } }) => tuple(bytes).startsWith(o.IP_E))!;
    expect(packet).toMatchObject({ verdict: "forwarded" });
    for (const side of [packet.in, packet.out!]) expect(p.hex(side.bytes)).toBe(p.hex(frame.subarray(p.VNET)));
  });
});

describe("a filter by port", () => {
  it("takes no ICMP for it, whose identifier is that number, but errors about the flow", () => {
    const d = bridged();
    const tap = new Tap(d, { port: PUBLISHED });
    d.fromEndpoint(A, p.icmp({ src: IP_A, dst: OUTSIDE }, 8, 0, (PUBLISHED << 16) | 1, p.payload(8)));
    d.fromEndpoint(A, p.icmp({ src: IP_A, dst: IP_B, ttl: 1 }, 8, 0, (PUBLISHED << 16) | 1, p.payload(8)));
    expect(tap.take()).toEqual([]);
    flow(d).open();
    tap.take();
    const quoted = p.tcp({ src: CLIENT, dst: BRIDGED }, { sport: SPORT, dport: TARGET, flags: p.ACK });
    d.fromUplink(p.icmpError({ src: BRIDGED, dst: CLIENT }, p.PORT_UNREACHABLE, quoted));
    expect(tap.take()).toHaveLength(1);
  });
});

describe("many flows", () => {
  const FLOWS = 500;

  function many(): Dataplane {
    const d = bridged();
    for (let n = 0; n < FLOWS; n++) flow(d, CLIENT, 10_000 + n).open();
    expect(carried(d).filter((each) => each)).toHaveLength(2 * FLOWS);
    return d;
  }

  /** How many entries each turn writes until nothing is left to do. */
  function turns(d: Dataplane): number[] {
    const sizes: number[] = [];
    while (d.state.withholdAt < d.state.conntrack.end) {
      const before = d.flowsWritten.length;
      d.engine.turn(0, 0);
      sizes.push(d.flowsWritten.length - before);
    }
    return sizes;
  }

  it("come back and are given back a few at a time, with packets in between; the capture has begun when all have come back", () => {
    const d = many();
    const begun = (): unknown => d.told.find((message) => message.type === "answer");
    d.told.length = 0;
    const tap = new Tap(d);
    expect(begun()).toBeUndefined();
    expect(carried(d).filter((each) => each).length).toBeGreaterThan(FLOWS);
    expect(flow(d, CLIENT, 10_000).client()).toHaveLength(1);
    expect(Math.max(...turns(d))).toBeLessThan(FLOWS / 5);
    expect(carried(d)).not.toContain(true);
    expect(begun()).toEqual({ type: "answer", id: 0, value: null });
    tap.end();
    expect(carried(d)).toContain(false);
    expect(Math.max(...turns(d))).toBeLessThan(FLOWS / 5);
    expect(carried(d)).not.toContain(false);
  });

  it("are where they belong when captures begin and end in the middle of that", () => {
    const d = many();
    const [one, other] = [new Tap(d, { port: PUBLISHED + 1 }), new Tap(d)];
    one.end();
    const last = new Tap(d, { client: prefix(`${CLIENT}/32`) });
    other.end();
    turns(d);
    expect(carried(d)).not.toContain(true);
    last.end();
    turns(d);
    expect(carried(d)).not.toContain(false);
  });
});

it("a reset or an end outside of the window changes nothing of a flow that the kernel was to carry, and has refused", () => {
  const d = bridged();
  const f = flow(d);
  f.open();
  const tap = new Tap(d);
  d.say({ type: "offload", ipv4: false, ipv6: false });
  tap.end();
  f.client();
  f.server();
  expect(d.state.conntrack.isWithheld(0)).toBe(false);
  d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.RST, seq: 0x4000_0000 }));
  expect(d.state.conntrack.state(0)).toBe(ct.ESTABLISHED);
  d.at(d.now + 10_000);
  expect(d.flowMap.size).toBe(0);
});
