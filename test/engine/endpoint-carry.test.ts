/** Which flows of endpoints on veth pairs the kernel is asked to carry, and what is left of them where it turns out that it cannot. */
import { describe, expect, it } from "vitest";
import type { StateOptions } from "../../src/dataplane/state.js";
import { captureRing } from "../../src/table/capture-ring.js";
import {
  FLOW_INGRESS_AT,
  FLOW_OFFLOAD_AT,
  FLOW_ORDER_AT,
  FLOW_SEEN_AT,
  OFFLOAD_DESTINATION,
  OFFLOAD_INSIDE,
} from "../../src/wire/flow-entry.js";
import {
  INSIDE_MARK,
  INSIDE_MARK_AT,
  INSIDE_PLACE_SHIFT,
  INSIDE_STAMP_AT,
  insidePlace,
  ORDER_BY_UPLINK,
  ORDER_MOST,
  ORDER_PASSED_AT,
  ORDER_VALUE_SIZE,
  orderPlaces,
} from "../../src/wire/order.js";
import {
  A,
  CLIENT,
  Dataplane,
  endpointOn,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  only,
  PUBLISHED,
  SERVER,
  TARGET,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const END = 77; // of A's pair, in the host's namespace
const PORTS = { sport: 5000, dport: 443 };
const OUT = { src: IP_A, dst: SERVER };

function onVeth(options: Partial<StateOptions> = {}, end = END): Dataplane {
  const d = new Dataplane({ offload: true, ...options });
  d.say({ type: "remove-port", port: A });
  d.say(endpointOn(end, A, MAC_A, IP_A));
  return d;
}

/** What the kernel is to do with packets, by entry. */
const asked = (d: Dataplane): number[] => [...d.flowMap.values()].map((value) => Buffer.from(value, "hex")[FLOW_OFFLOAD_AT]!).sort();

/** The endpoint asks somebody outside, and is answered. */
function open(d: Dataplane, datagram: Uint8Array = p.tcp(OUT, { ...PORTS, flags: p.SYN }), meanwhile: () => void = () => {}): void {
  const { src, sport, dport, proto, id } = only(d.fromEndpoint(A, datagram));
  meanwhile();
  const back = { src: SERVER, dst: src };
  const ports = { sport: dport, dport: sport };
  if (proto === p.ICMP) d.fromUplink(p.echo(back, id, true));
  else d.fromUplink(proto === p.TCP ? p.tcp(back, { ...ports, flags: p.SYN | p.ACK }) : p.udp(back, ports));
}

it.each([
  ["TCP", p.tcp(OUT, { ...PORTS, flags: p.SYN })],
  ["UDP", p.udp(OUT, PORTS)],
])("has it carry what an endpoint opens, with its first answer, each way by its own device (%s)", (_, datagram) => {
  const d = onVeth();
  open(d, datagram, () => expect(d.flowMap.size).toBe(0));
  expect(asked(d)).toEqual([OFFLOAD_DESTINATION, OFFLOAD_INSIDE].sort());
  expect(d.flows()).toMatchObject([{ offloaded: true }]);
});

it("has it carry what an endpoint publishes, of a client outside", () => {
  const d = onVeth();
  const client = { src: CLIENT, dst: HOST_IP };
  only(d.fromUplink(p.tcp(client, { sport: 9, dport: PUBLISHED, flags: p.SYN })));
  d.fromEndpoint(A, p.tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 9, flags: p.SYN | p.ACK }));
  expect(d.flows()).toMatchObject([{ offloaded: true }]);
  expect(asked(d)).toHaveLength(2);
  expect(asked(d).every((how) => how > 0)).toBe(true);
  // Refused later, nothing of it stays once it has ended.
  d.say({ type: "offload", ipv4: false, ipv6: false }, { type: "end-flows", id: 5, client: null, port: 0 });
  d.run();
  expect([d.flows(), [...d.flowMap.keys()]]).toEqual([[], []]);
});

it("follows the end of a connection by copies of what it has sent, which are sent no further, and are as from its own MAC", () => {
  const d = onVeth();
  d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
  open(d);
  const [sent] = d.flows().map(({ packets }) => packets[0]);
  const fin = p.tcp(OUT, { ...PORTS, flags: p.FIN | p.ACK });
  expect(d.send(A, p.frame(MAC_GATEWAY, "73:74:64:ff:00:01", fin))).toEqual([]);
  expect([d.flows()[0]!.packets[0], d.dropTotal()]).toEqual([sent! + 1, 0]);
  expect(d.fromEndpoint(A, fin)).toHaveLength(1);
});

it("has its datagrams wait for those before them, each way, and its segments not", () => {
  const d = onVeth();
  d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
  const waiting = (): number[] => [...d.flowMap.values()].map((value) => Buffer.from(value, "hex").readUInt32LE(FLOW_ORDER_AT));
  open(d, p.udp(OUT, PORTS));
  expect(waiting().sort()).toEqual([ORDER_MOST, ORDER_MOST]);
  open(d);
  expect(waiting().slice(2)).toEqual([0, 0]);
});

it("has all that it sends in a flow get stamps while a capture has the loop move it, so that it is in order when it is given back", () => {
  const d = onVeth();
  d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
  open(d);
  const entries = (): [device: number, how: number, waiting: number][] =>
    [...d.flowMap.values()].map((value) => {
      const bytes = Buffer.from(value, "hex");
      return [bytes.readUInt32LE(FLOW_INGRESS_AT), bytes[FLOW_OFFLOAD_AT]!, bytes.readUInt32LE(FLOW_ORDER_AT)];
    });
  const filter = { proto: 0, client: null, target: null, port: 0, network: -1, drops: false };
  d.say({ type: "capture", id: 1, capture: 1, ring: captureRing(1 << 16), snap: 100, filter });
  const [inside, outside] = [END, 0];
  expect(entries().sort()).toEqual([
    [outside, 0, 0],
    [inside, 0, 0xffff_ffff],
  ]);
  d.say({ type: "end-capture", capture: 1 });
  expect(entries().sort()).toEqual([
    [outside, OFFLOAD_DESTINATION, (ORDER_MOST | ORDER_BY_UPLINK) >>> 0],
    [inside, OFFLOAD_INSIDE, (ORDER_MOST | ORDER_BY_UPLINK) >>> 0],
  ]);
});

it("takes a frame whose source is a stamp for one of the endpoint's own, and tells the programs once it is sent", () => {
  const d = onVeth();
  const memory = new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE);
  d.state.order.open(memory, 0);
  const send = (dst: string, datagram: Uint8Array) => {
    const frame = Buffer.from(p.frame(dst, MAC_A, datagram));
    frame.writeUInt32LE((INSIDE_MARK | (4 << INSIDE_PLACE_SHIFT)) >>> 0, p.VNET + INSIDE_MARK_AT);
    frame.writeUInt16LE(0xfedc, p.VNET + INSIDE_STAMP_AT);
    return d.send(A, frame);
  };
  expect(only(send(MAC_GATEWAY, p.udp(OUT, PORTS)))).toMatchObject({ dst: SERVER });
  expect(new DataView(memory).getUint32((insidePlace(1, 0, A) + 4) * ORDER_VALUE_SIZE + ORDER_PASSED_AT, true)).toBe(0xfedc);
  const [toNeighbor] = send(MAC_B, p.udp({ src: IP_A, dst: IP_B }, PORTS));
  expect(p.macText(toNeighbor!.bytes.subarray(p.VNET + 6, p.VNET + 12))).toBe(MAC_A);
  expect(d.drops(A)).toEqual({});
});

describe.each([false, true])("datagrams to the outside that nobody answers, with the firewall bypassed: %s", (bypass) => {
  const send = (d: Dataplane, times: number): void => {
    for (let n = 0; n < times; n++) only(d.fromEndpoint(A, p.udp(OUT, PORTS)));
  };

  /** The kernel has carried some that way, in this second. */
  const carry = (d: Dataplane, second: number): void => {
    for (const [key, value] of d.flowMap) {
      const bytes = Buffer.from(value, "hex");
      if (bytes[FLOW_OFFLOAD_AT] !== OFFLOAD_INSIDE) continue;
      bytes.writeUInt32LE(second, FLOW_SEEN_AT);
      d.flowMap.set(key, bytes.toString("hex"));
    }
  };

  it("are carried from the second one on, and wait for those before them", () => {
    const d = onVeth({ bypass });
    d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
    send(d, 1);
    expect(asked(d)).toEqual([]);
    send(d, 1);
    expect(asked(d)).toEqual([OFFLOAD_DESTINATION, OFFLOAD_INSIDE].sort());
    expect(d.flows()).toMatchObject([{ state: "unreplied", offloaded: true, packets: [2, 0] }]);
    const inside = [...d.flowMap.values()]
      .map((value) => Buffer.from(value, "hex"))
      .find((value) => value[FLOW_OFFLOAD_AT] === OFFLOAD_INSIDE)!;
    expect(inside.readUInt32LE(FLOW_ORDER_AT)).toBe(ORDER_MOST);
  });

  it("are not entered again with each that still comes here, nor with the first answer", () => {
    const d = onVeth({ bypass });
    send(d, 2);
    carry(d, 1001);
    const before = [...d.flowMap];
    send(d, 5);
    d.fromUplink(p.udp({ src: SERVER, dst: HOST_IP }, { sport: PORTS.dport, dport: Number(d.flows()[0]!.reply.dst.split(":")[1]) }));
    expect([...d.flowMap]).toEqual(before);
    expect(d.flows()).toMatchObject([{ offloaded: true, packets: [7, 1] }]);
  });

  it("keep their flow as long as the kernel sees any, with the time-out of one that is not answered", () => {
    const d = onVeth({ bypass });
    send(d, 2);
    carry(d, 1100);
    d.at(1150);
    expect(d.flows()).toMatchObject([{ state: "unreplied", timeoutSec: 70 }]);
    d.at(1219);
    expect(d.flows()).toHaveLength(1);
    d.at(1220);
    d.run();
    expect([d.flows(), [...d.flowMap.keys()]]).toEqual([[], []]);
  });

  it("make room for others once they are silent, and not before", () => {
    const d = onVeth({ bypass, conntrackMax: 4 });
    send(d, 2);
    carry(d, 1010);
    d.at(1010);
    const ask = (sport: number): void => void only(d.fromEndpoint(A, p.udp(OUT, { ...PORTS, sport })));
    for (let n = 0; n < 4; n++) ask(6000 + n);
    expect(d.flows().some(({ offloaded, state, original }) => offloaded && state === "unreplied" && original.src === `${IP_A}:5000`)).toBe(
      true,
    );
    d.at(1020);
    for (let n = 0; n < 8; n++) ask(7000 + n);
    expect(d.flows().map(({ original }) => original.src)).not.toContain(`${IP_A}:5000`);
    expect(asked(d).filter((how) => how === OFFLOAD_INSIDE)).toEqual([]);
  });

  it("are moved here when they are SYNs sent again, queries, or of an endpoint on a TAP", () => {
    const syn = p.tcp(OUT, { ...PORTS, flags: p.SYN });
    const query = p.udp(OUT, { ...PORTS, dport: 53 });
    for (const [d, datagram] of [
      [onVeth({ bypass }), syn],
      [onVeth({ bypass }), query],
      [onVeth({ bypass }, 0), p.udp(OUT, PORTS)],
      [onVeth({ bypass, offload: false }), p.udp(OUT, PORTS)],
    ] as const) {
      for (let n = 0; n < 6; n++) only(d.fromEndpoint(A, datagram));
      expect(asked(d).filter((how) => how > 0)).toEqual([]);
    }
  });
});

it.each<[string, () => Dataplane, Uint8Array?]>([
  ["of an endpoint on a TAP", () => onVeth({}, 0)],
  ["with --offload never", () => onVeth({ offload: false })],
  ["of a query and its answer", onVeth, p.udp(OUT, { ...PORTS, dport: 53 })],
  ["of ICMP", onVeth, p.echo(OUT, 7)],
  [
    "in a network without the host's device",
    () => {
      const d = onVeth();
      d.say({ type: "remove-port", port: HOST_PORT });
      return d;
    },
  ],
])("carries nothing %s, and moves it here", (_, make, datagram) => {
  const d = make();
  open(d, datagram);
  expect(asked(d).filter((how) => how > 0)).toEqual([]);
  expect(d.flows()).toMatchObject([{ offloaded: false, packets: [1, 1] }]);
});

it.each([
  ["before the first answer", true],
  ["when it was entered", false],
])("leaves nothing of a flow in the steering's map once it has ended, though the kernel refused to carry it %s", (_, early) => {
  const d = onVeth();
  const refuse = (): void => d.say({ type: "offload", ipv4: false, ipv6: false });
  open(d, undefined, early ? refuse : undefined);
  if (!early) refuse();
  expect(asked(d)).toHaveLength(early ? 0 : 2);
  expect(d.flows()).toMatchObject([{ offloaded: false }]);
  // It goes on here.
  const { src, sport } = only(d.fromEndpoint(A, p.tcp(OUT, { ...PORTS, flags: p.ACK })));
  expect(only(d.fromUplink(p.tcp({ src: SERVER, dst: src }, { sport: PORTS.dport, dport: sport, flags: p.ACK }))).dst).toBe(IP_A);
  d.say({ type: "end-flows", id: 5, client: null, port: 0 });
  d.run();
  expect([d.flows(), [...d.flowMap.keys()]]).toEqual([[], []]);
});
