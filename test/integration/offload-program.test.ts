/**
 * The byte code that carries offloaded flows beside the TypeScript that decided them (BPF_PROG_TEST_RUN): `emit` enters what the engine's
 * frames ask for, and `steer` must then do to a packet what the engine does to it, or leave it to the engine as it is.
 */
import { expect } from "vitest";
import { FLOW_OFFLOAD_AT, FLOW_ORDER_AT } from "../../src/wire/flow-entry.js";
import { ORDER_VALUE_SIZE, orderPlaces, STAMP_AT, STAMP_MARK, STAMP_MARK_AT } from "../../src/wire/order.js";
import { type Case, onTsproxy } from "../support/cases.js";
import { CLIENT, Dataplane, GATEWAY, HOST_IP, IP_A, only, PUBLISHED, TARGET } from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";
import { program } from "../support/servers.js";
import { addIpv6 } from "../support/topology.js";

const SPORT = 40000;
/** linux/pkt_cls.h */
const TC_ACT_UNSPEC = -1,
  TC_ACT_REDIRECT = 7;
/** The link layer's receiver is the device that the frames come in at. */
const DEVICE_MAC = "02:00:00:00:00:77",
  ETHERNET = "0200000000770202030405060800";

interface Answer {
  verdict: number;
  frame: string;
  counters: string[];
}

/**
 * Engine with an offloaded flow of TCP and one of UDP from CLIENT's SPORT, and the frames that opened them and answered. The target is, for the
 * kernel, on docker0.
 */
function offloaded(c: Case): { d: Dataplane; opening: Uint8Array[] } {
  c.lab.ip(c.host, `link add up0 type bridge\nlink set up0 up\nlink add in0 address ${DEVICE_MAC} type bridge\nlink set in0 up`);
  c.lab.sysctl(c.host, "net.ipv4.conf.up0.forwarding", 1);
  const ingress = (JSON.parse(c.lab.runSync(c.host, ["ip", "-j", "link", "show", "in0"])) as { ifindex: number }[])[0]!.ifindex;
  const d = new Dataplane({ offload: true, bypass: false });
  d.state.order.open(new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE), 0);
  for (const proto of [p.TCP, p.UDP]) d.publish({ proto, network: -1 });
  const ends = { src: CLIENT, dst: HOST_IP };
  const ports = { sport: SPORT, dport: PUBLISHED };
  const answers = { sport: TARGET, dport: SPORT };
  const opening = [
    ...[p.tcp(ends, { ...ports, flags: p.SYN }), p.udp(ends, ports)].map((datagram) => only(d.fromHeld(datagram, ingress))),
    ...[p.tcp(toClient, { ...answers, flags: p.SYN | p.ACK }), p.udp(toClient, answers)].map((datagram) => only(d.fromUplink(datagram))),
  ].map(({ bytes }) => bytes.slice(p.VNET));
  d.fromUplink(p.tcp(ends, ports));
  d.fromUplink(p.udp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: SPORT }));
  return { d, opening };
}

/** python3 -c … DEVICE: prints the source MAC of each frame that goes out of it. */
const SOURCES = `
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind((sys.argv[1], 3))
print("ready", flush=True)
while True: print(s.recv(2048)[6:12].hex(), flush=True)
`;

/** The entry as it is when it has just been written. */
function waiting(key: string, value: string): string {
  const at = FLOW_ORDER_AT * 2;
  return key.endsWith("11000000") ? `${value.slice(0, at)}ffff0000${value.slice(at + 8)}` : value; // ORDER_MOST
}

/** What `steer` does with each datagram in the namespace of the lab's host, after `emit` has had the opening frames. */
async function steer(
  c: Case,
  { d, opening }: ReturnType<typeof offloaded>,
  datagrams: Uint8Array[],
  { locals = [HOST_IP], device = "in0", ethernet = ETHERNET } = {},
): Promise<Answer[]> {
  const job = {
    uplink: "up0",
    device,
    opening: opening.map((frame) => p.hex(frame)),
    locals: locals.map((address) => p.hex(p.ipBytes(address))),
    frames: datagrams.map((datagram) => ethernet + p.hex(datagram)),
  };
  const { code, stdout, stderr } = await c.lab.run(c.host, [process.execPath, program("steer-run")], { input: JSON.stringify(job) });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const { entries, answers, carried, openedAgain } = JSON.parse(stdout) as {
    entries: [string, string][];
    answers: Answer[];
    carried: Record<string, string>;
    openedAgain: Record<string, string>;
  };
  // What has been counted stays, and datagrams wait for those before them.
  expect(openedAgain).toEqual(Object.fromEntries(Object.entries(carried).map(([key, value]) => [key, waiting(key, value)])));
  const withoutUplink = (all: [string, string][]): [string, string][] => all.map(([key, value]) => [key, value.slice(8)]);
  expect(withoutUplink(entries).sort()).toEqual(withoutUplink([...d.flowMap]).sort());
  expect(entries).toHaveLength(4);
  return answers;
}

const toServer = { src: CLIENT, dst: HOST_IP },
  toClient = { src: IP_A, dst: CLIENT };
const clientPorts = { sport: SPORT, dport: PUBLISHED },
  serverPorts = { sport: TARGET, dport: SPORT };

/** The datagram with the TCP checksum `wanted`, and its last two bytes such that it is right. */
function withTcpChecksum(datagram: Uint8Array, wanted: number): Uint8Array {
  const out = datagram.slice();
  const data = out.length - 2;
  p.setU16(out, data, 0);
  p.setU16(out, 36, 0);
  const pseudo = p.sum(Uint8Array.of(...out.subarray(12, 20), 0, p.TCP, 0, out.length - 20));
  const rest = p.sum(out.subarray(20), pseudo);
  // rest + data = ~wanted in one's complement
  p.setU16(out, data, p.sum(Uint8Array.of((~wanted >> 8) & 0xff, ~wanted & 0xff, (~rest >> 8) & 0xff, ~rest & 0xff)));
  p.setU16(out, 36, wanted);
  expect(p.wrongChecksums(out)).toEqual([]);
  return out;
}

onTsproxy("rewrites every packet as the engine does, both directions", "kernel", async (c) => {
  const random = new Random(1);
  const flows = offloaded(c);
  const datagrams = Array.from({ length: 2000 }, () => {
    const [ends, ports] = random.pick([[toServer, clientPorts] as const, [toClient, serverPorts] as const]);
    const ip = { ...ends, ttl: random.pick([2, 3, 64, 128, 255]), fragment: random.pick([0, 0x4000]) };
    const data = Uint8Array.from({ length: random.below(120) }, () => random.below(256));
    const options = new Uint8Array(4 * random.below(6)).fill(1);
    const flags = random.pick([p.ACK, p.ACK | p.PSH, p.ACK | 0x20, 0xc0 | p.ACK]);
    return random.pick([
      () => p.tcp(ip, { ...ports, flags, options, data }),
      () => p.udp(ip, { ...ports, data }),
      () => p.udp(ip, { ...ports, data, checksum: false }),
    ])();
  });
  // The corners of one's complement: sums of 0 and 0xffff before and after, and what becomes so by the exchange of one end.
  for (const wanted of [0, 0xffff, 1, 0xfffe]) {
    datagrams.push(withTcpChecksum(p.tcp(toServer, { ...clientPorts, data: p.payload(8) }), wanted));
    datagrams.push(withTcpChecksum(p.tcp(toClient, { ...serverPorts, data: p.payload(8) }), wanted));
  }
  for (let n = 0; n < 0x10000; n++) {
    const datagram = p.udp(toServer, { ...clientPorts, data: Uint8Array.of(n >> 8, n & 0xff) });
    const after = only(flows.d.fromUplink(datagram)).l4;
    if ([0xffff, 0xfffe, 1].some((corner) => p.u16(after, 6) === corner || p.u16(datagram, 26) === corner)) datagrams.push(datagram);
  }
  const expected = datagrams.map((datagram) => p.hex(only(flows.d.fromUplink(datagram)).bytes.subarray(p.VNET + p.ETH)));
  const answers = await steer(c, flows, datagrams);
  expect(answers.map(({ frame }) => frame.slice(2 * p.ETH))).toEqual(expected);
  expect(new Set(answers.map(({ verdict }) => verdict))).toEqual(new Set([TC_ACT_REDIRECT]));
  expect(new Set(answers.flatMap(({ counters }) => counters))).toEqual(new Set(["offloaded"]));
});

onTsproxy("counts an entry that the kernel refuses, and then carries neither direction", "kernel", async (c) => {
  const { opening } = offloaded(c);
  // The opening frames are entered; what asks for the clients, with the first answers, finds no room.
  const job = {
    uplink: "up0",
    device: "in0",
    opening: opening.map((frame) => p.hex(frame)),
    full: 2,
    locals: [p.hex(p.ipBytes(HOST_IP))],
    frames: [],
  };
  const { code, stdout, stderr } = await c.lab.run(c.host, [process.execPath, program("steer-run")], { input: JSON.stringify(job) });
  expect([stderr, code]).toEqual(["", 0]);
  const { entries, opened } = JSON.parse(stdout) as { entries: [string, string][]; opened: Answer[] };
  expect(opened.map(({ counters }) => counters.includes("flow-not-recorded"))).toEqual([false, false, true, true]);
  const offload = entries.map(([key, value]) => [key.startsWith(p.hex(p.ipBytes(CLIENT))), Buffer.from(value, "hex")[FLOW_OFFLOAD_AT]]);
  expect(offload).toEqual([
    [true, 0],
    [true, 0],
  ]);
});

onTsproxy("leaves to the engine, untouched, what may need another decision", "kernel", async (c) => {
  const flows = offloaded(c);
  const options = { options: new Uint8Array(4).fill(1) };
  const ends = [
    [toServer, clientPorts],
    [toClient, serverPorts],
  ] as const;
  const cases = ends.flatMap(([ip, ports]) => [
    ...[p.SYN | p.ACK, p.FIN | p.SYN | p.ACK, p.FIN | p.RST, p.RST, p.RST | p.ACK, p.FIN, p.PSH, 0].map((flags) =>
      p.tcp(ip, { ...ports, flags }),
    ),
    p.tcp({ ...ip, ...options }, ports),
    p.udp({ ...ip, ...options }, ports),
    p.udp({ ...ip, fragment: 0x2000 }, ports),
    p.tcp({ ...ip, ttl: 1 }, ports),
    p.udp({ ...ip, ttl: 0 }, ports),
    p.udp(ip, { ...ports, data: p.payload(40) }).subarray(0, 60),
  ]);
  cases.push(p.tcp(toClient, { ...serverPorts, flags: p.SYN }), p.tcp(toClient, serverPorts).subarray(0, 32)); // cut off before the flags
  const sentOn = { ip: { src: CLIENT, dst: IP_A }, ports: { sport: SPORT, dport: TARGET } };
  for (const kind of [p.FRAGMENTATION_NEEDED, p.PORT_UNREACHABLE, p.TIME_EXCEEDED]) {
    cases.push(p.icmpError({ src: IP_A, dst: CLIENT }, kind, p.udp(sentOn.ip, sentOn.ports)));
    cases.push(
      p.icmpError({ src: "192.0.2.77", dst: HOST_IP }, kind, p.tcp({ src: HOST_IP, dst: CLIENT }, { sport: PUBLISHED, dport: SPORT })),
    );
  }
  const answers = await steer(c, flows, cases);
  for (const [i, answer] of answers.entries())
    expect(answer, `case ${i}`).toEqual({ verdict: TC_ACT_REDIRECT, frame: ETHERNET + p.hex(cases[i]!), counters: ["taken-reply"] });
});

onTsproxy("carries a segment that ends a connection, and gives the engine a copy, which counts it", "kernel", async (c) => {
  c.lab.sysctl(c.host, "net.ipv6.conf.default.disable_ipv6", 1); // so that a new device says nothing by itself
  const flows = offloaded(c);
  const sources = c.lab.start(c.host, ["python3", "-c", SOURCES, "up0"]);
  await sources.until("it listens", () => sources.stdout.includes("ready"));
  const fin = { flags: p.FIN | p.ACK, data: p.payload(30), ack: 0x77777777 };
  const of = [
    [toServer, clientPorts, 0xfedc_ba98],
    [toClient, serverPorts, 0x1234_5678],
  ] as const;
  const data = of.map(([ip, ports, ack]) => p.tcp(ip, { ...ports, ack, data: p.payload(30) }));
  const ends = of.map(([ip, ports]) => p.tcp(ip, { ...ports, ...fin }));
  const answers = (await steer(c, flows, [...data, ...ends])).slice(data.length);
  for (const datagram of data) flows.d.fromUplink(datagram);
  // With a copy comes what the other end has acknowledged.
  const copies = (): string[] => sources.stdout.split("\n").filter((mac) => mac.startsWith("737464"));
  await sources.until("both are seen", () => copies().length >= 2);
  expect(copies()).toEqual(["737464ff1234", "737464fffedc"]);
  // Of a number whose upper half is 0 the next one is noted, as 0 says that there is none.
  await steer(c, flows, [p.tcp(toClient, { ...serverPorts, ack: 0x0000_1234 }), ends[0]!]);
  await sources.until("the third is seen", () => copies().length >= 3);
  expect(copies()[2]).toBe("737464ff0001");
  await sources.stop();
  expect(answers).toEqual(
    ends.map((datagram) => ({
      verdict: TC_ACT_REDIRECT,
      frame: expect.stringMatching(new RegExp(`${p.hex(only(flows.d.fromUplink(datagram)).bytes.subarray(p.VNET + p.ETH))}$`)) as string,
      counters: [],
    })),
  );
});

onTsproxy("leaves to the host's kernel what opens a connection, comes by another device, or is a forged copy", "kernel", async (c) => {
  const flows = offloaded(c);
  const opening = [p.tcp(toServer, { ...clientPorts, flags: p.SYN }), p.tcp(toServer, clientPorts).subarray(0, 32)];
  for (const [i, answer] of (await steer(c, flows, opening)).entries())
    expect(answer, `case ${i}`).toEqual({ verdict: TC_ACT_UNSPEC, frame: ETHERNET + p.hex(opening[i]!), counters: [] });
  // Without ACK it is not carried, so its source MAC would be read as the mark of a copy.
  const ethernet = ETHERNET.replace("020203040506", "737464ff1234");
  const forged = p.tcp(toServer, { ...clientPorts, flags: p.FIN });
  expect(await steer(c, flows, [forged])).toMatchObject([{ verdict: TC_ACT_REDIRECT, counters: ["taken-reply"] }]);
  expect(await steer(c, flows, [forged], { ethernet })).toEqual([
    { verdict: TC_ACT_UNSPEC, frame: ethernet + p.hex(forged), counters: [] },
  ]);
  c.lab.ip(c.host, `link add in1 address ${DEVICE_MAC} type bridge\nlink set in1 up`);
  const cases = [p.tcp(toServer, clientPorts), p.udp(toServer, clientPorts), p.udp({ ...toServer, fragment: 0x2000 }, clientPorts)];
  for (const [i, answer] of (await steer(c, flows, cases, { device: "in1" })).entries())
    expect(answer, `case ${i}`).toEqual({ verdict: TC_ACT_UNSPEC, frame: ETHERNET + p.hex(cases[i]!), counters: [] });
  const answers = [p.tcp(toClient, serverPorts), p.udp(toClient, serverPorts)]; // the target's may come by any
  for (const { counters } of await steer(c, flows, answers, { device: "in1" })) expect(counters).toEqual(["offloaded"]);
});

onTsproxy("carries neither later fragments nor what claims the host's own address", "kernel", async (c) => {
  const flows = offloaded(c);
  const cases = [p.udp({ ...toServer, fragment: 0x0001 }, clientPorts), p.tcp(toServer, clientPorts), p.udp(toServer, clientPorts)];
  for (const [i, answer] of (await steer(c, flows, cases, { locals: [HOST_IP, CLIENT] })).entries())
    expect(answer, `case ${i}`).toEqual({ verdict: TC_ACT_UNSPEC, frame: ETHERNET + p.hex(cases[i]!), counters: [] });
});

onTsproxy("leaves to the engine what has no route or does not fit through it", "kernel", async (c) => {
  const flows = offloaded(c);
  c.lab.ip(c.host, "link set docker0 mtu 600\nroute del 198.51.100.0/24 dev eth1");
  const cases = [p.tcp(toClient, serverPorts), p.udp(toServer, { ...clientPorts, data: p.payload(800) })];
  for (const [i, answer] of (await steer(c, flows, cases)).entries())
    expect(answer, `case ${i}`).toEqual({ verdict: TC_ACT_REDIRECT, frame: ETHERNET + p.hex(cases[i]!), counters: ["taken-reply"] });
});

onTsproxy("changes the family of packets as the engine does, both ways, and leaves to it what has no checksum", "kernel", async (c) => {
  addIpv6(c);
  c.lab.ip(c.host, `link add up0 type bridge\nlink set up0 up\nlink add in0 address ${DEVICE_MAC} type bridge\nlink set in0 up`);
  c.lab.ip(c.host, "route add 2001:db8:9::/64 dev eth1\nroute add fd00::/64 dev docker0");
  for (const family of ["ipv4", "ipv6"]) c.lab.sysctl(c.host, `net.${family}.conf.up0.forwarding`, 1);
  const ingress = (JSON.parse(c.lab.runSync(c.host, ["ip", "-j", "link", "show", "in0"])) as { ifindex: number }[])[0]!.ifindex;
  const d = dual({ offload: true, bypass: false, random: () => 0x1234_5678 });
  const [TO_IPV4, TO_IPV6] = [9000, 9001];
  for (const proto of [p.TCP, p.UDP]) {
    d.publish({ proto, network: -1, firstPort: TO_IPV4, lastPort: TO_IPV4, hostIp: "::" });
    d.publish({ ...TO_A6, proto, network: -1, firstPort: TO_IPV6, lastPort: TO_IPV6, hostIp: "0.0.0.0" });
  }
  const directions: [p.Ip, { sport: number; dport: number }, proto: number][] = [];
  for (const proto of [p.TCP, p.UDP])
    for (const [client, host, dport, target, gateway] of [
      [CLIENT6, HOST_IP6, TO_IPV4, IP_A, GATEWAY],
      [CLIENT, HOST_IP, TO_IPV6, IP6_A, GATEWAY6],
    ] as const) {
      const there = { src: client, dst: host };
      const back = { src: target, dst: gateway };
      const ports = { sport: SPORT, dport };
      const packet = (ip: p.Ip, l4: typeof ports, flags: number) => (proto === p.TCP ? p.tcp(ip, { ...l4, flags }) : p.udp(ip, l4));
      const { sport } = only(d.fromHeld(packet(there, ports, p.SYN), ingress));
      const answers = { sport: TARGET, dport: sport };
      only(d.fromUplink(packet(back, answers, p.SYN | p.ACK)));
      only(d.fromUplink(packet(there, ports, p.ACK)));
      directions.push([there, ports, proto], [back, answers, proto]);
    }
  const random = new Random(1);
  const datagrams = Array.from({ length: 1000 }, () => {
    const [ends, ports, proto] = random.pick(directions);
    const ip = { ...ends, ttl: random.pick([2, 3, 64, 255]) };
    const data = Uint8Array.from({ length: random.pick([random.below(120), 1200 + random.below(60)]) }, () => random.below(256));
    const options = new Uint8Array(4 * random.below(6)).fill(1);
    const flags = random.pick([p.ACK, p.ACK | p.PSH, 0xc0 | p.ACK]);
    const packet = proto === p.TCP ? p.tcp(ip, { ...ports, flags, options, data }) : p.udp(ip, { ...ports, data });
    const tos = random.below(256);
    if (packet[0]! >> 4 === 6) {
      packet[0] = 0x60 | (tos >> 4);
      packet[1] = (tos << 4) & 0xf0;
      return packet;
    }
    packet[1] = tos;
    return p.resummed(p.join(new Uint8Array(p.VNET + p.ETH), packet)).subarray(p.VNET + p.ETH);
  });
  const withoutSum = directions
    .filter(([ip, , proto]) => proto === p.UDP && !ip.src.includes(":"))
    .map(([ip, ports]) => p.udp(ip, { ...ports, checksum: false }));
  const expected = datagrams.map((datagram) => withoutId(only(d.fromUplink(datagram)).bytes.subarray(p.VNET + p.ETH)));
  const [put, across] = [[...d.flowMap], [...d.acrossMap]];
  const ends = directions
    .filter(([, , proto]) => proto === p.TCP)
    .map(([ip, ports]) => p.tcp(ip, { ...ports, flags: p.FIN | p.ACK, data: p.payload(30) }));
  expected.push(...ends.map((datagram) => withoutId(only(d.fromUplink(datagram)).bytes.subarray(p.VNET + p.ETH))));
  const all = [...datagrams, ...ends, ...withoutSum];
  const job = {
    uplink: "up0",
    device: "in0",
    opening: [],
    put,
    across,
    locals: [HOST_IP, HOST_IP6, GATEWAY, GATEWAY6].map((address) => p.hex(p.ipBytes(address))),
    frames: all.map((packet) => p.hex(p.frame(DEVICE_MAC, "02:02:03:04:05:06", packet).subarray(p.VNET))),
  };
  const { code, stdout, stderr } = await c.lab.run(c.host, [process.execPath, program("steer-run")], { input: JSON.stringify(job) });
  expect([stderr, code]).toEqual(["", 0]);
  const { answers } = JSON.parse(stdout) as { answers: Answer[] };
  const [carried, others] = [answers.slice(0, expected.length), answers.slice(expected.length)];
  const counts = (from: number, to?: number) => new Set(carried.slice(from, to).map(({ counters }) => counters.join()));
  expect(counts(0, datagrams.length)).toEqual(new Set(["offloaded"]));
  expect(counts(datagrams.length)).toEqual(new Set([""])); // the engine counts what it gets a copy of
  expect(carried.map(({ frame }) => withoutId(p.bytesOf(frame.slice(2 * p.ETH))))).toEqual(expected);
  for (const [i, answer] of others.entries())
    expect(answer).toEqual({ verdict: TC_ACT_REDIRECT, frame: job.frames[expected.length + i], counters: ["taken-reply"] });
});

/** The packet in hex, without the identification of one of IPv4, which is random, and with what is left of its checksum. */
function withoutId(packet: Uint8Array): string {
  expect(p.wrongChecksums(packet)).toEqual([]);
  if (packet[0]! >> 4 === 6) return p.hex(packet);
  return (
    p.hex(packet.slice(0, 4)) + (packet[6] === 0 ? "" : p.hex(packet.slice(4, 6))) + p.hex(packet.slice(6, 10)) + p.hex(packet.slice(12))
  );
}

onTsproxy("stamps a datagram that opens a flow past the firewall, and none in fragments", "kernel", async (c) => {
  offloaded(c);
  const datagram = (sport: number, fragment = 0) =>
    p.udp({ src: CLIENT, dst: HOST_IP, fragment }, { sport, dport: PUBLISHED, data: p.payload(16) });
  const ports = p.hex(Uint8Array.of(...p.ipBytes(HOST_IP), PUBLISHED >> 8, PUBLISHED & 0xff, p.UDP, 0));
  const frames = [datagram(SPORT), datagram(SPORT, 0x2000), datagram(SPORT)].map((one) => ETHERNET + p.hex(one));
  const job = { uplink: "up0", device: "in0", opening: [], locals: [p.hex(p.ipBytes(HOST_IP))], ports: [ports], frames };
  const { stdout, stderr } = await c.lab.run(c.host, [process.execPath, program("steer-run")], { input: JSON.stringify(job) });
  expect(stderr).toBe("");
  const { answers } = JSON.parse(stdout) as { answers: Answer[] };
  expect(answers.map(({ counters }) => counters)).toEqual([["taken-port"], ["taken-port"], ["taken-port"]]);
  const stamp = ({ frame }: Answer): number | null => {
    const bytes = Buffer.from(frame, "hex");
    return bytes.readUInt32LE(STAMP_MARK_AT) === STAMP_MARK ? bytes.readUInt32LE(STAMP_AT) : null;
  };
  expect(answers.map(stamp)).toEqual([1, null, 2]);
});
