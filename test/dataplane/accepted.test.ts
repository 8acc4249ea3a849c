/**
 * What the host's kernel has accepted for a published port: it opens flows, and what comes by the uplink does not. And what is entered into
 * the steering's map, so that the flow's other packets come by the uplink.
 */
import { describe, expect, it } from "vitest";
import { INTERNAL } from "../../src/table/networks.js";
import {
  A,
  B,
  BROADCAST,
  CLIENT,
  Dataplane,
  GATEWAY,
  HELD_PORT,
  HOST_DEVICE,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  MAC_B,
  MAC_GATEWAY,
  MAC_UP,
  NET,
  only,
  PUBLISHED,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const ETH0 = 2,
  ETH1 = 3,
  LO = 1;
const toHost = { src: CLIENT, dst: HOST_IP },
  toClient = { src: IP_A, dst: CLIENT };
const ports = { sport: 40000, dport: PUBLISHED },
  back = { sport: TARGET, dport: 40000 };

/** The host's firewall is honoured; TCP and UDP are published. */
function honouring(options: ConstructorParameters<typeof Dataplane>[0] = {}): Dataplane {
  const d = new Dataplane({ bypass: false, ...options });
  d.publish({ proto: p.UDP });
  return d;
}

/** Key of the map: the packet that the engine would send. */
function key(src: string, dst: string, sport: number, dport: number, proto: number): string {
  const half = (n: number): string => n.toString(16).padStart(4, "0");
  return `${p.hex(p.ipBytes(src))}${p.hex(p.ipBytes(dst))}${half(sport)}${half(dport)}${proto.toString(16).padStart(2, "0")}000000`;
}

const clientKey = (proto: number): string => key(HOST_IP, CLIENT, PUBLISHED, 40000, proto);

/** Value of the map: uplink 7, the device that the client's packets must come in at. */
function from(device: number): string {
  return `07000000${"0".repeat(56)}${device.toString(16).padStart(2, "0")}00000000000000`;
}

function corrupted(datagram: Uint8Array, at: number): Uint8Array {
  const out = datagram.slice();
  out[at] = out[at]! ^ 0x40;
  return out;
}

/** The datagram's checksum as a sender on this machine leaves it: the sum of the pseudo header. */
function partial(datagram: Uint8Array): Uint8Array {
  return p.partial(p.frame("02:00:00:00:00:00", "02:00:00:00:00:00", datagram)).subarray(p.VNET + p.ETH);
}

describe("a packet that the kernel has accepted", () => {
  it.each([
    ["TCP", p.tcp(toHost, { ...ports, flags: p.SYN })],
    ["UDP", p.udp(toHost, ports)],
  ])("opens a flow to a published port (%s)", (_, datagram) => {
    const d = honouring();
    expect(only(d.fromHeld(datagram))).toMatchObject({ port: A, src: CLIENT, dst: IP_A, dport: TARGET, ttl: 63 });
    expect(d.dropTotal()).toBe(0);
    expect(d.flows()).toHaveLength(1);
  });

  it("is counted as one of the held ports, and what becomes of it as one of the uplink", () => {
    const d = honouring();
    d.fromHeld(p.tcp(toHost, { ...ports, flags: p.SYN }));
    d.fromHeld(corrupted(p.tcp(toHost, { ...ports, flags: p.SYN }), 30));
    expect([d.count(HELD_PORT, 0), d.count(UP, 0)]).toEqual([2, 0]);
    expect(d.drops(UP)).toEqual({ "bad-checksum": 1 });
  });

  it("opens none by the uplink alone: the kernel is to decide first", () => {
    const d = honouring();
    for (const datagram of [p.tcp(toHost, { ...ports, flags: p.SYN }), p.udp(toHost, ports)]) expect(d.fromUplink(datagram)).toEqual([]);
    expect(only(d.fromUplink(p.tcp(toHost, ports)))).toMatchObject({ port: UP, src: HOST_IP, flags: p.RST });
    expect(d.drops(UP)).toEqual({ "no-flow": 3 });
    expect(d.flows()).toEqual([]);
  });

  it("goes on by the uplink once the flow is known, both ways", () => {
    const d = honouring();
    d.fromHeld(p.tcp(toHost, { ...ports, flags: p.SYN }));
    expect(only(d.fromEndpoint(A, p.tcp(toClient, { ...back, flags: p.SYN | p.ACK })))).toMatchObject({ port: UP, src: HOST_IP });
    expect(only(d.fromUplink(p.tcp(toHost, ports)))).toMatchObject({ port: A });
    expect(only(d.fromUplink(p.tcp(toHost, { ...ports, data: p.payload(900) })))).toMatchObject({ port: A });
    expect(d.flows()).toMatchObject([{ state: "established", packets: [3, 1] }]);
  });

  it("takes up a connection in the middle, and one that is known", () => {
    const d = honouring();
    expect(only(d.fromHeld(p.tcp(toHost, { ...ports, data: p.payload(100) })))).toMatchObject({ port: A });
    expect(d.flows()).toMatchObject([{ state: "taken-up" }]);
    expect(only(d.fromHeld(p.tcp(toHost, { ...ports, data: p.payload(50) })))).toMatchObject({ port: A });
    expect(d.flows()).toHaveLength(1);
  });

  it("is a client of the host's own when it came by lo, whatever its address", () => {
    const d = honouring();
    expect(only(d.fromHeld(p.udp({ src: "203.0.113.99", dst: HOST_IP }, ports), LO))).toMatchObject({ src: GATEWAY, ttl: 64 });
  });

  it("from nobody's address (DHCP) comes to the target from the gateway's, which it can take", () => {
    const d = honouring();
    expect(only(d.fromHeld(p.udp({ src: "0.0.0.0", dst: "255.255.255.255" }, ports)))).toMatchObject({ src: GATEWAY, dst: IP_A });
  });

  it("to an address that only the kernel knows to be the host's is for the host all the same", () => {
    const d = honouring();
    expect(only(d.fromHeld(p.udp({ src: CLIENT, dst: "203.0.113.200" }, ports)))).toMatchObject({ dst: IP_A });
    expect(only(d.fromEndpoint(A, p.udp(toClient, back)))).toMatchObject({ src: "203.0.113.200", dst: CLIENT });
  });
});

describe("an endpoint's packet to a published port of the host", () => {
  const ends = { src: IP_B, dst: HOST_IP };

  it.each([
    ["TCP", p.tcp(ends, { ...ports, flags: p.SYN }), p.TCP],
    ["UDP", p.udp(ends, ports), p.UDP],
  ])("goes to the host's kernel as it is, and opens a flow when that has accepted it (%s)", (_, datagram, proto) => {
    const d = honouring();
    const sent = only(d.fromEndpoint(B, datagram));
    expect(sent).toMatchObject({ port: HOST_PORT, dstMac: MAC_GATEWAY, srcMac: MAC_B });
    expect(p.hex(sent.bytes.subarray(p.VNET + p.ETH))).toBe(p.hex(datagram));
    expect(d.flows()).toEqual([]);

    const first = only(d.fromHeld(datagram, HOST_DEVICE));
    expect(first).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, dport: TARGET });
    expect([...d.flowMap]).toEqual([]); // its other packets come by its own port
    const answer = { sport: TARGET, dport: first.sport, flags: p.SYN | p.ACK };
    const toGateway = { src: IP_A, dst: GATEWAY };
    expect(only(d.fromEndpoint(A, proto === p.TCP ? p.tcp(toGateway, answer) : p.udp(toGateway, answer)))).toMatchObject({
      port: B,
      dstMac: MAC_B,
      src: HOST_IP,
      sport: PUBLISHED,
    });
    const second = proto === p.TCP ? p.tcp(ends, ports) : p.udp(ends, ports);
    expect(only(d.fromEndpoint(B, second))).toMatchObject({ port: A, src: GATEWAY, sport: first.sport });
    expect(d.flows()).toHaveLength(1);
  });

  it("is refused when the kernel accepted it from elsewhere than the endpoints' network, and when no endpoint has the address", () => {
    const d = honouring();
    expect(d.fromHeld(p.udp(ends, ports), ETH0)).toEqual([]);
    expect(d.fromHeld(p.udp({ src: "172.17.0.99", dst: HOST_IP }, ports), HOST_DEVICE)).toEqual([]);
    expect(d.drops(UP)).toEqual({ "source-spoofed": 2 });
  });

  it("goes nowhere out of an internal network", () => {
    const d = honouring();
    d.state.networks.flags[NET] = INTERNAL;
    expect(d.fromEndpoint(B, p.udp(ends, ports))).toEqual([]);
    expect(d.drops(B)).toEqual({ isolated: 1 });
  });
});

describe("its checksum", () => {
  const sizes = [0, 1, 2, 1399, 2041, 2042, 2043, 2044, 2045, 9000, 9001, 60_000, 60_001];

  it.each(sizes)("is accepted when it is right, of %i bytes of data", (size) => {
    const d = honouring();
    const datagrams = [p.tcp(toHost, { ...ports, data: p.payload(size) }), p.udp(toHost, { ...ports, data: p.payload(size) })];
    for (const datagram of datagrams) expect(only(d.fromHeld(datagram)).data).toEqual(p.payload(size));
  });

  it.each(sizes)("is accepted and named partial when it is that of the pseudo header, of %i bytes of data", (size) => {
    const d = honouring();
    for (const [datagram, start, offset] of [
      [p.tcp({ ...toHost, options: p.bytesOf("01010101") }, { ...ports, data: p.payload(size) }), 38, 16],
      [p.udp(toHost, { ...ports, data: p.payload(size) }), 34, 6],
    ] as const) {
      const [sent] = d.fromHeld(partial(datagram));
      expect(p.hex(sent!.bytes.subarray(0, 10))).toBe(`010000000000${start.toString(16)}00${offset.toString(16).padStart(2, "0")}00`);
      expect(p.wrongChecksums(p.complete(sent!.bytes).subarray(p.VNET + p.ETH))).toEqual([]);
    }
  });

  it.each(sizes)("has it dropped when it is wrong, of %i bytes of data", (size) => {
    const d = honouring();
    const whole = p.tcp(toHost, { ...ports, flags: p.SYN, data: p.payload(size) });
    for (const at of [24, 36, whole.length - 1]) expect(d.fromHeld(corrupted(whole, at))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "bad-checksum": 3 });
    expect(d.flows()).toEqual([]);
  });

  it("need not be there in a datagram (RFC 768)", () => {
    const d = honouring();
    expect(only(d.fromHeld(p.udp(toHost, { ...ports, checksum: false })))).toMatchObject({ dst: IP_A });
  });

  it("is not looked at where the kernel has put segments together", () => {
    const d = honouring();
    const data = p.payload(4000);
    const whole = p.partial(p.frame("02:00:00:00:00:00", "02:00:00:00:00:00", p.tcp(toHost, { ...ports, data })), p.GSO_TCPV4, 1000);
    p.setVnet(whole, { flags: p.NEEDS_CSUM, gso: p.GSO_TCPV4, gsoSize: 1000, start: 34, offset: 16 });
    d.io.put(HELD_PORT, whole, ETH0);
    const [sent] = d.run();
    expect(p.hex(sent!.bytes.subarray(0, 10))).toBe("01013600e80322001000"); // with the headers' length, 54, for the way out
    expect(p.wrongChecksums(p.complete(sent!.bytes).subarray(p.VNET + p.ETH))).toEqual([]);
  });
});

describe("a datagram to a broadcast or multicast address", () => {
  it.each([BROADCAST, "255.255.255.255", "224.0.0.251", "239.1.2.3"])("%s reaches the target as one to the host, which answers", (dst) => {
    const d = honouring();
    for (const made of [p.udp({ src: CLIENT, dst }, ports), partial(p.udp({ src: CLIENT, dst }, ports))]) {
      const [sent] = d.fromHeld(made);
      expect(p.wrongChecksums(p.complete(sent!.bytes).subarray(p.VNET + p.ETH))).toEqual([]);
      expect(p.parse(sent!.bytes)).toMatchObject({ src: CLIENT, dst: IP_A, dport: TARGET });
    }
    expect(only(d.fromEndpoint(A, p.udp(toClient, back)))).toMatchObject({ src: HOST_IP, sport: PUBLISHED, dst: CLIENT });
    expect(d.flows()).toHaveLength(1);
  });

  // In our tables such a word is an IPv6 address (`wire/address-word.ts`): no IPv4 packet may be taken for one of its.
  it.each([
    [CLIENT, "242.0.2.1", "no-route"],
    ["241.0.2.1", HOST_IP, "source-spoofed"],
  ])("of class E, from %s to %s, reaches nobody", (src, dst, reason) => {
    const d = honouring();
    expect(d.fromHeld(p.udp({ src, dst }, ports))).toEqual([]);
    expect(d.drops(HELD_PORT)).toEqual({ [reason]: 1 });
  });

  it("goes nowhere when the port is published at one address alone", () => {
    const d = new Dataplane({ bypass: false });
    d.withdraw(0);
    d.publish({ proto: p.UDP, hostIp: "10.10.10.10" });
    expect(d.fromHeld(p.udp({ src: CLIENT, dst: BROADCAST }, ports))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": 1 });
  });
});

describe("the steering's map", () => {
  it.each([
    ["TCP", p.tcp(toHost, { ...ports, flags: p.SYN }), p.tcp(toClient, { ...back, flags: p.SYN | p.ACK }), p.TCP],
    ["UDP", p.udp(toHost, ports), p.udp(toClient, back), p.UDP],
  ])(
    "has the client with the first answer, and the device that it came by; and no more once the flow is over (%s)",
    (_, datagram, answer, proto) => {
      const d = honouring();
      d.fromHeld(datagram, ETH0);
      expect([...d.flowMap]).toEqual([]);
      d.fromEndpoint(A, answer);
      expect([...d.flowMap]).toEqual([[clientKey(proto), from(ETH0)]]);
      d.flowMap.clear();
      d.fromEndpoint(A, answer);
      expect([...d.flowMap]).toEqual([]); // once is enough
      d.flowMap.set(clientKey(proto), from(ETH0));
      d.at(d.now + 8000);
      expect([...d.flowMap]).toEqual([]);
    },
  );

  it.each([
    ["in the middle of a connection", p.tcp(toHost, { ...ports, data: p.payload(9) }), 1, p.TCP],
    ["the second of several without an answer", p.udp(toHost, ports), 2, p.UDP],
  ])("has the client with its packet that is %s", (_, datagram, count, proto) => {
    const d = honouring();
    for (let n = 0; n < count; n++) {
      expect([...d.flowMap]).toEqual([]);
      d.fromHeld(datagram, ETH1);
    }
    expect([...d.flowMap]).toEqual([[clientKey(proto), from(ETH1)]]);
  });

  it("has a client of the host's own under the addresses that it uses", () => {
    const d = honouring();
    for (const src of ["127.0.0.1", GATEWAY]) {
      const { sport } = only(d.fromHeld(p.udp({ src, dst: src }, ports), LO));
      d.fromEndpoint(A, p.udp({ src: IP_A, dst: GATEWAY }, { sport: TARGET, dport: sport }));
    }
    expect([...d.flowMap]).toEqual([
      [key("127.0.0.1", "127.0.0.1", PUBLISHED, 40000, p.UDP), from(LO)],
      [key(GATEWAY, GATEWAY, PUBLISHED, 40000, p.UDP), from(LO)],
    ]);
    d.at(d.now + 8000);
    expect([...d.flowMap]).toEqual([]);
  });

  it("has a client next to the target under the address that it uses", () => {
    const d = honouring();
    const onlink = {
      target: "10.9.0.4",
      network: -1,
      snatSource: "10.9.0.1",
      onlink: "10.9.0.0/24",
    };
    d.publish({ proto: p.UDP, firstPort: 9100, lastPort: 9100, ...onlink });
    const { sport, dport } = only(d.fromHeld(p.udp({ src: "10.9.0.5", dst: HOST_IP }, { sport: 40000, dport: 9100 }), ETH1));
    d.fromUplink(p.udp({ src: "10.9.0.4", dst: "10.9.0.1" }, { sport: dport, dport: sport }));
    expect([...d.flowMap]).toEqual([[key(HOST_IP, "10.9.0.5", 9100, 40000, p.UDP), from(ETH1)]]);
    d.at(d.now + 8000);
    expect([...d.flowMap]).toEqual([]);
  });

  it("keeps a client that opens its connection anew, and gets the device that it then comes by", () => {
    const d = honouring();
    const syn = p.tcp(toHost, { ...ports, flags: p.SYN });
    const answer = p.tcp(toClient, { ...back, flags: p.SYN | p.ACK });
    d.fromHeld(syn, ETH0);
    d.fromEndpoint(A, answer);
    d.fromUplink(p.tcp(toHost, { ...ports, flags: p.RST }));
    d.fromHeld(syn, ETH0);
    expect([...d.flowMap]).toEqual([[clientKey(p.TCP), from(ETH0)]]);
    d.fromHeld(syn, ETH1);
    expect([...d.flowMap]).toEqual([[clientKey(p.TCP), from(ETH0)]]);
    d.fromEndpoint(A, answer);
    expect([...d.flowMap]).toEqual([[clientKey(p.TCP), from(ETH1)]]);
    expect(d.flows()).toHaveLength(1);
  });

  it("gets the client again, with its device, when the kernel has accepted another packet of the flow", () => {
    const d = honouring();
    d.fromHeld(p.udp(toHost, ports), ETH0);
    d.fromEndpoint(A, p.udp(toClient, back));
    d.flowMap.clear();
    d.fromUplink(p.udp(toHost, ports));
    expect([...d.flowMap]).toEqual([]);
    d.fromHeld(p.udp(toHost, ports), ETH1);
    expect([...d.flowMap]).toEqual([[clientKey(p.UDP), from(ETH1)]]);
    expect(d.flows()).toHaveLength(1);
  });

  it.each([
    ["carried by the kernel", true, [key(HOST_IP, CLIENT, 8000, 40000, p.UDP), key(CLIENT, IP_A, 40000, TARGET, p.UDP)]],
    ["not carried", false, [key(HOST_IP, CLIENT, 8000, 40000, p.UDP)]],
  ])("gets each direction of a flow once a batch, however many of its packets came by the kernel (%s)", (_, offload, keys) => {
    const d = honouring({ offload });
    d.publish({ proto: p.UDP, firstPort: 8000, lastPort: 8000, network: -1 });
    for (let n = 0; n < 10; n++) d.io.put(HELD_PORT, p.frame(MAC_UP, MAC_B, p.udp(toHost, { sport: 40000, dport: 8000 })), ETH0);
    expect(d.run()).toHaveLength(10);
    expect(d.flowsWritten).toEqual(keys);
  });

  it("gets nothing for what is not sent on", () => {
    const d = honouring();
    d.fromHeld(p.udp({ ...toHost, ttl: 1 }, ports));
    d.fromHeld(p.udp(toHost, { ...ports, dport: PUBLISHED + 1 }));
    d.fromHeld(corrupted(p.tcp(toHost, { ...ports, flags: p.SYN }), 30));
    expect([...d.flowMap]).toEqual([]);
  });

  it("loses an entry without a flow with the first packet that it brings", () => {
    const d = honouring();
    for (let n = 0; n < 2; n++) d.fromHeld(p.udp(toHost, ports));
    const [entry] = [...d.flowMap];
    d.at(d.now + 8000);
    d.flowMap.set(...entry!); // as if the kernel had kept it
    expect(d.fromUplink(p.udp(toHost, ports))).toEqual([]);
    expect([...d.flowMap]).toEqual([]);
  });

  it("gets both directions of a flow that the kernel is to carry, the client's with its device", () => {
    const d = honouring({ offload: true });
    d.publish({ proto: p.TCP, firstPort: 8000, lastPort: 8000, network: -1 });
    d.fromHeld(p.tcp(toHost, { sport: 40000, dport: 8000, flags: p.SYN }), ETH1);
    expect([...d.flowMap]).toEqual([]);
    d.fromUplink(p.tcp(toClient, { ...back, flags: p.SYN | p.ACK }));
    const address = (text: string): string => p.hex(p.ipBytes(text));
    expect([...d.flowMap]).toEqual([
      [key(HOST_IP, CLIENT, 8000, 40000, p.TCP), `07000000${address(IP_A)}1f900200${"0".repeat(40)}0300000000000000`],
      [key(CLIENT, IP_A, 40000, TARGET, p.TCP), `07000000${address(HOST_IP)}1f400100${"0".repeat(40)}0000000000000000`],
    ]);
    const before = [...d.flowMap];
    d.fromUplink(p.tcp(toHost, { sport: 40000, dport: 8000, flags: p.FIN | p.ACK })); // steered: nothing to enter
    expect([...d.flowMap]).toEqual(before);
    d.at(d.now + 8000);
    expect([...d.flowMap]).toEqual([]);
  });
});
