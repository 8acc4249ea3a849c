/**
 * Which flows the kernel is asked to carry, what is entered for them (the bytes of the `flows` map, `wire/flow-entry.ts`), and how the engine
 * catches up with what it does not see. The published targets are on a bridge of the kernel: 172.18.0.4 and .5.
 */
import { describe, expect, it } from "vitest";
import { retire } from "../../src/dataplane/retire.js";
import type { StateOptions } from "../../src/dataplane/state.js";
import { forgetAcked } from "../../src/dataplane/tcp-window.js";
import type { SentFrame } from "../../src/device/memory-io.js";
import { RX_PACKETS, TX_PACKETS } from "../../src/engine/counters.js";
import * as ct from "../../src/table/conntrack.js";
import { FLOW_ORDER_AT } from "../../src/wire/flow-entry.js";
import {
  ORDER_MOST,
  ORDER_PASSED_AT,
  ORDER_VALUE_SIZE,
  orderPlaces,
  STAMP_AT,
  STAMP_ENTERED,
  STAMP_ENTERED_AT,
  STAMP_MARK,
  STAMP_MARK_AT,
  STAMP_PLACE_AT,
} from "../../src/wire/order.js";
import { CLIENT, Dataplane, HELD_PORT, HOST_IP, IP_A, MAC_UP, only, PUBLISHED, raw, TARGET, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";

const BRIDGED = "172.18.0.4",
  BRIDGE = "172.18.0.1",
  OTHER_HOST_IP = "192.0.2.2",
  SPORT = 40000,
  MAC_COPY = "73:74:64:ff:00:01"; // `wire/order.ts`

function bridged(options: Partial<StateOptions> = {}): Dataplane {
  const d = new Dataplane({ offload: true, ...options });
  const target = { target: BRIDGED, network: -1, snatSource: BRIDGE, onlink: "172.18.0.0/16" };
  for (const proto of [p.TCP, p.UDP]) d.publish({ proto, ...target });
  d.state.locals.set(raw(BRIDGE), 0, 1);
  d.state.locals.set(raw(OTHER_HOST_IP), 0, 1);
  return d;
}

/** A connection, or UDP flow, through the published port: `client` and `server` send one packet each. */
function flow(d: Dataplane, proto: number, from = CLIENT, sport = SPORT, to = HOST_IP) {
  const client = (flags = p.ACK) => {
    const ip = { src: from, dst: to };
    const l4 = { sport, dport: PUBLISHED };
    return d.fromUplink(proto === p.TCP ? p.tcp(ip, { ...l4, flags }) : p.udp(ip, l4));
  };
  const server = (flags = p.ACK) => {
    const ip = { src: BRIDGED, dst: from };
    const l4 = { sport: TARGET, dport: sport };
    return d.fromUplink(proto === p.TCP ? p.tcp(ip, { ...l4, flags }) : p.udp(ip, l4));
  };
  return {
    client,
    server,
    /** Row in conntrack; -1: none. */
    id: () => d.state.conntrack.lookup(raw(from), raw(to), ports(sport, PUBLISHED), proto) >> 1,
    /** What opens it, as far as the engine sees that: the client's last ACK is the kernel's. */
    open(): void {
      client(p.SYN);
      if (proto === p.TCP) server(p.SYN | p.ACK);
      else client();
    },
  };
}

/** Raw ports word. */
function ports(source: number, destination: number): number {
  return Buffer.from(bigEndian(source) + bigEndian(destination), "hex").readInt32LE();
}

const bigEndian = (n: number): string => n.toString(16).padStart(4, "0");
const address = (text: string): string => p.hex(p.ipBytes(text));

/** Key of the map: a packet as the engine sent it. */
function key(src: string, dst: string, sport: number, dport: number, proto: number): string {
  return `${address(src)}${address(dst)}${bigEndian(sport)}${bigEndian(dport)}${proto.toString(16).padStart(2, "0")}000000`;
}

/** Value of the map: uplink 7, then what is put in its place at which end (1 source, 2 destination, 0 nothing), then counters. */
function value(to?: string, port = 0, end = 0): string {
  return `07000000${to === undefined ? "00000000" : address(to)}${bigEndian(port)}${end.toString(16).padStart(2, "0")}00${"0".repeat(56)}`;
}

/** The same where both ends get others: source and destination, and what the TTL loses. */
function both(src: string, sport: number, dst: string, dport: number, hops: number): string {
  return `07000000${address(src)}${bigEndian(sport)}040${hops}${"0".repeat(24)}${address(dst)}${bigEndian(dport)}0000${"0".repeat(16)}`;
}

const fromClient = (proto: number): string => key(HOST_IP, CLIENT, PUBLISHED, SPORT, proto);
const fromServer = (proto: number): string => key(CLIENT, BRIDGED, SPORT, TARGET, proto);
const offloadedEntries = (proto: number): [string, string][] => [
  [fromClient(proto), value(BRIDGED, TARGET, 2)],
  [fromServer(proto), value(HOST_IP, PUBLISHED, 1)],
];
const entries = (d: Dataplane): [string, string][] => [...d.flowMap];

/** As the kernel does when it carries packets: counts them in the entry, and notes the second and the upper half of the last acknowledgment. */
function carry(d: Dataplane, at: string, packets: number, seen: number, acked = 0): void {
  const bytes = Buffer.from(d.flowMap.get(at)!, "hex");
  bytes.writeUInt32LE(seen, 12);
  bytes.writeBigUInt64LE(BigInt(packets), 16);
  bytes.writeUInt16BE(acked, 30);
  d.flowMap.set(at, bytes.toString("hex"));
}

describe("a flow to a published port on a kernel bridge", () => {
  it.each([
    ["TCP", p.TCP],
    ["UDP", p.UDP],
  ])("is handed over with its first answer, both directions (%s)", (_, proto) => {
    const d = bridged();
    const f = flow(d, proto);
    expect(only(f.client(p.SYN))).toMatchObject({ dst: BRIDGED, dport: TARGET });
    expect(entries(d)).toEqual([]);
    expect(only(f.server(p.SYN | p.ACK))).toMatchObject({ src: HOST_IP, sport: PUBLISHED, dst: CLIENT, dport: SPORT });
    expect(entries(d)).toEqual(offloadedEntries(proto));
    expect(d.flows()).toMatchObject([{ offloaded: true, packets: [1, 1] }]);
  });

  it("of datagrams without an answer is handed over with its second one", () => {
    const d = bridged();
    const f = flow(d, p.UDP);
    f.client();
    expect(entries(d)).toEqual([]);
    f.client();
    expect(entries(d)).toEqual(offloadedEntries(p.UDP));
  });

  it("has datagrams wait for those before them where the order is kept, and segments not", () => {
    const d = bridged();
    d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
    const datagrams = flow(d, p.UDP);
    datagrams.client();
    datagrams.client();
    const waiting = (at: string): number => Buffer.from(d.flowMap.get(at)!, "hex").readUInt32LE(FLOW_ORDER_AT);
    expect([fromClient(p.UDP), fromServer(p.UDP)].map(waiting)).toEqual([ORDER_MOST, ORDER_MOST]);
    flow(d, p.TCP).open();
    expect([fromClient(p.TCP), fromServer(p.TCP)].map(waiting)).toEqual([0, 0]);
  });

  it("tells the programs which stamp has left, of what the kernel has accepted and of what comes by the uplink", () => {
    const d = bridged();
    const memory = new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE);
    d.state.order.open(memory, 0);
    const passed = (place: number): number => new DataView(memory).getUint32(place * ORDER_VALUE_SIZE + ORDER_PASSED_AT, true);
    const stamped = (datagram: Uint8Array, port: number, device: number, stamp: number, place: number, entered = 0): void => {
      const bytes = Buffer.from(p.frame("00:00:00:00:00:00", "00:00:00:00:00:00", datagram));
      const at = p.VNET;
      bytes.writeUInt16LE(entered, at + STAMP_ENTERED_AT);
      bytes.writeUInt32LE(STAMP_MARK, at + STAMP_MARK_AT);
      bytes.writeUInt32LE(stamp, at + STAMP_AT);
      bytes.writeUInt16LE(place, at + STAMP_PLACE_AT);
      d.io.put(port, bytes, device);
      d.run();
    };
    const question = p.udp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED });
    stamped(question, HELD_PORT, 2, 77, 5);
    stamped(p.udp({ src: BRIDGED, dst: CLIENT }, { sport: TARGET, dport: SPORT }), UP, 0, 0x80000001, 6);
    expect([passed(5), passed(6)]).toEqual([77, 0x80000001]);
    const written = d.flowsWritten.length;
    stamped(question, HELD_PORT, 2, 78, 5, STAMP_ENTERED);
    expect([passed(5), d.flowsWritten.length]).toEqual([78, written]); // its flow's entry is there
  });

  it("follows the end of a connection by copies of segments that the kernel carries: counts them, and sends none", () => {
    const d = bridged();
    d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
    const f = flow(d, p.TCP);
    f.open();
    const copy = (datagram: Uint8Array): SentFrame[] => d.send(UP, p.frame(MAC_UP, MAC_COPY, datagram));
    const fin = { flags: p.FIN | p.ACK };
    const counted = (): number[] => [RX_PACKETS, TX_PACKETS].map((what) => d.count(UP, what));
    const before = counted();
    expect(copy(p.tcp({ src: BRIDGED, dst: CLIENT }, { sport: TARGET, dport: SPORT, ...fin }))).toEqual([]);
    expect(copy(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, ...fin }))).toEqual([]);
    expect(d.flows()).toMatchObject([{ state: "closing", packets: [2, 2] }]);
    expect(counted()).toEqual(before.map((n) => n + 2));
    expect(d.dropTotal()).toBe(0);
    expect(only(f.client())).toMatchObject({ dst: BRIDGED }); // what comes itself is sent on
  });

  it("keeps what the kernel has counted when it is entered again, by a datagram that was on its way or by the first answer", () => {
    const d = bridged();
    const f = flow(d, p.UDP);
    f.client();
    f.client(); // enters it
    carry(d, fromServer(p.UDP), 3, 1000);
    carry(d, fromClient(p.UDP), 2, 1000);
    f.client(); // accepted by the host's kernel before that
    expect(d.flows()).toMatchObject([{ packets: [5, 3] }]);
    f.server(); // as the first answer asks for it
    expect(d.flows()).toMatchObject([{ packets: [5, 4] }]);
    d.state.conntrack.mark(f.id(), 1, ct.EGRESS_ENTER, 0); // as if that had been decided before
    f.server();
    expect(d.flows()).toMatchObject([{ packets: [5, 5] }]);
  });

  it("is handed over again by the client's packets when the kernel has forgotten it, and works meanwhile", () => {
    const d = bridged();
    const f = flow(d, p.TCP);
    f.open();
    d.flowMap.clear();
    expect(only(f.server())).toMatchObject({ src: HOST_IP, sport: PUBLISHED, dst: CLIENT });
    expect(entries(d)).toEqual([]);
    expect(only(f.client())).toMatchObject({ dst: BRIDGED, dport: TARGET });
    expect(entries(d)).toEqual(offloadedEntries(p.TCP));
    expect(d.flows()).toMatchObject([{ state: "established" }]);
    for (let n = 0; n < 5; n++) expect([only(f.client()).dst, only(f.server()).dst]).toEqual([BRIDGED, CLIENT]);
  });

  it("is established when the kernel has seen the client after the target's answer, and then lasts as long", () => {
    const d = bridged();
    const f = flow(d, p.TCP);
    f.open();
    expect(d.flows()).toMatchObject([{ state: "syn-received", timeoutSec: 60 }]);
    carry(d, fromServer(p.TCP), 1, d.now + 1); // a retransmission, say
    expect(d.flows()).toMatchObject([{ state: "syn-received", timeoutSec: 61 }]);
    carry(d, fromClient(p.TCP), 1000, d.now + 40);
    carry(d, fromServer(p.TCP), 0xffff_fff0, d.now + 50); // wraps, as conntrack's own counter does
    const [row] = d.flows();
    expect(row).toMatchObject({ state: "established", packets: [1 + 1000, 1 + 0xffff_fff0], timeoutSec: 50 + 7440 });
  });

  it("is established by what its client has acknowledged, if its target may have come there", () => {
    for (const [acked, sent, state] of [
      [0, 1, "established"], // not noted
      [0x1211, 1, "established"],
      [0x9000, 1, "syn-received"], // a guess
      [0x9000, 5000, "established"],
    ] as const) {
      const d = bridged();
      d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.SYN, seq: 5 }));
      const answer = { sport: TARGET, dport: SPORT, flags: p.SYN | p.ACK, seq: 0x1210_ffff, ack: 6 };
      d.fromUplink(p.tcp({ src: BRIDGED, dst: CLIENT }, answer));
      carry(d, fromClient(p.TCP), 1, d.now, acked);
      carry(d, fromServer(p.TCP), sent, d.now);
      expect(d.flows()[0]!.state).toBe(state);
    }
  });

  it.each(["client", "target"])("is not begun anew by who forges a SYN of its %s before the engine has looked at it", (whose) => {
    const d = bridged();
    const client = (flags: number, seq: number, ack: number): unknown =>
      d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags, seq, ack }));
    const target = (flags: number, seq: number, ack: number): unknown =>
      d.fromUplink(p.tcp({ src: BRIDGED, dst: CLIENT }, { sport: TARGET, dport: SPORT, flags, seq, ack }));
    client(p.SYN, 0x4320_0000, 0);
    target(p.SYN | p.ACK, 0x1210_0000, 0x4320_0001);
    carry(d, fromClient(p.TCP), 3, d.now, 0x1210);
    carry(d, fromServer(p.TCP), 3, d.now, 0x4320);
    const forged = 0x9000_0000;
    if (whose === "client") for (const flags of [p.SYN, p.RST, p.FIN, p.SYN]) client(flags, forged, 0);
    else for (const flags of [p.SYN | p.ACK, p.RST, p.FIN, p.SYN | p.ACK]) target(flags, forged, forged);
    expect(d.flows()).toMatchObject([{ state: "established", timeoutSec: 7440 }]);
    client(p.RST, 0x4320_0001, 0);
    expect(d.flows()).toMatchObject([{ state: "reset" }]);
  });

  it("of datagrams is assured by the client's packet after the answer, though all came within a second", () => {
    const d = bridged();
    const f = flow(d, p.UDP);
    f.open();
    f.server();
    expect(d.flows()).toMatchObject([{ state: "replied" }]);
    carry(d, fromClient(p.UDP), 1, d.now);
    expect(d.flows()).toMatchObject([{ state: "assured", timeoutSec: 300 }]);
  });

  it("of datagrams is assured when the kernel has seen an answer", () => {
    const d = bridged();
    flow(d, p.UDP).open();
    carry(d, fromClient(p.UDP), 30, d.now + 3);
    expect(d.flows()).toMatchObject([{ state: "unreplied", packets: [32, 0], timeoutSec: 123 }]);
    carry(d, fromServer(p.UDP), 1, d.now + 4);
    expect(d.flows()).toMatchObject([{ state: "assured", packets: [32, 1], timeoutSec: 304 }]);
  });

  it("stays here without the option", () => {
    const d = bridged({ offload: false });
    for (const proto of [p.TCP, p.UDP]) {
      const f = flow(d, proto);
      f.open();
      f.client();
      f.server();
    }
    expect(entries(d)).toEqual([]);
  });

  it.each([
    ["the host itself", HOST_IP, 0],
    ["the host on 127.0.0.1", "127.0.0.1", 0],
    ["a neighbour of the target", "172.18.0.9", 1],
    ["the target itself", BRIDGED, 1],
  ])("is translated at both ends when the client is %s", (_, from, hops) => {
    const d = bridged();
    const [first] = d.fromUplink(p.tcp({ src: from, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.SYN }));
    const { sport, src, ttl } = p.parse(first!.bytes);
    expect([src, ttl]).toEqual([BRIDGE, 64 - hops]);
    const answer = only(d.fromUplink(p.tcp({ src: BRIDGED, dst: BRIDGE }, { sport: TARGET, dport: sport, flags: p.SYN | p.ACK })));
    expect(answer).toMatchObject({ src: HOST_IP, sport: PUBLISHED, dst: from, dport: SPORT, ttl: 64 - hops });
    expect(entries(d)).toEqual([
      [key(HOST_IP, from, PUBLISHED, SPORT, p.TCP), both(BRIDGE, sport, BRIDGED, TARGET, hops)],
      [key(BRIDGE, BRIDGED, sport, TARGET, p.TCP), both(HOST_IP, PUBLISHED, from, SPORT, hops)],
    ]);
    expect(d.flows()).toMatchObject([{ offloaded: true, packets: [1, 1] }]);
  });

  it("is translated at both ends when its source port had to change: the target has a flow from it already", () => {
    const d = bridged();
    flow(d, p.UDP).open();
    const second = flow(d, p.UDP, CLIENT, SPORT, OTHER_HOST_IP);
    const { sport } = only(second.client());
    expect(sport).not.toBe(SPORT);
    second.client();
    expect(entries(d)).toEqual([
      ...offloadedEntries(p.UDP), // of the first
      [key(OTHER_HOST_IP, CLIENT, PUBLISHED, SPORT, p.UDP), both(CLIENT, sport, BRIDGED, TARGET, 1)],
      [key(CLIENT, BRIDGED, sport, TARGET, p.UDP), both(OTHER_HOST_IP, PUBLISHED, CLIENT, SPORT, 1)],
    ]);
  });

  it("is counted where its published port is, if it is the engine that enters it", () => {
    const d = bridged();
    const rule = { target: BRIDGED, network: -1, snatSource: BRIDGE, onlink: "172.18.0.0/16", carried: 77 };
    d.publish({ proto: p.TCP, firstPort: 9000, lastPort: 9000, ...rule });
    const [first] = d.fromUplink(p.tcp({ src: "172.18.0.9", dst: HOST_IP }, { sport: SPORT, dport: 9000, flags: p.SYN }));
    const { sport } = p.parse(first!.bytes);
    d.fromUplink(p.tcp({ src: BRIDGED, dst: BRIDGE }, { sport: TARGET, dport: sport, flags: p.SYN | p.ACK }));
    expect(entries(d).map(([, bytes]) => Buffer.from(bytes, "hex").readUInt32LE(36))).toEqual([77, 77]);
  });

  it("stays here when packets come by a device that has no Ethernet header", () => {
    const d = bridged({ bypass: false });
    d.say({ type: "bare", devices: [9] });
    for (const [sport, device] of [
      [SPORT, 9],
      [SPORT + 1, 3],
    ] as const)
      d.fromHeld(p.udp({ src: CLIENT, dst: HOST_IP }, { sport, dport: PUBLISHED }), device);
    expect(d.flows().map(({ offloaded }) => offloaded)).toEqual([false, true]);
  });

  it("stays here when the target is an endpoint of an own network", () => {
    const d = new Dataplane({ offload: true });
    const ends = { sport: SPORT, dport: PUBLISHED };
    d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { ...ends, flags: p.SYN }));
    d.fromEndpoint(2, p.tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: SPORT, flags: p.SYN | p.ACK }));
    only(d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, ends)));
    expect(entries(d)).toEqual([]);
  });

  it("that was open before the start is handed over too", () => {
    const d = bridged();
    flow(d, p.TCP).client();
    expect(entries(d)).toEqual(offloadedEntries(p.TCP));
  });
});

describe("a connection that ends", () => {
  it.each([
    ["FIN of the client", "client", p.FIN | p.ACK, "fin-wait"],
    ["FIN of the server", "server", p.FIN | p.ACK, "fin-wait"],
    ["RST of the client", "client", p.RST, "reset"],
    ["RST of the server", "server", p.RST | p.ACK, "reset"],
  ] as const)("is followed to its end, what the kernel carried counted too: %s", (_, side, flags, state) => {
    const d = bridged();
    const f = flow(d, p.TCP);
    f.open();
    carry(d, fromClient(p.TCP), 70, d.now);
    carry(d, fromServer(p.TCP), 90, d.now);
    f[side](flags);
    const own = side === "client" ? [2, 1] : [1, 2];
    expect(d.flows()).toMatchObject([{ state, offloaded: true, packets: [own[0]! + 70, own[1]! + 90] }]);
  });

  it("half-closed lives while the kernel carries the other half; closed it does not", () => {
    const d = bridged();
    const f = flow(d, p.TCP);
    f.open();
    f.client(p.FIN | p.ACK);
    const { conntrack } = d.state;
    carry(d, fromServer(p.TCP), 10, d.now + 200);
    d.at(d.now + 240);
    expect(conntrack.used).toBe(1);
    f.server(p.FIN | p.ACK);
    carry(d, fromClient(p.TCP), 10, d.now + 239);
    d.at(d.now + 240);
    expect([conntrack.used, d.flowMap.size]).toEqual([0, 0]);
  });

  it("by a reset that nobody meant goes on, if both ends do, be it in the same second", () => {
    const d = bridged();
    const f = flow(d, p.TCP);
    f.open();
    carry(d, fromClient(p.TCP), 3, d.now);
    carry(d, fromServer(p.TCP), 3, d.now);
    expect(d.flows()).toMatchObject([{ state: "established" }]);
    f.client(p.RST);
    expect(d.flows()).toMatchObject([{ state: "reset", packets: [5, 4] }]);
    carry(d, fromClient(p.TCP), 4, d.now);
    expect(d.flows()).toMatchObject([{ state: "reset" }]);
    carry(d, fromServer(p.TCP), 4, d.now);
    expect(d.flows()).toMatchObject([{ state: "established", timeoutSec: 7440 }]);
  });

  it("by a reset of somebody who has opened it in another's name stays reset, whatever its target answers", () => {
    for (const [acked, state] of [
      [0x9000, "reset"],
      [0x1210, "established"],
    ] as const) {
      const d = bridged();
      const client = (flags: number, seq: number): unknown =>
        d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags, seq }));
      client(p.SYN, 5);
      const answer = { sport: TARGET, dport: SPORT, flags: p.SYN | p.ACK, seq: 0x1210_0000, ack: 6 };
      d.fromUplink(p.tcp({ src: BRIDGED, dst: CLIENT }, answer));
      client(p.RST, 20 << 20); // what we take for inside of the target's window
      expect(d.flows()[0]!.state).toBe("reset");
      carry(d, fromClient(p.TCP), 1, d.now, acked);
      carry(d, fromServer(p.TCP), 1, d.now, 0x0001);
      expect(d.flows()[0]!.state).toBe(state);
    }
  });

  it.each([
    ["at the next byte", 0, "fin-wait", "reset"],
    ["33 MiB further", 0x0210, "established", "established"],
    ["2 GiB away", 0x8000, "established", "established"],
  ])("is told from a forged one by what the kernel has noted: %s", (_, ahead, afterFin, afterRst) => {
    const noted = 0x4321; // upper half of what was acknowledged last, far from where the connection began
    const number = ((noted + ahead) & 0xffff) * 0x1_0000;
    for (const isKnown of [true, false]) {
      const d = bridged();
      d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
      const f = flow(d, p.TCP);
      f.open();
      const [of, to] = [
        { src: CLIENT, dst: HOST_IP },
        { sport: SPORT, dport: PUBLISHED },
      ];
      for (const at of [fromClient(p.TCP), fromServer(p.TCP)]) carry(d, at, 10_000, d.now, isKnown ? noted : 0);
      const state = (): string => d.flows()[0]!.state;
      expect(state()).toBe("established");
      // With a copy comes what the other end has acknowledged.
      const mac = `73:74:64:ff:${isKnown ? "43:21" : "00:00"}`;
      expect(d.send(UP, p.frame(MAC_UP, mac, p.tcp(of, { ...to, flags: p.FIN | p.ACK, seq: number, ack: 5 })))).toEqual([]);
      expect(state()).toBe(isKnown ? afterFin : "established");
      for (const flags of [p.RST, p.RST | p.ACK]) expect(d.fromUplink(p.tcp(of, { ...to, flags, seq: number, ack: 5 }))).toHaveLength(1);
      expect(state()).toBe(isKnown ? afterRst : "established");
    }
  });

  it("of a flow that another process has left is judged by what the kernel has noted since, if it has", () => {
    const noted = 0x4321;
    for (const [note, seq, state] of [
      [noted, 77, "established"],
      [noted, noted * 0x1_0000, "reset"],
      [0, 77, "reset"],
    ] as const) {
      const d = bridged();
      const f = flow(d, p.TCP);
      f.open();
      for (const at of [fromClient(p.TCP), fromServer(p.TCP)]) carry(d, at, 10_000, d.now, note);
      expect(d.flows()).toMatchObject([{ state: "established" }]);
      for (const dir of [0, 1]) forgetAcked(d.state.conntrack, 0, dir);
      d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED, flags: p.RST, seq }));
      expect(d.flows()).toMatchObject([{ state }]);
    }
  });

  it("may begin anew between the same ports: what the kernel saw before establishes nothing", () => {
    const d = bridged();
    const f = flow(d, p.TCP);
    f.open();
    carry(d, fromClient(p.TCP), 10, d.now);
    f.client(p.FIN | p.ACK);
    f.server(p.FIN | p.ACK);
    expect(d.flows()).toMatchObject([{ state: "closing" }]);
    d.at(d.now + 5);
    f.open();
    expect(entries(d)).toHaveLength(2);
    expect(d.flows()).toMatchObject([{ state: "syn-received", timeoutSec: 60 }]);
    carry(d, fromClient(p.TCP), 11, d.now);
    expect(d.flows()).toMatchObject([{ state: "established", timeoutSec: 7440 }]);
    expect(d.state.conntrack.created).toBe(1);
  });
});

describe("what is over", () => {
  it.each([
    ["TCP", p.TCP],
    ["UDP", p.UDP],
  ])("is forgotten in both directions when a flow is retired, as by a withdrawn port (%s)", (_, proto) => {
    const d = bridged();
    const f = flow(d, proto);
    f.open();
    retire(d.state, f.id());
    d.run();
    expect(entries(d)).toEqual([]);
    expect(d.forgotten).toHaveLength(2);
    expect(d.state.conntrack.used).toBe(0);
  });

  it.each([
    ["TCP", p.TCP, ct.DEFAULT_TIMEOUTS[ct.ESTABLISHED]!],
    ["UDP", p.UDP, ct.DEFAULT_TIMEOUTS[ct.ASSURED]!],
  ])("expires by the last packet, whoever saw it (%s)", (_, proto, timeout) => {
    const d = bridged();
    const f = flow(d, proto);
    f.open();
    f.client();
    f.server();
    const start = d.now;
    const { conntrack } = d.state;
    carry(d, fromClient(proto), 5, start + timeout - 10);
    carry(d, fromServer(proto), 5, start + timeout - 20);
    d.at(start + timeout + 1);
    expect([conntrack.used, d.state.expired, d.flowMap.size]).toEqual([1, 0, 2]);
    carry(d, fromServer(proto), 6, start + timeout + 100); // the other direction alone keeps it too
    d.at(start + 2 * timeout);
    d.at(start + 2 * timeout + 99);
    expect([conntrack.used, d.state.expired, d.flowMap.size]).toEqual([1, 0, 2]);
    d.at(start + 2 * timeout + 100);
    expect([conntrack.used, d.state.expired, d.flowMap.size]).toEqual([0, 1, 0]);
  });

  it("expires when the kernel carried nothing", () => {
    const d = bridged();
    flow(d, p.TCP).open();
    d.at(d.now + ct.DEFAULT_TIMEOUTS[ct.SYN_RECEIVED]!);
    expect(d.state.conntrack.used).toBe(0);
  });
});
