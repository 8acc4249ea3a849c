/**
 * The byte code that carries offloaded flows beside the TypeScript that decided them (BPF_PROG_TEST_RUN): with the entries that the engine
 * has made, `steer` must do to a packet what the engine does to it, or leave it to the engine as it is.
 */
import { expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { CLIENT, Dataplane, HOST_IP, IP_A, only, PUBLISHED, TARGET } from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";
import { program } from "../support/servers.js";

const SPORT = 40000;
/** linux/pkt_cls.h */
const TC_ACT_UNSPEC = -1,
  TC_ACT_REDIRECT = 7;
/** The link layer's receiver is lo in a test run, whose address is all zero. */
const ETHERNET = "0000000000000202030405060800";

interface Answer {
  verdict: number;
  frame: string;
  counters: string[];
}

/** Engine with an offloaded flow of TCP and one of UDP from CLIENT's SPORT. The target is, for the kernel, on docker0. */
function offloaded(): { d: Dataplane } {
  const d = new Dataplane({ offload: true });
  for (const proto of [p.TCP, p.UDP]) d.publish({ proto, network: -1 });
  const ends = { src: CLIENT, dst: HOST_IP };
  const ports = { sport: SPORT, dport: PUBLISHED };
  for (const datagram of [p.tcp(ends, ports), p.udp(ends, ports)]) expect(only(d.fromUplink(datagram))).toMatchObject({ dst: IP_A });
  d.fromUplink(p.udp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: SPORT }));
  return { d };
}

/** What `steer` does with each datagram in the namespace of the lab's host, with the entries that the engine has made. */
async function steer(c: Case, { d }: ReturnType<typeof offloaded>, datagrams: Uint8Array[], locals = [HOST_IP]): Promise<Answer[]> {
  c.lab.ip(c.host, "link add up0 type bridge\nlink set up0 up");
  c.lab.sysctl(c.host, "net.ipv4.conf.up0.forwarding", 1);
  const job = {
    uplink: "up0",
    entries: [...d.flowMap],
    locals: locals.map((address) => p.hex(p.ipBytes(address))),
    frames: datagrams.map((datagram) => ETHERNET + p.hex(datagram)),
  };
  const { code, stdout, stderr } = await c.lab.run(c.host, [process.execPath, program("steer-run")], { input: JSON.stringify(job) });
  expect(stderr).toBe("");
  expect(code).toBe(0);
  expect(d.flowMap.size).toBe(4);
  return JSON.parse(stdout) as Answer[];
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
  const flows = offloaded();
  const datagrams = Array.from({ length: 2000 }, () => {
    const [ends, ports] = random.pick([[toServer, clientPorts] as const, [toClient, serverPorts] as const]);
    const ip = { ...ends, ttl: random.pick([2, 3, 64, 128, 255]), fragment: random.pick([0, 0x4000]) };
    const data = Uint8Array.from({ length: random.below(120) }, () => random.below(256));
    const options = new Uint8Array(4 * random.below(6)).fill(1);
    const flags = random.pick([p.ACK, p.ACK | p.PSH, p.ACK | 0x20, 0xc0 | p.ACK, 0]);
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

onTsproxy("leaves to the engine, untouched, what may need another decision", "kernel", async (c) => {
  const flows = offloaded();
  const options = { options: new Uint8Array(4).fill(1) };
  const ends = [
    [toServer, clientPorts],
    [toClient, serverPorts],
  ] as const;
  const cases = ends.flatMap(([ip, ports]) => [
    ...[p.SYN, p.SYN | p.ACK, p.FIN | p.ACK, p.RST, p.RST | p.ACK].map((flags) => p.tcp(ip, { ...ports, flags })),
    p.tcp({ ...ip, ...options }, ports),
    p.udp({ ...ip, ...options }, ports),
    p.udp({ ...ip, fragment: 0x2000 }, ports),
    p.tcp({ ...ip, ttl: 1 }, ports),
    p.udp({ ...ip, ttl: 0 }, ports),
    p.tcp(ip, ports).subarray(0, 32), // cut off before the flags
    p.udp(ip, { ...ports, data: p.payload(40) }).subarray(0, 60),
  ]);
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

onTsproxy("carries neither later fragments nor what claims the host's own address", "kernel", async (c) => {
  const flows = offloaded();
  const cases = [p.udp({ ...toServer, fragment: 0x0001 }, clientPorts), p.tcp(toServer, clientPorts), p.udp(toServer, clientPorts)];
  for (const [i, answer] of (await steer(c, flows, cases, [HOST_IP, CLIENT])).entries())
    expect(answer, `case ${i}`).toEqual({ verdict: TC_ACT_UNSPEC, frame: ETHERNET + p.hex(cases[i]!), counters: [] });
});

onTsproxy("leaves to the engine what has no route or does not fit through it", "kernel", async (c) => {
  const flows = offloaded();
  c.lab.ip(c.host, "link set docker0 mtu 600\nroute del 198.51.100.0/24 dev eth1");
  const cases = [p.tcp(toClient, serverPorts), p.udp(toServer, { ...clientPorts, data: p.payload(800) })];
  for (const [i, answer] of (await steer(c, flows, cases)).entries())
    expect(answer, `case ${i}`).toEqual({ verdict: TC_ACT_REDIRECT, frame: ETHERNET + p.hex(cases[i]!), counters: ["taken-reply"] });
});
