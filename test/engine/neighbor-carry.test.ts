/** Which frames between endpoints of an own network the engine has the kernel carry, and when it takes that back. */
import { expect, it } from "vitest";
import { INTERNAL, NO_ICC, PROMISCUOUS } from "../../src/table/networks.js";
import { HOST } from "../../src/table/ports.js";
import { parseIp } from "../../src/wire/ip-address.js";
import {
  INSIDE_MARK,
  INSIDE_MARK_AT,
  INSIDE_PLACE_SHIFT,
  ORDER_MOST,
  ORDER_TRUSTED,
  ORDER_VALUE_SIZE,
  orderPlaces,
} from "../../src/wire/order.js";
import {
  A,
  addPort,
  B,
  C,
  Dataplane,
  endpointOn,
  GATEWAY,
  IP_A,
  IP_B,
  IP_C,
  MAC_A,
  MAC_B,
  MAC_C,
  MAC_GATEWAY,
  subnet,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const NETWORK = 3,
  HOST_PORT = 20;
const [END_A, END_B] = [71, 72];
const [IP6_A, IP6_B] = ["fd00::4", "fd00::5"];
const PORTS = { sport: 5000, dport: 5001 };

/** A and B on veth pairs, C on a TAP, on a network of their own. */
function network(flags = 0, { offload = true, endB = END_B, isAlone = false } = {}): Dataplane {
  const d = new Dataplane({ offload });
  for (const port of [A, B]) d.say({ type: "remove-port", port });
  const subnets = [subnet("172.17.0.0/16", GATEWAY), subnet("fd00::/64", "fd00::1")];
  d.say({ type: "station-pairs", fd: 9 }, { type: "add-network", network: NETWORK, subnets, flags });
  if (!isAlone) d.say(addPort(HOST_PORT, HOST, MAC_GATEWAY, `${GATEWAY} fd00::1`, NETWORK));
  d.say(
    endpointOn(END_A, A, MAC_A, `${IP_A} ${IP6_A}`, NETWORK),
    endpointOn(endB, B, MAC_B, `${IP_B} ${IP6_B}`, NETWORK),
    endpointOn(0, C, MAC_C, IP_C, NETWORK),
  );
  return d;
}

const udp = (src: string, from: string, dst: string, to: string): Uint8Array => p.frame(dst, src, p.udp({ src: from, dst: to }, PORTS));
const request = udp(MAC_A, IP_A, MAC_B, IP_B);
const words = (...numbers: number[]): string => p.hex(new Uint8Array(Uint32Array.from(numbers).buffer));
/** An entry of the map, by what it says. */
function entry(dst: string, src: string, device: number, from: number, to: number, waiting = 0): [string, string] {
  const [d, s] = [dst, src].map((mac) => mac.replaceAll(":", ""));
  return [d!.slice(0, 4) + s!.slice(0, 4) + d!.slice(4) + s!.slice(4) + words(NETWORK), words(1, device, 0, 0, from | (to << 16), waiting)];
}

it("has what an endpoint sends wait for what it has sent before, and what the host sends, whose stamps it takes out", () => {
  const d = network();
  d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
  d.send(A, request);
  expect([...d.stationPairs]).toEqual([entry(MAC_B, MAC_A, END_B, A, B, ORDER_MOST | ORDER_TRUSTED)]);
  d.state.stationPairs.takeBack();
  d.say({ type: "locals", addresses: [parseIp(GATEWAY)!], broadcasts: [] });
  const frame = Buffer.from(udp(MAC_GATEWAY, GATEWAY, MAC_A, IP_A));
  frame.writeUInt32LE((INSIDE_MARK | (4 << INSIDE_PLACE_SHIFT)) >>> 0, p.VNET + INSIDE_MARK_AT);
  const [sent] = d.send(HOST_PORT, frame);
  expect(p.macText(sent!.bytes.subarray(p.VNET + 6, p.VNET + 12))).toBe(MAC_GATEWAY);
  expect([...d.stationPairs]).toEqual([entry(MAC_A, MAC_GATEWAY, END_A, HOST_PORT, A, ORDER_MOST | ORDER_TRUSTED)]);
});

it("has it carry TCP and UDP that it has bridged from one to the other, each way by itself, of both families", () => {
  const d = network();
  expect(d.send(A, request).map(({ port }) => port)).toEqual([B]);
  expect([...d.stationPairs]).toEqual([entry(MAC_B, MAC_A, END_B, A, B)]);
  d.send(B, p.frame(MAC_A, MAC_B, p.tcp({ src: IP6_B, dst: IP6_A }, { ...PORTS, flags: p.SYN })));
  expect([...d.stationPairs].sort()).toEqual([entry(MAC_A, MAC_B, END_A, B, A), entry(MAC_B, MAC_A, END_B, A, B)].sort());
});

it("has it carry what the host sends to an endpoint from any of its addresses, though endpoints may not reach each other; not its datagrams' answers", () => {
  const d = network(NO_ICC);
  d.say({ type: "locals", addresses: [GATEWAY, "192.0.2.1"].map((text) => parseIp(text)!), broadcasts: [] });
  d.send(HOST_PORT, udp(MAC_GATEWAY, "10.1.2.3", MAC_A, IP_A)); // forwarded
  expect(d.stationPairs.size).toBe(0);
  expect(d.send(HOST_PORT, udp(MAC_GATEWAY, "192.0.2.1", MAC_A, IP_A)).map(({ port }) => port)).toEqual([A]);
  expect([...d.stationPairs]).toEqual([entry(MAC_A, MAC_GATEWAY, END_A, HOST_PORT, A)]);
  d.send(A, udp(MAC_A, IP_A, MAC_GATEWAY, GATEWAY)); // may be of a flow that was translated
  d.send(HOST_PORT, udp(MAC_GATEWAY, GATEWAY, MAC_C, IP_C)); // on a TAP
  d.send(HOST_PORT, udp("02:00:00:00:00:77", GATEWAY, MAC_B, IP_B)); // not by its own MAC
  d.send(HOST_PORT, p.frame(MAC_B, MAC_GATEWAY, p.echo({ src: GATEWAY, dst: IP_B }, 1)));
  expect(d.stationPairs.size).toBe(1);
  d.say({ type: "remove-port", port: HOST_PORT });
  expect(d.stationPairs.size).toBe(0);
});

it("has it carry TCP from an endpoint to the host, but out of an internal network, where not all addresses of the host may be reached", () => {
  const toHost = (flags: number): string[][] => {
    const d = network(flags);
    d.say({ type: "locals", addresses: [parseIp(GATEWAY)!], broadcasts: [] });
    const segment = p.tcp({ src: IP_A, dst: GATEWAY }, { ...PORTS, flags: p.ACK });
    expect(d.send(A, p.frame(MAC_GATEWAY, MAC_A, segment)).map(({ port }) => port)).toEqual([HOST_PORT]);
    d.send(A, p.frame(MAC_GATEWAY, MAC_A, p.tcp({ src: IP_A, dst: "198.51.100.1" }, { ...PORTS, flags: p.ACK }))); // not the host's
    d.send(C, p.frame(MAC_GATEWAY, MAC_C, p.tcp({ src: IP_C, dst: GATEWAY }, { ...PORTS, flags: p.ACK }))); // on a TAP
    return [...d.stationPairs];
  };
  const [key, value] = entry(MAC_GATEWAY, MAC_A, 0, A, HOST_PORT);
  expect(toHost(0)).toEqual([[key, `03${value.slice(2)}`]]);
  expect(toHost(INTERNAL)).toEqual([]);
});

it("has it carry in internal networks, too", () => {
  const d = network(INTERNAL);
  d.send(A, request);
  expect(d.stationPairs.size).toBe(1);
});

it.each([
  ["endpoints that may not reach each other", () => network(NO_ICC)],
  ["endpoints that may send from any address", () => network(PROMISCUOUS)],
  ["--offload never", () => network(0, { offload: false })],
  ["an endpoint with a bandwidth, or on a TAP", () => network(0, { endB: 0 })],
  ["a network without the host's device", () => network(0, { isAlone: true })],
] as const)("carries nothing with %s", (_, make) => {
  const d = make();
  d.send(A, request);
  d.send(B, udp(MAC_B, IP_B, MAC_A, IP_A));
  expect(d.stationPairs.size).toBe(0);
});

it("carries nothing of what it has dropped, routed or flooded, nor what the program leaves to it", () => {
  const d = network();
  const ip = { src: IP_A, dst: IP_B };
  const frames = [
    udp(MAC_A, IP_C, MAC_B, IP_B), // not its address
    udp(MAC_C, IP_A, MAC_B, IP_B), // not its MAC
    udp(MAC_A, IP_A, MAC_GATEWAY, IP_B),
    udp(MAC_A, IP_A, MAC_C, IP_C), // on a TAP
    udp(MAC_A, IP_A, "02:00:00:00:00:77", IP_B), // nobody's
    udp(MAC_A, IP_A, "01:00:5e:00:00:09", "224.0.0.9"),
    udp(MAC_A, IP_A, MAC_A, IP_A),
    p.frame(MAC_B, MAC_A, p.echo(ip, 1)),
    p.frame(MAC_B, MAC_A, p.udp({ ...ip, fragment: 0x2000 }, PORTS)),
    p.frame(MAC_B, MAC_A, p.udp({ ...ip, fragment: 0x0001 }, PORTS)),
    p.withOptions(request, new Uint8Array(4).fill(1)),
    p.tagged(request, 10),
    p.frame(MAC_B, MAC_A, p.udp({ src: "fe80::42:acff:fe11:4", dst: IP6_B }, PORTS)),
    p.arpFrame(MAC_B, { operation: 2, senderMac: MAC_A, senderIp: IP_A, targetMac: MAC_B, targetIp: IP_B }),
  ];
  for (const frame of frames) d.send(A, frame);
  expect(d.stationPairs.size).toBe(0);
});

it("takes all back when a port comes or goes, or nothing is carried any more; whoever has the address then is decided on anew", () => {
  const changes: ((d: Dataplane) => void)[] = [
    (d) => d.say({ type: "remove-port", port: B }),
    (d) => d.say({ type: "remove-port", port: HOST_PORT }),
    (d) => d.say(endpointOn(75, 13, "02:42:ac:11:00:0d", "172.17.0.13", NETWORK)),
    (d) => d.say({ type: "offload", ipv4: false, ipv6: false }),
  ];
  for (const change of changes) {
    const d = network();
    d.send(A, request);
    expect(d.stationPairs.size).toBe(1);
    change(d);
    expect(d.stationPairs.size).toBe(0);
    d.send(A, request);
    expect(d.stationPairs.size).toBe(change === changes[2] ? 1 : 0);
  }
  const d = network();
  d.send(A, request);
  d.say({ type: "remove-port", port: B }, endpointOn(76, 14, MAC_B, IP_B, NETWORK));
  d.send(A, request);
  expect([...d.stationPairs]).toEqual([entry(MAC_B, MAC_A, 76, A, 14)]);
});

it("enters a pair once a second, however many frames come that the kernel has not carried", () => {
  const d = network();
  for (let n = 0; n < 5000; n++) d.send(A, request);
  expect([d.stationPairs.size, d.state.stationPairs.entered]).toEqual([1, 1]);
  d.io.clock[0]!++;
  d.send(A, request);
  expect([d.stationPairs.size, d.state.stationPairs.entered]).toEqual([1, 2]);
});
