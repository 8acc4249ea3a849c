/** What of IPv6 flows is in the steering's map `flows6`: whose packets come to the engine, and which the kernel carries. */
import { describe, expect, it } from "vitest";
import { INTERNAL } from "../../src/table/networks.js";
import { A, B, CLIENT, type Dataplane, HOST_DEVICE, HOST_IP, only, PUBLISHED, TARGET, UP } from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, LINK_B, LINK_GATEWAY, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";

const ETH0 = 2,
  KERNEL_TARGET = "2001:db8:ff::4";
const toHost = { src: CLIENT6, dst: HOST_IP6 };
const ports = { sport: 40000, dport: PUBLISHED };

/** Key of a packet as the engine sends it. */
function key(src: string, dst: string, sport: number, dport: number, proto = p.TCP): string {
  const numbers = [sport, dport].map((port) => port.toString(16).padStart(4, "0")).join("");
  return `${p.hex(p.ipBytes(src))}${p.hex(p.ipBytes(dst))}${numbers}${proto.toString(16).padStart(2, "0")}000000`;
}

/** Fields of an entry: uplink, which end is translated, port that it gets, interface index, address that it gets. */
function entry(value: string): [uplink: number, offload: number, port: number, ingress: number, address: string] {
  const bytes = Buffer.from(value, "hex");
  return [bytes.readUInt32LE(0), bytes[10]!, bytes.readUInt16BE(8), bytes.readUInt32LE(32), value.slice(80)];
}

const NOTHING = "0".repeat(64);

/** A target that the kernel reaches, behind 8999. */
function bridged(): Dataplane {
  const d = dual({ offload: true });
  d.withdraw(1);
  d.publish({ ...TO_A6, target: KERNEL_TARGET, network: -1, snatSource: "2001:db8:ff::1", onlink: "2001:db8:ff::/64" });
  return d;
}

describe("a client", () => {
  it("opens a flow with what the kernel has accepted alone, and is entered with the first answer, by the device that it came by", () => {
    const d = dual({ bypass: false });
    const syn = p.tcp(toHost, { ...ports, flags: p.SYN });
    expect(d.fromUplink(syn)).toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": 1 });
    expect(d.forgotten).toHaveLength(1); // what had brought it here
    expect(d.forgotten[0]).toHaveLength(10);
    expect(only(d.fromHeld(syn, ETH0))).toMatchObject({ port: A, src: CLIENT6, dst: IP6_A });
    const answer = only(d.fromEndpoint(A, p.tcp({ src: IP6_A, dst: CLIENT6 }, { sport: TARGET, dport: 40000, flags: p.SYN | p.ACK })));
    expect([answer.src, p.u16(answer.bytes, 22)]).toEqual([HOST_IP6, 0x86dd]);
    expect([...d.flowMap].map(([k, value]) => [k, entry(value)])).toEqual([
      [key(HOST_IP6, CLIENT6, PUBLISHED, 40000), [7, 0, 0, ETH0, NOTHING]],
    ]);
    expect(only(d.fromUplink(p.tcp(toHost, ports)))).toMatchObject({ port: A });
  });

  it("has its checksum looked at, whole or partial, and a datagram for a group becomes the host's own", () => {
    const d = dual({ bypass: false });
    d.publish({ ...TO_A6, proto: p.UDP });
    const right = p.tcp(toHost, { ...ports, flags: p.SYN });
    expect(d.fromHeld(right.with(50, 0x77), ETH0)).toEqual([]);
    expect(d.drops(UP)).toEqual({ "bad-checksum": 1 });
    const frame = p.partial(p.frame("02:00:00:00:00:00", "02:00:00:00:00:00", right));
    expect(only(d.fromHeld(frame.subarray(p.VNET + p.ETH), ETH0))).toMatchObject({ port: A, dst: IP6_A });
    expect(only(d.fromHeld(p.udp({ src: CLIENT6, dst: "ff02::1" }, ports), ETH0))).toMatchObject({ port: A, src: CLIENT6, dst: IP6_A });
  });

  it("that is an endpoint with its link-local address is known by the network's device and its MAC, and held to its network's rules", () => {
    const syn = (src: string): Uint8Array => p.tcp({ src, dst: LINK_GATEWAY }, { ...ports, flags: p.SYN });
    const d = dual({ bypass: false });
    expect(only(d.fromHeld(syn(LINK_B), HOST_DEVICE))).toMatchObject({ port: A, src: GATEWAY6, dst: IP6_A });
    expect(d.flows()).toMatchObject([{ original: { src: `[${LINK_B}]:40000` } }]);
    expect(d.fromHeld(syn("fe80::42:acff:fe11:99"), HOST_DEVICE)).toEqual([]);
    const internal = dual({ bypass: false }, INTERNAL);
    expect(internal.fromHeld(syn(LINK_B), HOST_DEVICE)).toEqual([]);
    expect([d.drops(UP), internal.drops(B)]).toEqual([{ "source-spoofed": 1 }, { isolated: 1 }]);
    expect(only(dual({ bypass: false }).fromHeld(syn("fe80::99"), ETH0))).toMatchObject({ port: A, src: GATEWAY6 });
  });

  it("that is not answered is entered with its second packet, and taken out when the flow is over", () => {
    const d = dual({ bypass: false });
    d.publish({ ...TO_A6, proto: p.UDP });
    for (let n = 0; n < 2; n++) d.fromHeld(p.udp(toHost, ports), ETH0);
    expect([...d.flowMap.keys()]).toEqual([key(HOST_IP6, CLIENT6, PUBLISHED, 40000, p.UDP)]);
    d.at(d.now + 8000);
    expect([d.flowMap.size, d.forgotten.length]).toEqual([0, 1]);
  });

  it("of the other family than the target's is entered under its own, as it sees the host", () => {
    const d = dual({ bypass: false });
    d.publish({ firstPort: 9000, lastPort: 9000, hostIp: "::" });
    const out = only(d.fromHeld(p.tcp(toHost, { sport: 40000, dport: 9000, flags: p.SYN }), ETH0));
    d.fromEndpoint(A, p.tcp({ src: out.dst, dst: out.src }, { sport: out.dport, dport: out.sport, flags: p.SYN | p.ACK }));
    expect([...d.flowMap.keys()]).toEqual([key(HOST_IP6, CLIENT6, 9000, 40000)]);
  });
});

describe("a flow that the kernel carries", () => {
  it("is entered in both directions by the engine, since the target's address does not fit into an Ethernet header", () => {
    const d = bridged();
    expect(only(d.fromUplink(p.tcp(toHost, { ...ports, flags: p.SYN })))).toMatchObject({ port: UP, dst: KERNEL_TARGET });
    expect(d.flowMap.size).toBe(0);
    const back = { src: KERNEL_TARGET, dst: CLIENT6 };
    const answer = only(d.fromUplink(p.tcp(back, { sport: TARGET, dport: 40000, flags: p.SYN | p.ACK })));
    expect([answer.src, answer.bytes[p.VNET + 11]]).toEqual([HOST_IP6, 32]); // its pair alone is asked for
    expect(new Map([...d.flowMap].map(([k, value]) => [k, entry(value)]))).toEqual(
      new Map([
        [key(HOST_IP6, CLIENT6, PUBLISHED, 40000), [7, 2, TARGET, 0, p.hex(p.ipBytes(KERNEL_TARGET)) + "0".repeat(32)]],
        [key(CLIENT6, KERNEL_TARGET, 40000, TARGET), [7, 1, PUBLISHED, 0, p.hex(p.ipBytes(HOST_IP6)) + "0".repeat(32)]],
      ]),
    );
    d.withdraw(2);
    expect(d.flowMap.size).toBe(0);
  });

  it("lives on by what the kernel saw of it", () => {
    const d = bridged();
    d.fromUplink(p.tcp(toHost, { ...ports, flags: p.SYN }));
    d.fromUplink(p.tcp({ src: KERNEL_TARGET, dst: CLIENT6 }, { sport: TARGET, dport: 40000, flags: p.SYN | p.ACK }));
    for (const [k, value] of d.flowMap) {
      const bytes = Buffer.from(value, "hex");
      bytes.writeUInt32LE(d.now + 5, 12);
      bytes.writeUInt32LE(3, 16);
      d.flowMap.set(k, bytes.toString("hex"));
    }
    d.at(d.now + 5);
    expect(d.flows()).toMatchObject([{ state: "established", offloaded: true, packets: [4, 4] }]);
  });

  it("may be one of two families, whose packets get the other tuple; that of a program of the host's, too", () => {
    const d = dual({ offload: true });
    const target = "10.9.9.9";
    d.publish({ target, network: -1, firstPort: 9000, lastPort: 9000, hostIp: "::", snatSource: "10.9.9.1" });
    d.publish({ ...TO_A6, target: KERNEL_TARGET, network: -1, snatSource: GATEWAY6, firstPort: 9001, lastPort: 9001, hostIp: "0.0.0.0" });
    const six = only(d.fromUplink(p.tcp(toHost, { sport: 1, dport: 9000, flags: p.SYN })));
    const four = only(d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: 1, dport: 9001, flags: p.SYN })));
    expect(d.flowMap.size).toBe(0);
    d.fromUplink(p.tcp({ src: target, dst: "10.9.9.1" }, { sport: TARGET, dport: six.sport, flags: p.SYN | p.ACK }));
    d.fromUplink(p.tcp({ src: KERNEL_TARGET, dst: GATEWAY6 }, { sport: TARGET, dport: four.sport, flags: p.SYN | p.ACK }));
    expect(d.flows().map(({ offloaded }) => offloaded)).toEqual([true, true]);
    const hexOf = (...addresses: string[]): string => addresses.map((address) => p.hex(p.ipBytes(address))).join("");
    const portsOf = (...numbers: number[]): string => numbers.map((n) => n.toString(16).padStart(4, "0")).join("");
    const ACROSS = "03";
    const entries = [...d.flowMap].map(([k, value]) => [k.slice(0, -8), value.slice(20, 22), value.slice(80)]);
    expect(new Map(entries.map(([k, how, rest]) => [k, [how, rest]]))).toEqual(
      new Map([
        [hexOf(HOST_IP6, CLIENT6) + portsOf(9000, 1), [ACROSS, hexOf("10.9.9.1", target) + portsOf(six.sport, TARGET) + "0".repeat(40)]],
        [hexOf("10.9.9.1", target) + portsOf(six.sport, TARGET), [ACROSS, ""]],
        [hexOf(HOST_IP, CLIENT) + portsOf(9001, 1), [ACROSS, ""]],
        [
          hexOf(GATEWAY6, KERNEL_TARGET) + portsOf(four.sport, TARGET),
          [ACROSS, hexOf(HOST_IP, CLIENT) + portsOf(9001, 1) + "0".repeat(40)],
        ],
      ]),
    );
    expect(new Map([...d.acrossMap].map(([k, value]) => [k.slice(0, -8), value]))).toEqual(
      new Map([
        [hexOf("10.9.9.1", target) + portsOf(six.sport, TARGET), hexOf(HOST_IP6, CLIENT6) + portsOf(9000, 1)],
        [hexOf(HOST_IP, CLIENT) + portsOf(9001, 1), hexOf(GATEWAY6, KERNEL_TARGET) + portsOf(four.sport, TARGET)],
      ]),
    );
    d.fromUplink(p.tcp({ src: "::1", dst: HOST_IP6 }, { sport: 2, dport: 9000, flags: p.SYN }));
    expect(d.flows().map(({ offloaded }) => offloaded)).toEqual([true, true, true]);
  });
});
