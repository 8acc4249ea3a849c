/** What a capture sees of the packets on their way, and that the kernel gives back and gets again the flows that are captured. */
import { describe, expect, it } from "vitest";
import type { CaptureFilterOptions } from "../../src/dataplane/capture-filter.js";
import type { ToWorker } from "../../src/engine/messages.js";
import { ENDPOINT, HOST } from "../../src/table/ports.js";
import { FLOW_INGRESS_AT, FLOW_ORDER_AT } from "../../src/wire/flow-entry.js";
import { ORDER_BY_UPLINK, ORDER_MOST, ORDER_VALUE_SIZE, orderPlaces } from "../../src/wire/order.js";
import { BRIDGED, bridged, carried, flow, SPORT, Tap, tuple } from "../support/capture.js";
import {
  A,
  addPort,
  B,
  CLIENT,
  Dataplane,
  GATEWAY,
  HELD_PORT,
  HOST_IP,
  IP_A,
  IP_B,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  NET,
  PUBLISHED,
  prefix,
  subnet,
  TARGET,
  UP,
} from "../support/dataplane.js";
import { dual, IP6_A, TO_A6 } from "../support/dual.js";
import * as o from "../support/overlay.js";
import * as p from "../support/packets.js";

const OWN = 3;

describe("a capture", () => {
  it("shows both directions of a flow, as they came in and as they went out", () => {
    const d = bridged();
    const tap = new Tap(d);
    flow(d).open();
    expect(tap.words()).toEqual([
      `translated: ${CLIENT}:${SPORT} > ${HOST_IP}:${PUBLISHED} => ${CLIENT}:${SPORT} > ${BRIDGED}:${TARGET}`,
      `translated: ${BRIDGED}:${TARGET} > ${CLIENT}:${SPORT} => ${HOST_IP}:${PUBLISHED} > ${CLIENT}:${SPORT}`,
      `translated: ${CLIENT}:${SPORT} > ${HOST_IP}:${PUBLISHED} => ${CLIENT}:${SPORT} > ${BRIDGED}:${TARGET}`,
    ]);
    expect(d.told).toContainEqual({ type: "captured", id: tap.id });
  });

  it("shows every byte of a packet, also behind its head, and no more than is wanted", () => {
    const d = bridged();
    const f = flow(d);
    f.open();
    const [tap, brief] = [new Tap(d), new Tap(d, {}, { snap: 60 })];
    const data = p.payload(9000);
    const sent = f.client(p.ACK, data);
    const [packet] = tap.take();
    expect(p.hex(packet!.in.bytes.slice(-data.length))).toBe(p.hex(data));
    expect(p.hex(packet!.out!.bytes.slice(34))).toBe(p.hex(sent[0]!.bytes.subarray(p.VNET + 34)));
    expect(packet).toMatchObject({ in: { length: 9054, port: UP }, out: { length: 9054, port: UP } });
    const [cut] = brief.take();
    expect([cut!.in.length, cut!.in.bytes.length, cut!.out!.bytes.length]).toEqual([9054, 60, 60]);
  });

  it("says why a packet is dropped", () => {
    const d = bridged({ bypass: false });
    d.say({ type: "allow", prefixes: [prefix("203.0.113.0/24")] });
    const tap = new Tap(d, { port: PUBLISHED });
    d.fromHeld(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.SYN }));
    const [packet] = tap.take();
    expect(packet).toMatchObject({ verdict: "dropped", reason: "source-refused", out: undefined, in: { port: HELD_PORT, device: 2 } });
  });

  it("says that a packet's sender is answered in its receiver's place, and why", () => {
    const d = new Dataplane();
    d.route(); // there is no way out
    const tap = new Tap(d);
    d.fromEndpoint(A, p.udp({ src: IP_A, dst: "203.0.113.7" }, { sport: 5000, dport: 53 }));
    d.send(A, p.arpFrame(p.BROADCAST, { senderMac: MAC_A, senderIp: IP_A, targetIp: GATEWAY }));
    expect(tap.take().map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["answered", "no-route"],
      ["answered", undefined],
    ]);
  });

  it("says that the device did not take a packet", () => {
    const d = new Dataplane();
    d.publish(); // of the endpoint A
    const tap = new Tap(d);
    const syn = (): unknown => d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.SYN }));
    syn();
    d.io.removePort(A);
    syn();
    const tuple = `${CLIENT}:${SPORT} > ${HOST_IP}:${PUBLISHED}`;
    expect(tap.words()).toEqual([`translated: ${tuple} => ${CLIENT}:${SPORT} > ${IP_A}:${TARGET}`, `dropped tx-error: ${tuple}`]);
  });

  it("shows what neighbors send each other, and what is flooded", () => {
    const d = new Dataplane();
    const tap = new Tap(d, { network: NET });
    d.send(A, p.frame(MAC_B, MAC_A, p.udp({ src: IP_A, dst: IP_B }, { sport: 1, dport: 2 })));
    d.send(A, p.frame(p.BROADCAST, MAC_A, p.udp({ src: IP_A, dst: "255.255.255.255" }, { sport: 1, dport: 2 })));
    expect(tap.words()).toEqual([`forwarded: ${IP_A}:1 > ${IP_B}:2 => ${IP_A}:1 > ${IP_B}:2`, `flooded: ${IP_A}:1 > 255.255.255.255:2`]);
  });

  it("that finds no room counts the packets, and loses none of what is forwarded", () => {
    const d = bridged();
    const f = flow(d);
    f.open();
    const tap = new Tap(d, {}, { size: 1024 });
    for (let n = 0; n < 50; n++) expect(f.client()).toHaveLength(1);
    const seen = tap.take();
    f.client();
    const [next] = tap.take();
    expect(seen.length).toBeGreaterThan(0);
    expect(seen.length + next!.lost).toBe(50);
  });
});

describe("a filter", () => {
  const OTHER = "192.0.2.20";

  it.each<[string, Partial<CaptureFilterOptions>, boolean]>([
    ["of the published port", { port: PUBLISHED }, true],
    ["of another port", { port: PUBLISHED + 1 }, false],
    ["of the target's port", { port: TARGET }, false],
    ["of the client", { client: prefix(`${CLIENT}/32`) }, true],
    ["of another client", { client: prefix(`${OTHER}/32`) }, false],
    ["of the target", { target: prefix(`${BRIDGED}/32`) }, true],
    ["of another target", { target: prefix(`${IP_A}/32`) }, false],
    ["of the protocol", { proto: p.TCP }, true],
    ["of another protocol", { proto: p.UDP }, false],
    ["of a network that the flow is not in", { network: NET }, false],
    ["of drops", { drops: true }, false],
  ])("%s: both directions or neither", (_, filter, sees) => {
    const d = bridged();
    const tap = new Tap(d, filter);
    flow(d).open();
    expect(tap.take()).toHaveLength(sees ? 3 : 0);
  });

  it("of drops sees a packet that cannot be sent, and none before", () => {
    const d = bridged();
    const tap = new Tap(d, { drops: true });
    const f = flow(d);
    f.open();
    expect(tap.take()).toEqual([]);
    d.io.transmit = (count) => {
      for (let k = 0; k < count; k++) d.io.tx[k * 4 + 1] = -105; // ENOBUFS
      return count;
    };
    f.client(p.ACK, p.payload(9000));
    const [packet, ...others] = tap.take();
    expect(others).toEqual([]);
    expect(packet).toMatchObject({ verdict: "dropped", reason: "tx-full", out: undefined, in: { port: UP } });
    expect(packet!.in.bytes).toHaveLength(packet!.in.length);
    expect(p.parse(p.join(new Uint8Array(p.VNET), packet!.in.bytes))).toMatchObject({ src: CLIENT, sport: SPORT, dport: PUBLISHED });
  });

  it.each<[string, Partial<CaptureFilterOptions>, boolean]>([
    ["of the published port", { port: PUBLISHED }, true],
    ["of the client", { client: prefix(`${CLIENT}/32`) }, true],
    ["of the target that the port leads to", { target: prefix(`${BRIDGED}/32`) }, true],
    ["of another target", { target: prefix(`${IP_A}/32`) }, false],
    ["of drops", { drops: true }, true],
  ])("%s sees a packet that opens no flow", (_, filter, sees) => {
    const d = bridged();
    d.say({ type: "allow", prefixes: [prefix("203.0.113.0/24")] });
    const tap = new Tap(d, filter);
    flow(d).client(p.SYN);
    expect(tap.take()).toHaveLength(sees ? 1 : 0);
  });

  it("of a network sees what its endpoints send, and not what others do", () => {
    const d = bridged();
    const [tap, other] = [new Tap(d, { network: NET }), new Tap(d, { network: NET + 1 })];
    d.fromEndpoint(A, p.udp({ src: IP_A, dst: "203.0.113.7" }, { sport: 5000, dport: 5001 }));
    flow(d).open();
    expect(tap.take()).toHaveLength(1);
    expect(other.take()).toEqual([]);
  });
});

describe("a flow that the kernel carries", () => {
  it("comes back while it is captured, and is carried again when the capture ends; its packets are counted on", () => {
    const d = bridged();
    const f = flow(d);
    f.open();
    expect(carried(d)).toEqual([true, true]);
    count(d, 100);
    const tap = new Tap(d, { port: PUBLISHED });
    expect(carried(d)).toEqual([false, false]);
    expect(d.flows()).toMatchObject([{ state: "established", offloaded: false, packets: [102, 101] }]);
    f.client();
    f.server();
    expect(tap.take()).toHaveLength(2);
    tap.end();
    expect(carried(d)).toEqual([true, true]);
    expect(d.flows()).toMatchObject([{ state: "established", offloaded: true, packets: [103, 102] }]);
    f.client(p.FIN | p.ACK);
    expect(tap.take()).toEqual([]);
  });

  it("of which no capture wants packets stays where it is", () => {
    const d = bridged();
    flow(d).open();
    const tap = new Tap(d, { port: PUBLISHED + 1 });
    expect(carried(d)).toEqual([true, true]);
    expect(d.flowsWritten).toHaveLength(0);
    tap.end();
  });

  it("stays back as long as one of several captures wants it", () => {
    const d = bridged();
    flow(d).open();
    const [one, other] = [new Tap(d, { port: PUBLISHED }), new Tap(d, { client: prefix(`${CLIENT}/32`) })];
    one.end();
    expect(carried(d)).toEqual([false, false]);
    other.end();
    expect(carried(d)).toEqual([true, true]);
  });

  it("that is opened while it is captured is not carried before the capture ends", () => {
    const d = bridged();
    const tap = new Tap(d);
    const f = flow(d);
    f.open();
    expect(carried(d).some((each) => each)).toBe(false);
    tap.end();
    f.server();
    expect(carried(d)).toEqual([true, true]);
    expect(d.flows()).toMatchObject([{ offloaded: true }]);
  });

  it("that was entered by a frame on its way when the capture began comes back, and so does one entered in the second after", () => {
    const d = bridged();
    const f = flow(d);
    f.client(p.SYN);
    f.server(p.SYN | p.ACK);
    const late = [...d.flowMap];
    const tap = new Tap(d);
    for (let second = 0; second < 2; second++) {
      for (const [key, value] of late) d.flowMap.set(key, value);
      expect(carried(d)).toEqual([true, true]);
      d.at(d.now + 1);
      expect(carried(d)).toEqual([false, false]);
    }
    tap.end();
  });

  it("of datagrams is given back once what comes here has had stamps for more than a second, and a new capture puts that off", () => {
    const d = bridged();
    d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
    const send = (src: string, dst: string, sport: number, dport: number): unknown => d.fromUplink(p.udp({ src, dst }, { sport, dport }));
    send(CLIENT, HOST_IP, SPORT, PUBLISHED);
    send(BRIDGED, CLIENT, TARGET, SPORT);
    const waiting = (): number[] => [...d.flowMap.values()].map((value) => Buffer.from(value, "hex").readUInt32LE(FLOW_ORDER_AT));
    const within = (seconds: number): boolean[] => {
      for (let n = 0; n < seconds; n++) d.at(d.now + 1);
      return carried(d);
    };
    expect([carried(d), waiting()]).toEqual([
      [true, true],
      [ORDER_MOST, ORDER_MOST],
    ]);
    const tap = new Tap(d);
    expect([within(3), waiting()]).toEqual([
      [false, false],
      [0, 0], // frames come as they were sent
    ]);
    tap.end();
    expect([within(1), waiting()]).toEqual([
      [false, false],
      [0xffff_ffff, 0xffff_ffff],
    ]);
    const other = new Tap(d);
    expect(waiting()).toEqual([0, 0]); // they come as they were sent from here on
    expect(within(3)).toEqual([false, false]);
    other.end();
    expect(within(1)).toEqual([false, false]);
    const wait = (ORDER_MOST | ORDER_BY_UPLINK) >>> 0;
    expect([within(2), waiting()]).toEqual([
      [true, true],
      [wait, wait],
    ]);
  });

  it("is shown without the stamps that were on their way when the capture began, and with its addresses from then on", () => {
    const d = bridged();
    d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
    const stamp = p.join(Uint8Array.of(0x74, 0x6f), p.bytesOf("74376472"), Uint8Array.of(1, 0, 0, 0, 5, 0)); // as `wire/order.ts` has it
    const datagram = p.udp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED });
    const plain = p.frame(MAC_B, MAC_A, datagram);
    const stamped = plain.slice();
    stamped.set(stamp, p.VNET);
    const tap = new Tap(d);
    for (const frame of [stamped, plain]) d.send(UP, frame);
    d.send(HELD_PORT, stamped);
    const zeros = "00".repeat(12);
    expect(tap.take().map(({ in: { bytes } }) => p.hex(bytes.subarray(0, 12)))).toEqual([
      zeros,
      p.hex(plain.subarray(p.VNET, p.VNET + 12)),
      zeros,
    ]);
    // A copy of what the kernel carries has a mark in place of the sender's.
    const copy = plain.slice();
    copy.set(p.bytesOf("737464ff0000"), p.VNET + 6);
    d.send(UP, copy);
    expect(tap.take().map(({ in: { bytes } }) => p.hex(bytes.subarray(0, 12)))).toEqual([
      p.hex(plain.subarray(p.VNET, p.VNET + 6)) + "00".repeat(6),
    ]);
    tap.end();
  });

  it("of datagrams that wait for those in the ring buffer lets them wait on, and gets stamps a pass later", () => {
    const d = bridged({ bypass: false });
    d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
    const STAMPED = 0xffff_ffff;
    const send = (): unknown => d.fromHeld(p.udp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED }));
    for (let n = 0; n < 3; n++) send();
    const entries = (): [fromClient: boolean, waiting: number][] =>
      [...d.flowMap.values()].map((value) => {
        const bytes = Buffer.from(value, "hex");
        return [bytes.readUInt32LE(FLOW_INGRESS_AT) !== 0, bytes.readUInt32LE(FLOW_ORDER_AT)];
      });
    const within = (seconds: number): unknown => {
      for (let n = 0; n < seconds; n++) d.at(d.now + 1);
      return [carried(d), entries()];
    };
    const is = (isCarried: boolean, fromClient: number, fromTarget: number): unknown => [
      [isCarried, isCarried],
      [
        [true, fromClient],
        [false, fromTarget],
      ],
    ];
    expect(within(0)).toEqual(is(true, ORDER_MOST, ORDER_MOST));
    const tap = new Tap(d);
    expect(within(3)).toEqual(is(false, ORDER_MOST, 0));
    tap.end();
    expect(within(1)).toEqual(is(false, ORDER_MOST, STAMPED));
    expect(within(2)).toEqual(is(false, STAMPED, STAMPED));
    const wait = (ORDER_MOST | ORDER_BY_UPLINK) >>> 0;
    expect(within(2)).toEqual(is(true, wait, wait));
  });

  it("ends while it is captured by what begins where the kernel has noted, and by nothing forged", () => {
    const d = bridged();
    const f = flow(d);
    f.open();
    count(d, 100, 0x4321);
    const tap = new Tap(d);
    const reset = (seq: number): string => {
      d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.RST, seq }));
      return d.flows()[0]!.state;
    };
    expect([0, 0x4121_0000, 0x6321_0000, 0x4321_0000].map(reset)).toEqual(["established", "established", "established", "reset"]);
    tap.end();
  });

  it("ends as others do while it is captured", () => {
    const d = bridged();
    const f = flow(d);
    f.open();
    const tap = new Tap(d);
    f.client(p.RST);
    expect(d.flows()[0]!.state).toBe("reset");
    tap.end();
    d.at(d.now + 1000);
    expect(d.flows()).toEqual([]);
    expect(d.flowMap.size).toBe(0);
  });
});

/** As the kernel does when it carries packets of every flow: counts them, and notes the upper half of the last acknowledgment. */
function count(d: Dataplane, packets: number, acked = 0): void {
  for (const [key, value] of d.flowMap) {
    const bytes = Buffer.from(value, "hex");
    bytes.writeUInt32LE(d.now, 12);
    bytes.writeBigUInt64LE(BigInt(packets), 16);
    bytes.writeUInt16BE(acked, 30);
    d.flowMap.set(key, bytes.toString("hex"));
  }
}

/** A host with a network whose endpoints A and B hang on veth pairs. */
function own(): Dataplane {
  const d = new Dataplane({ offload: true });
  for (const port of [A, B]) d.say({ type: "remove-port", port });
  d.say({ type: "station-pairs", fd: 9 }, { type: "add-network", network: OWN, subnets: [subnet("172.17.0.0/16", GATEWAY)], flags: 0 });
  d.say(addPort(20, HOST, MAC_GATEWAY, GATEWAY, OWN));
  for (const [port, mac, address] of [
    [A, MAC_A, IP_A],
    [B, MAC_B, IP_B],
  ] as const)
    d.say({ ...(addPort(port, ENDPOINT, mac, address, OWN) as Extract<ToWorker, { type: "add-port" }>), device: 70 + port });
  return d;
}

describe.each([
  ["IPv4", o.V4],
  ["IPv6", o.V6],
])("an overlay network over %s", (_, underlay) => {
  const PORTS = { sport: 40000, dport: 80 };

  it("is seen as datagrams, and as what is inside", () => {
    const d = o.overlay({ underlay });
    const tap = new Tap(d, { network: o.OVERLAY });
    const data = p.payload(3000);
    d.send(o.E, p.frame(o.MAC_R, o.MAC_E, p.tcp({ src: o.IP_E, dst: o.IP_R }, PORTS)));
    const back = p.partial(p.frame(o.MAC_E, o.MAC_R, p.tcp({ src: o.IP_R, dst: o.IP_E }, { ...PORTS, data })), p.GSO_TCPV4, 1398);
    const overhead = underlay === o.V6 ? 70 : 50;
    const header = { flags: 1, gso: p.GSO_TCPV4 | (underlay === o.V6 ? 0x40 : 0x20), headers: overhead + 54, size: 1398, start: overhead + 34, field: 16, transport: overhead - 16, network: overhead + 14 }; // biome-ignore format: as the device says it
    d.send(o.TUNNEL, o.arriving(o.datagram(back.subarray(p.VNET), { src: underlay.node, dst: underlay.local }), header));
    const packets = tap.take();
    expect(packets.map(({ verdict, in: { bytes } }) => `${verdict}: ${tuple(bytes)}`.replace(/:\d{5} /, ":PORT "))).toEqual([
      `forwarded: ${o.IP_E}:PORT > ${o.IP_R}:80`,
      `forwarded: ${underlay.node}:PORT > ${underlay.local}:4789`,
    ]);
    expect(packets.map(({ out }) => tuple(out!.bytes).replace(/:\d{5} /, ":PORT "))).toEqual([
      `${underlay.local}:PORT > ${underlay.node}:4789`,
      `${o.IP_R}:PORT > ${o.IP_E}:80`,
    ]);
    // Both are whole.
    for (const side of [packets[1]!.in, packets[1]!.out!]) {
      expect(side.bytes).toHaveLength(side.length);
      expect(p.hex(side.bytes.slice(-data.length))).toBe(p.hex(data));
    }
  });
});

it("a client of the other family is seen before and after the translation, every byte of it", () => {
  const d = dual({ bypass: true });
  const tap = new Tap(d, { target: prefix(`${IP6_A}/128`) });
  const data = p.payload(5000);
  d.publish({ ...TO_A6, hostIp: "0.0.0.0" });
  d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.SYN, data }));
  const [packet] = tap.take();
  expect(packet).toMatchObject({ verdict: "translated" });
  expect(tuple(packet!.in.bytes)).toBe(`${CLIENT}:${SPORT} > ${HOST_IP}:${PUBLISHED}`);
  expect(tuple(packet!.out!.bytes)).toContain(` > ${IP6_A}:`);
  for (const side of [packet!.in, packet!.out!]) expect(p.hex(side.bytes.slice(-data.length)) === p.hex(data)).toBe(true);
});

describe("an own network", () => {
  const PEER = "203.0.113.7";
  const out = (d: Dataplane, flags: number) => d.fromEndpoint(A, p.tcp({ src: IP_A, dst: PEER }, { sport: 5000, dport: 80, flags }));
  const back = (d: Dataplane, flags: number, dport: number) =>
    d.fromUplink(p.tcp({ src: PEER, dst: HOST_IP }, { sport: 80, dport, flags }));

  it.each([false, true])("has what an endpoint opens carried again after a capture (it was open before: %s)", (before) => {
    const d = own();
    const start = (): Tap => new Tap(d, { network: OWN });
    const early = before ? undefined : start();
    const [syn] = out(d, p.SYN);
    const { sport } = p.parse(syn!.bytes);
    back(d, p.SYN | p.ACK, sport);
    out(d, p.ACK);
    expect(carried(d).includes(true)).toBe(before);
    const tap = early ?? start();
    expect(carried(d).includes(true)).toBe(false);
    tap.take();
    out(d, p.ACK);
    back(d, p.ACK, sport);
    expect(tap.words()).toEqual([
      `translated: ${IP_A}:5000 > ${PEER}:80 => ${HOST_IP}:${sport} > ${PEER}:80`,
      `translated: ${PEER}:80 > ${HOST_IP}:${sport} => ${PEER}:80 > ${IP_A}:5000`,
    ]);
    tap.end();
    back(d, p.ACK, sport);
    expect(carried(d)).toEqual([true, true]);
  });

  it("has what neighbors send each other come to the loop while it is captured, and no longer", () => {
    const d = own();
    const send = (): unknown => d.send(A, p.frame(MAC_B, MAC_A, p.udp({ src: IP_A, dst: IP_B }, { sport: 5000, dport: 5001 })));
    send();
    expect(d.stationPairs.size).toBe(1);
    const other = new Tap(d, { network: OWN + 1 });
    send();
    expect(d.stationPairs.size).toBe(1);
    const tap = new Tap(d, { network: OWN });
    send();
    send();
    expect(d.stationPairs.size).toBe(0);
    expect(tap.take()).toHaveLength(2);
    tap.end();
    other.end();
    send();
    expect(d.stationPairs.size).toBe(1);
  });
});
