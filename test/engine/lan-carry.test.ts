/** Which frames of a LAN the engine has the kernel carry, and when it takes that back. */
import { expect, it } from "vitest";
import { NO_ICC, ONE_MAC, PASSTHRU, PROMISCUOUS, VEPA } from "../../src/table/networks.js";
import { ENDPOINT } from "../../src/table/ports.js";
import {
  insidePlace,
  ORDER_MOST,
  ORDER_PASSED_AT,
  ORDER_TRUSTED,
  ORDER_VALUE_SIZE,
  orderPlaces,
  TAG_STAMP_BITS,
} from "../../src/wire/order.js";
import { STATION_PAIR_ORDER_AT } from "../../src/wire/station-pair.js";
import { type Dataplane, HOST_IP } from "../support/dataplane.js";
import {
  A,
  B,
  carriedLan,
  datagram,
  END_A,
  END_B,
  IP_A,
  IP_B,
  MAC_A,
  MAC_B,
  MAC_PARENT,
  MAC_PEER,
  NETWORK,
  PARENT,
  PEER,
  PORT,
} from "../support/lan.js";
import * as p from "../support/packets.js";

const INTO = 1,
  OUT = 2,
  UP = 3,
  OUT_AS = 4,
  NOBODY = 0xffff;

const words = (...numbers: number[]): string => p.hex(new Uint8Array(Uint32Array.from(numbers).buffer));
/** An entry of the map, by what it says. */
function entry(dst: string, src: string, how: number, device: number, [from, to]: [number, number], vlan = 0): [string, string] {
  const [d, s, parent] = [dst, src, how === INTO ? "00:00:00:00:00:00" : MAC_PARENT].map((mac) => mac.replaceAll(":", ""));
  const tag = words(vlan).slice(0, 4);
  return [
    d!.slice(0, 4) + s!.slice(0, 4) + d!.slice(4) + s!.slice(4) + words(NETWORK),
    words(how, device) + parent + tag + words(from | (to << 16), 0),
  ];
}
const carried = (d: Dataplane): [string, string][] => [...d.stationPairs].sort();

it("takes a service tag from the LAN for a stamp, delivers the frame without it, and has new datagrams wait", () => {
  const d = carriedLan();
  const memory = new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE);
  d.state.order.open(memory, 0);
  const plain = datagram(MAC_PEER, PEER, MAC_A, IP_A);
  const segments = p.partial(
    p.frame(MAC_A, MAC_PEER, p.tcp({ src: PEER, dst: IP_A }, { sport: 1, dport: 2, data: p.payload(3000) })),
    1,
    1000,
  );
  for (const frame of [plain, p.partial(plain), segments]) {
    const stamped = p.tagged(frame, (5 << TAG_STAMP_BITS) | 0x1abc, 0x88a8);
    if ((frame[0]! & p.NEEDS_CSUM) !== 0) stamped[6] = frame[6]! + 4; // as the device tells where the checksum starts
    const [sent] = d.send(PORT, stamped);
    expect([sent!.port, p.hex(p.complete(sent!.bytes).subarray(p.VNET))]).toEqual([A, p.hex(p.complete(frame).subarray(p.VNET))]);
  }
  expect(new DataView(memory).getUint32((insidePlace(1, 0, PORT) + 5) * ORDER_VALUE_SIZE + ORDER_PASSED_AT, true)).toBe(0x1abc);
  d.send(A, datagram(MAC_A, IP_A, MAC_PEER, PEER));
  const waiting = [...d.stationPairs.values()].map((value) => Buffer.from(value, "hex").readUInt32LE(STATION_PAIR_ORDER_AT));
  expect(waiting).toEqual([ORDER_MOST | ORDER_TRUSTED, ORDER_MOST | ORDER_TRUSTED]);
  // Cut short, it is no frame.
  for (let len = p.VNET + 14; len < p.VNET + 18; len++) d.send(PORT, p.tagged(plain, 1, 0x88a8).subarray(0, len));
});

it("has it carry what it has bridged: from the LAN, out to it, to the host, and between endpoints", () => {
  const d = carriedLan();
  d.send(PORT, datagram(MAC_PEER, PEER, MAC_A, IP_A));
  d.send(A, datagram(MAC_A, IP_A, MAC_PEER, PEER));
  d.send(A, datagram(MAC_A, IP_A, MAC_PARENT, HOST_IP));
  d.send(A, datagram(MAC_A, IP_A, MAC_B, IP_B));
  d.send(A, p.frame(MAC_PEER, MAC_A, p.tcp({ src: IP_A, dst: PEER }, { sport: 1, dport: 2, flags: p.SYN })));
  expect(carried(d)).toEqual(
    [
      entry(MAC_A, MAC_PEER, INTO, END_A, [NOBODY, A]),
      entry(MAC_PEER, MAC_A, OUT, PARENT, [A, NOBODY]),
      entry(MAC_PARENT, MAC_A, UP, PARENT, [A, NOBODY]),
      entry(MAC_B, MAC_A, INTO, END_B, [A, B]),
    ].sort(),
  );
});

it("in a VLAN has it carry with the tag, and in ipvlan networks with the one MAC, where that says who is meant", () => {
  const tagged = carriedLan(0, { vlan: 10 });
  tagged.send(A, datagram(MAC_A, IP_A, MAC_PEER, PEER));
  tagged.send(A, datagram(MAC_A, IP_A, MAC_PARENT, HOST_IP)); // the host is not there
  expect(carried(tagged)).toEqual(
    [entry(MAC_PEER, MAC_A, OUT, PARENT, [A, NOBODY], 10), entry(MAC_PARENT, MAC_A, OUT, PARENT, [A, NOBODY], 10)].sort(),
  );
  const d = carriedLan(ONE_MAC);
  d.send(PORT, datagram(MAC_PEER, PEER, MAC_PARENT, IP_A));
  d.send(PORT, datagram(MAC_PARENT, HOST_IP, MAC_PARENT, IP_B));
  d.send(A, datagram(MAC_A, IP_A, MAC_PEER, PEER));
  d.send(A, datagram(MAC_A, IP_A, MAC_PARENT, HOST_IP));
  d.send(A, datagram(MAC_A, IP_A, MAC_PARENT, IP_B));
  expect(carried(d)).toEqual(
    [
      entry(MAC_A, MAC_PEER, INTO, END_A, [NOBODY, A]),
      entry(MAC_B, MAC_PARENT, INTO, END_B, [NOBODY, B]),
      entry(MAC_PEER, MAC_A, OUT_AS, PARENT, [A, NOBODY]),
    ].sort(),
  );
});

it.each([
  ["vepa", () => carriedLan(VEPA)],
  ["passthru", () => carriedLan(PASSTHRU)],
  ["endpoints that may send from any address", () => carriedLan(PROMISCUOUS)],
  ["--offload never", () => carriedLan(0, { offload: false })],
] as const)("carries nothing with %s", (_, make) => {
  const d = make();
  d.send(PORT, datagram(MAC_PEER, PEER, MAC_A, IP_A));
  d.send(A, datagram(MAC_A, IP_A, MAC_PEER, PEER));
  expect(carried(d)).toEqual([]);
});

it("carries nothing that one of both ends cannot, nor what it has dropped, nor ARP, ICMP, discovery, groups and tags", () => {
  const d = carriedLan(NO_ICC, { endB: 0, parent: 0 });
  d.send(PORT, datagram(MAC_PEER, PEER, MAC_B, IP_B)); // on a TAP
  d.send(A, datagram(MAC_A, IP_A, MAC_PEER, PEER)); // there is no parent
  d.send(A, datagram(MAC_A, PEER, MAC_PEER, PEER)); // not its address
  const open = carriedLan(NO_ICC);
  open.send(A, datagram(MAC_A, IP_A, MAC_B, IP_B));
  open.send(A, datagram(MAC_A, IP_A, "01:00:5e:00:00:09", "224.0.0.9"));
  open.send(A, p.frame(MAC_PEER, MAC_A, p.echo({ src: IP_A, dst: PEER }, 1)));
  open.send(A, p.arpFrame(MAC_PEER, { operation: 2, senderMac: MAC_A, senderIp: IP_A, targetMac: MAC_PEER, targetIp: PEER }));
  open.send(PORT, p.tagged(datagram(MAC_PEER, PEER, MAC_A, IP_A), 10));
  expect([carried(d), carried(open)]).toEqual([[], []]);
});

it("asks for nothing that the programs leave to the engine, though it is bridged: fragments, and addresses that an endpoint has made itself", () => {
  const d = carriedLan();
  const large = p.udp({ src: IP_A, dst: PEER, fragment: 0 }, { sport: 5000, dport: 5001, data: new Uint8Array(2000) });
  const own = p.udp({ src: "2001:db8::77", dst: "2001:db8::10" }, { sport: 5000, dport: 5001 });
  const frames = [...p.fragments(large, 1000), own].map((packet) => p.frame(MAC_PEER, MAC_A, packet));
  for (const frame of frames) expect(d.send(A, frame)).toHaveLength(1);
  expect(carried(d)).toEqual([]);
  d.send(PORT, p.frame(MAC_A, MAC_PEER, p.udp({ src: "2001:db8::10", dst: "2001:db8::77" }, { sport: 5001, dport: 5000 })));
  expect(carried(d)).toEqual([entry(MAC_A, MAC_PEER, INTO, END_A, [NOBODY, A])]);
});

it("takes all back when ports, rules, or the parent change, and carries nothing of a published port's target", () => {
  const changes: ((d: Dataplane) => void)[] = [
    (d) => d.say({ type: "remove-port", port: B }),
    (d) => d.addPort(13, ENDPOINT, "02:42:c0:00:02:82", "192.0.2.130", NETWORK),
    (d) => d.say({ type: "parent-mac", network: NETWORK, mac: p.macBytes(MAC_PARENT), device: 0, vlan: 0 }),
    (d) => void d.publish({ target: IP_A, network: NETWORK, snatSource: HOST_IP, onlink: "0.0.0.0/32" }),
  ];
  for (const change of changes) {
    const d = carriedLan();
    const request = datagram(MAC_PEER, PEER, MAC_A, IP_A);
    d.send(PORT, request);
    expect(d.stationPairs.size).toBe(1);
    change(d);
    expect(d.stationPairs.size).toBe(0);
    d.send(PORT, request);
    expect(d.stationPairs.size).toBe(change === changes[3] ? 0 : 1);
  }
  const d = carriedLan();
  const rule = d.publish({ target: IP_A, network: NETWORK, snatSource: HOST_IP, onlink: "0.0.0.0/32" });
  d.send(B, datagram(MAC_B, IP_B, MAC_A, IP_A));
  expect(d.stationPairs.size).toBe(0);
  d.withdraw(rule);
  d.send(B, datagram(MAC_B, IP_B, MAC_A, IP_A));
  expect(d.stationPairs.size).toBe(1);
});

it("takes all back when there is no more room, and goes on", () => {
  const d = carriedLan();
  const from = (n: number): Uint8Array => datagram(`02:00:00:${[n >> 16, n >> 8, n].map((b) => (b & 0xff).toString(16).padStart(2, "0")).join(":")}`, PEER, MAC_A, IP_A); // biome-ignore format: one frame
  for (let n = 0; n < 4095; n++) d.send(PORT, from(n));
  expect(d.stationPairs.size).toBe(4095);
  d.send(PORT, from(4095));
  expect(d.stationPairs.size).toBe(0);
  d.send(PORT, from(4096));
  expect(d.stationPairs.size).toBe(1);
});
