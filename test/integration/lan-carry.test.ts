/** `lan_from` and `from_endpoint` beside the engine (BPF_PROG_TEST_RUN): it carries what the engine has entered and would let through, and leaves all else to the engine. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ToWorker } from "../../src/engine/messages.js";
import { ENDPOINT, HOST, LAN } from "../../src/table/ports.js";
import {
  FLOW_ADDRESS_AT,
  FLOW_OFFLOAD_AT,
  FLOW_ORDER_AT,
  FLOW_PORT_AT,
  FLOW_VALUE_SIZE,
  FLOW6_ADDRESS_AT,
  FLOW6_VALUE_SIZE,
  OFFLOAD_SOURCE,
} from "../../src/wire/flow-entry.js";
import { parseIp } from "../../src/wire/ip-address.js";
import { ORDER_FULL, ORDER_GAPLESS, ORDER_MOST, ORDER_TRUSTED, ORDER_TRUSTED_ONE } from "../../src/wire/order.js";
import { foldAddress, workerOf } from "../../src/wire/spread.js";
import {
  STATION_PAIR_DEVICE_AT,
  STATION_PAIR_FROM_AT,
  STATION_PAIR_ORDER_AT,
  STATION_PAIR_VALUE_SIZE,
} from "../../src/wire/station-pair.js";
import { addPort, Dataplane, subnet } from "../support/dataplane.js";
import { Lab } from "../support/lab.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";
import { program } from "../support/servers.js";

const TC_ACT_UNSPEC = -1,
  TC_ACT_REDIRECT = 7; // linux/pkt_cls.h
const NETWORK = 3;
const [PORT, A, B] = [10, 11, 12];
const [MAC_PARENT, MAC_A, MAC_PEER, MAC_OTHER] = ["02:00:00:00:01:01", "02:42:c0:00:02:80", "02:00:00:00:09:09", "02:00:00:00:09:0a"];
const [IP_A, IP6_A, PEER, PEER6] = ["192.0.2.128", "2001:db8::80", "192.0.2.10", "2001:db8::10"];

const ports = { sport: 5000, dport: 5001 };

const lab = new Lab();
let host: string;
beforeAll(() => {
  host = lab.addNamespace("host");
  const pairs = ["end0", "up0", "out0"].map(
    (name) => `link add ${name} type veth peer name ${name}p\nlink set ${name} up\nlink set ${name}p up`,
  );
  lab.ip(host, pairs.join("\n"));
  lab.ip(host, `addr add 198.51.100.1/24 dev out0\naddr add 2001:db8:2::1/64 dev out0 nodad`);
  lab.sysctl(host, "net.ipv4.ip_forward", 1);
  lab.sysctl(host, "net.ipv6.conf.all.forwarding", 1);
});
afterAll(() => lab.close());

/** TCP, UDP and other frames, from A's own MAC and addresses to the peer's or not, plain or not. */
function mixed(): Uint8Array[] {
  const random = new Random(7);
  const frames = Array.from({ length: 2000 }, () => {
    const v6 = random.below(2) === 1;
    const ip = {
      src: v6 ? random.pick([IP6_A, IP6_A, IP6_A, PEER6, "::", "fe80::1"]) : random.pick([IP_A, IP_A, IP_A, PEER, "0.0.0.0"]),
      dst: v6 ? PEER6 : PEER,
      fragment: v6 ? 0 : random.pick([0, 0, 0, 0x4000, 0x2000, 0x0001]),
    };
    const packet = random.pick([
      () => p.tcp(ip, { ...ports, flags: random.pick([p.SYN, p.ACK, p.FIN | p.ACK, p.RST]) }),
      () => p.udp(ip, { ...ports, data: p.payload(random.below(100)) }),
      () => p.icmp(ip, v6 ? 128 : 8, 0, 0x00010001, p.payload(8)),
    ])();
    const options = !v6 && random.below(8) === 0;
    const [dst, src] = [random.pick([MAC_PEER, MAC_PEER, MAC_PEER, MAC_OTHER, MAC_PARENT]), random.pick([MAC_A, MAC_A, MAC_A, MAC_PEER])];
    const plain = p.frame(dst, src, packet);
    return options ? p.withOptions(plain, new Uint8Array(4).fill(1)) : plain;
  });
  frames.push(p.arpFrame(MAC_PEER, { operation: 2, senderMac: MAC_A, senderIp: IP_A, targetMac: MAC_PEER, targetIp: PEER }));
  frames.push(p.frame(MAC_PEER, MAC_A, p.neighbor({ src: IP6_A, dst: PEER6 }, 136, IP6_A, MAC_A)));
  frames.push(p.tagged(p.frame(MAC_PEER, MAC_A, p.udp({ src: IP_A, dst: PEER }, ports)), 10));
  return frames;
}

it("carries TCP and UDP from an endpoint's own MAC and address to whom the engine has let it send, and nothing else", async () => {
  const d = new Dataplane({ offload: true });
  d.say({ type: "station-pairs", fd: 9 }, { type: "add-network", network: NETWORK, subnets: [], flags: 0 });
  const a = addPort(A, ENDPOINT, MAC_A, `${IP_A} ${IP6_A}`, NETWORK) as Extract<ToWorker, { type: "add-port" }>;
  d.say({ ...addPort(PORT, LAN, MAC_PARENT, undefined, NETWORK) }, { ...a, device: 71 });
  d.say({ type: "parent-mac", network: NETWORK, mac: p.macBytes(MAC_PARENT), device: 70, vlan: 0 });
  d.send(A, p.frame(MAC_PEER, MAC_A, p.udp({ src: IP_A, dst: PEER }, ports)));
  expect(d.stationPairs.size).toBe(1);

  const frames = mixed();
  const job = {
    end: "end0",
    station: {
      network: NETWORK,
      mac: MAC_A.replaceAll(":", ""),
      addresses: [p.ipBytes(IP_A), p.ip6Bytes(IP6_A)].map((each) => p.hex(each)),
    },
    pairs: [...d.stationPairs],
    frames: frames.map((frame) => p.hex(frame.subarray(p.VNET))),
  };
  const { code, stdout, stderr } = await lab.run(host, [process.execPath, program("lan-run")], { input: JSON.stringify(job) });
  expect([code, stderr]).toEqual([0, ""]);
  const verdicts = JSON.parse(stdout) as number[];
  let carried = 0;
  for (const [i, frame] of frames.entries()) {
    const sent = d.send(A, frame);
    const [verdict] = [verdicts[i]];
    if (verdict === TC_ACT_REDIRECT) {
      carried++;
      // As the engine does it: to the LAN, as it was.
      expect(sent.map(({ port, bytes }) => [port, p.hex(bytes)])).toEqual([[PORT, p.hex(frame)]]);
      expect(p.macText(frame.subarray(p.VNET, p.VNET + 6))).toBe(MAC_PEER);
    } else expect(verdict).toBe(TC_ACT_UNSPEC);
  }
  expect(carried).toBeGreaterThan(100);
});

/** Has the programs of endpoints look at mixed frames of port A, and the engine: what they carry the engine sends to B as it was, and enters nothing of the rest. */
async function carriesAsTheEngine(d: Dataplane, job: object): Promise<void> {
  const frames = mixed();
  const input = JSON.stringify({ ...job, pairs: [...d.stationPairs], frames: frames.map((frame) => p.hex(frame.subarray(p.VNET))) });
  const { code, stdout, stderr } = await lab.run(host, [process.execPath, program("endpoint-run")], { input });
  expect([code, stderr]).toEqual([0, ""]);
  const verdicts = JSON.parse(stdout) as boolean[];
  for (const [i, frame] of frames.entries()) {
    const sent = d.send(A, frame);
    if (verdicts[i]) expect(sent.map(({ port, bytes }) => [port, p.hex(bytes)])).toEqual([[B, p.hex(frame)]]);
  }
  expect(verdicts.filter((isCarried) => isCarried).length).toBeGreaterThan(100);
  expect(d.stationPairs.size).toBe(1);
}

it("carries the same to a neighbor in an own network, and nothing else", async () => {
  const d = new Dataplane({ offload: true });
  const subnets = [subnet("192.0.2.0/24", "192.0.2.1"), subnet("2001:db8::/64", "2001:db8::1")];
  d.say({ type: "station-pairs", fd: 9 }, { type: "add-network", network: NETWORK, subnets, flags: 0 });
  const station = (port: number, mac: string, addresses: string, device: number): ToWorker => ({
    ...(addPort(port, ENDPOINT, mac, addresses, NETWORK) as Extract<ToWorker, { type: "add-port" }>),
    device,
  });
  d.say(addPort(PORT, HOST, MAC_PARENT, "192.0.2.1 2001:db8::1", NETWORK));
  d.say(station(A, MAC_A, `${IP_A} ${IP6_A}`, 71), station(B, MAC_PEER, `${PEER} ${PEER6}`, 72));
  d.send(A, p.frame(MAC_PEER, MAC_A, p.udp({ src: IP_A, dst: PEER }, ports)));
  expect(d.stationPairs.size).toBe(1);

  const addresses = [p.ipBytes(IP_A), p.ip6Bytes(IP6_A)].map((each) => p.hex(each));
  const job = {
    end: "end0",
    gateway: MAC_PARENT.replaceAll(":", ""),
    station: { network: NETWORK, port: A, mac: MAC_A.replaceAll(":", ""), addresses },
  };
  await carriesAsTheEngine(d, job);
});

it("carries the same from the host's own addresses to an endpoint, and nothing that the host only forwards", async () => {
  const d = new Dataplane({ offload: true });
  const subnets = [subnet("192.0.2.0/24", IP_A), subnet("2001:db8::/64", IP6_A)];
  const addresses = [IP_A, IP6_A].map((text) => parseIp(text)!);
  d.say(
    { type: "station-pairs", fd: 9 },
    { type: "add-network", network: NETWORK, subnets, flags: 0 },
    { type: "locals", addresses, broadcasts: [] },
  );
  const peer = addPort(B, ENDPOINT, MAC_PEER, `${PEER} ${PEER6}`, NETWORK) as Extract<ToWorker, { type: "add-port" }>;
  d.say(addPort(A, HOST, MAC_A, `${IP_A} ${IP6_A}`, NETWORK), { ...peer, device: 72 });
  d.send(A, p.frame(MAC_PEER, MAC_A, p.udp({ src: IP_A, dst: PEER }, ports)));
  expect(d.stationPairs.size).toBe(1);

  const locals = [p.ipBytes(IP_A), p.ip6Bytes(IP6_A)].map((each) => p.hex(each));
  const mac = MAC_A.replaceAll(":", "");
  const job = {
    end: "end0",
    gateway: mac,
    station: { network: NETWORK, port: A, mac, addresses: [] },
    locals,
  };
  await carriesAsTheEngine(d, job);
});

it("carries to the host what answers a segment that the host's own stack has sent, and neither what opens nor ends a connection", async () => {
  const d = new Dataplane({ offload: true });
  const [host4, host6] = ["192.0.2.1", "2001:db8::1"] as const;
  const subnets = [subnet("192.0.2.0/24", host4), subnet("2001:db8::/64", host6)];
  const addresses = [host4, host6].map((text) => parseIp(text)!);
  d.say(
    { type: "station-pairs", fd: 9 },
    { type: "add-network", network: NETWORK, subnets, flags: 0 },
    { type: "locals", addresses, broadcasts: [] },
  );
  const endpoint = addPort(A, ENDPOINT, MAC_A, `${IP_A} ${IP6_A}`, NETWORK) as Extract<ToWorker, { type: "add-port" }>;
  d.say(addPort(PORT, HOST, MAC_PARENT, `${host4} ${host6}`, NETWORK), { ...endpoint, device: 71 });
  const segment = (src: string, dst: string, fromHost: boolean, flags: number, port: number): Uint8Array => {
    const [sport, dport] = fromHost ? [port, 80] : [80, port];
    const [to, from] = fromHost ? [MAC_A, MAC_PARENT] : [MAC_PARENT, MAC_A];
    return p.frame(to, from, p.tcp({ src, dst }, { sport, dport, flags }));
  };
  d.send(PORT, segment(host4, IP_A, true, p.SYN, 5000));
  d.send(A, segment(IP_A, host4, false, p.SYN | p.ACK, 5000));
  expect(d.stationPairs.size).toBe(2);

  type Line = ["host" | "forwarded" | "again" | "endpoint", number, boolean, number?];
  const { SYN, ACK, FIN, RST } = p;
  const lines: Line[] = [
    ["endpoint", ACK, false], // the host has sent nothing yet
    ["host", SYN, true],
    ["endpoint", SYN | ACK, false],
    ["endpoint", ACK, false],
    ["host", ACK, true],
    ["endpoint", ACK, true],
    ["endpoint", ACK, false, 5001], // another connection
    ["endpoint", FIN | ACK, true],
    ["endpoint", FIN | SYN, false], // anew, which forgets it
    ["host", ACK, true],
    ["endpoint", RST, false],
    ["endpoint", ACK, true],
    ["host", RST | ACK, true, 5002], // for who asks by mistake
    ["endpoint", ACK, false, 5002],
    ["endpoint", SYN, false], // anew
    ["endpoint", ACK, false],
    ["forwarded", ACK, true], // of a flow that is translated, say
    ["endpoint", ACK, false],
    ["host", ACK, true],
    ["endpoint", ACK, true],
    ["again", ACK, true], // its device was made again
    ["endpoint", ACK, true],
  ];
  const families = [
    [host4, IP_A],
    [host6, IP6_A],
  ] as const;
  const conversation = families.flatMap(([ours, theirs]) =>
    lines.map(([who, flags, , port = 5000]) => {
      const frame = who === "endpoint" ? segment(theirs, ours, false, flags, port) : segment(ours, theirs, true, flags, port);
      return [who, p.hex(frame.subarray(p.VNET))];
    }),
  );
  const hexOf = (list: readonly [string, string]): string[] => [p.ipBytes(list[0]), p.ip6Bytes(list[1])].map((each) => p.hex(each));
  const input = JSON.stringify({
    end: "end0",
    gateway: MAC_PARENT.replaceAll(":", ""),
    station: { network: NETWORK, port: A, mac: MAC_A.replaceAll(":", ""), addresses: hexOf([IP_A, IP6_A]) },
    locals: hexOf([host4, host6]),
    pairs: [...d.stationPairs],
    conversation,
  });
  // Without CAP_PERFMON, where the verifier is strictest.
  const wrap = ["setpriv", "--bounding-set=-all,+net_admin,+bpf,+dac_override", "--inh-caps=-all"];
  const { code, stdout, stderr } = await lab.run(host, [...wrap, process.execPath, program("endpoint-run")], { input });
  expect([code, stderr]).toEqual([0, ""]);
  const said = lines.map(([who, flags, isCarried, port = 5000]) => [who, flags, port, isCarried]);
  const verdicts = JSON.parse(stdout) as boolean[];
  for (const family of [0, 1])
    expect(said.map(([who, flags, port], i) => [who, flags, port, verdicts[family * lines.length + i]])).toEqual(said);
});

const swapped = (port: number): number => ((port & 0xff) << 8) | (port >> 8);

/** An endpoint's datagram, or segment, to somebody outside, and the entry of its flow; of either family. */
function outward(v6: boolean, { proto = p.UDP, sport = 5000, dport = 5001, mac = MAC_A, fragment = 0 } = {}) {
  const ip = { src: v6 ? IP6_A : IP_A, dst: v6 ? "2001:db8:2::9" : "198.51.100.9", fragment };
  const packet = proto === p.UDP ? p.udp(ip, { sport, dport, data: p.payload(20) }) : p.tcp(ip, { sport, dport, flags: p.ACK });
  const frame = p.hex(p.frame(MAC_PARENT, mac, packet).subarray(p.VNET));
  const bytes = v6 ? p.ip6Bytes : p.ipBytes;
  const ports = Buffer.alloc(8);
  ports.writeUInt16BE(dport, 0);
  ports.writeUInt16BE(sport, 2);
  ports.writeUInt32LE(proto, 4);
  const key = p.hex(Buffer.concat([bytes(ip.dst), bytes(ip.src), ports]));
  const entry = (waiting: number, offload = OFFLOAD_SOURCE): { entry: string[] } => {
    const value = Buffer.alloc(v6 ? FLOW6_VALUE_SIZE : FLOW_VALUE_SIZE);
    value.set(bytes(v6 ? "2001:db8:2::1" : "198.51.100.1"), v6 ? FLOW6_ADDRESS_AT : FLOW_ADDRESS_AT);
    value.writeUInt16BE(40000, FLOW_PORT_AT);
    value[FLOW_OFFLOAD_AT] = offload;
    value.writeUInt32LE(waiting, FLOW_ORDER_AT);
    return { entry: [key, p.hex(value)] };
  };
  return { frame, entry };
}

/** What `from_endpoint` makes of them: of each frame whether it was carried, or the number of its stamp, or null, to the engine as it is. */
async function stepped(steps: object[], workers = 1, more: object = {}): Promise<("carried" | number | null)[]> {
  return (await ran(steps, workers, more)).map(({ carried, stamp }) => (carried ? "carried" : (stamp?.number ?? null)));
}

async function ran(
  steps: object[],
  workers: number,
  more: object = {},
): Promise<{ carried: boolean; stamp: { number: number; worker: number } | null }[]> {
  const station = {
    network: NETWORK,
    port: A,
    mac: MAC_A.replaceAll(":", ""),
    addresses: [p.ipBytes(IP_A), p.ip6Bytes(IP6_A)].map((each) => p.hex(each)),
  };
  const job = { end: "end0", uplink: "up0", gateway: MAC_PARENT.replaceAll(":", ""), station, pairs: [], steps, workers, ...more };
  const { code, stdout, stderr } = await lab.run(host, [process.execPath, program("endpoint-run")], { input: JSON.stringify(job) });
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout) as Awaited<ReturnType<typeof ran>>;
}

/** The pair of that MAC and the peer's, in a step. */
function pairOf(from: string, waiting: number): object {
  const [dst, src] = [p.macBytes(MAC_PEER), p.macBytes(from)];
  const number = Uint8Array.of(NETWORK, 0, 0, 0);
  const value = Buffer.alloc(STATION_PAIR_VALUE_SIZE);
  value.writeUInt32LE(1, STATION_PAIR_DEVICE_AT);
  value.writeUInt16LE(A, STATION_PAIR_FROM_AT);
  value.writeUInt32LE(waiting, STATION_PAIR_ORDER_AT);
  const halves = [dst.subarray(0, 2), src.subarray(0, 2), dst.subarray(2), src.subarray(2)];
  return { pair: [p.hex(Buffer.concat([...halves, number])), p.hex(value)] };
}

it("takes for a stamp the place of the worker that will read the frame", async () => {
  const ports = Array.from({ length: 12 }, (_, i) => 5001 + i);
  const all = [false, true].flatMap((v6) => ports.map((dport) => outward(v6, { dport })));
  const dst = p.ipBytes("198.51.100.9");
  const words = Array.from({ length: 4 }, (_, i) => Buffer.from(p.ip6Bytes("2001:db8:2::9")).readInt32LE(4 * i)) as [
    number,
    number,
    number,
    number,
  ];
  const wanted = [Buffer.from(dst).readInt32LE(), foldAddress(...words)].flatMap((address) =>
    ports.map((port) => workerOf(address, swapped(port), 3)),
  );
  expect((await ran(all, 3)).map(({ stamp }) => stamp?.worker)).toEqual(wanted);
  expect(new Set(wanted).size).toBe(3);
});

it.each([1, 3])("stamps what an endpoint sends until all of it has left, and carries the rest (%i workers)", async (workers) => {
  const ofFamily = (v6: boolean): object[] => {
    const [udp, tcp] = [outward(v6), outward(v6, { proto: p.TCP })];
    return [
      ...[udp, udp, tcp, outward(v6, { mac: MAC_OTHER }), ...(v6 ? [] : [outward(v6, { fragment: 0x2000 })])],
      udp.entry(ORDER_MOST),
      ...[udp, { passed: 2 }, udp, { passed: 4 }, udp, udp],
      tcp.entry(0), // a connection waits for nothing
      ...[tcp, udp],
    ];
  };
  const expected = (v6: boolean) => [1, 2, null, null, ...(v6 ? [] : [null]), 3, 4, "carried", "carried", "carried", "carried"];
  expect(await stepped([...ofFamily(false), ...ofFamily(true)], workers)).toEqual([...expected(false), ...expected(true)]);
});

it("stamps what an endpoint sends in a flow that is not carried for a time, so that it can be again; and waits no longer than its entry says where few are on their way", async () => {
  const udp = outward(false);
  const [taken, back] = [udp.entry(0xffff_ffff, 0), udp.entry(ORDER_GAPLESS + 2)];
  const steps = [taken, udp, { passed: 1 }, udp, back, udp, udp, udp, { passed: 4 }, udp];
  expect(await stepped(steps)).toEqual([1, 2, 3, 4, "carried", "carried"]);
});

it("stamps the host's datagrams to an endpoint in the same way, and no segments", async () => {
  const of = (v6: boolean): object[] => {
    const ip = v6 ? { src: IP6_A, dst: PEER6 } : { src: IP_A, dst: PEER };
    const to = (packet: Uint8Array, src = MAC_PARENT): object => ({ frame: p.hex(p.frame(MAC_PEER, src, packet).subarray(p.VNET)) });
    const [udp, tcp] = [p.udp(ip, { ...ports, data: p.payload(20) }), p.tcp(ip, { ...ports, flags: p.ACK })];
    return [to(udp), to(tcp), to(udp, MAC_OTHER), pairOf(MAC_PARENT, ORDER_MOST | ORDER_TRUSTED), to(tcp), to(udp), { passed: 2 }, to(udp)];
  };
  const locals = [p.ipBytes(IP_A), p.ip6Bytes(IP6_A)].map((each) => p.hex(each));
  for (const workers of [1, 3])
    for (const v6 of [false, true]) expect(await stepped(of(v6), workers, { locals })).toEqual([1, null, null, "carried", 2, "carried"]);
});

it("carries what would find the queue to the engine full", async () => {
  const udp = outward(false);
  const steps = [udp, udp.entry(ORDER_MOST), { passed: 1 - ORDER_FULL }, udp, udp, { passed: 3 }, udp];
  expect(await stepped(steps)).toEqual([1, 2, "carried", "carried"]);
});

it.each([1, 3])(
  "does the same for what neighbors send each other, datagrams and segments, by the pair of both (%i workers)",
  async (workers) => {
    const ofFamily = (v6: boolean): object[] => {
      const ip = { src: v6 ? IP6_A : IP_A, dst: v6 ? PEER6 : PEER };
      const to = (packet: Uint8Array): object => ({ frame: p.hex(p.frame(MAC_PEER, MAC_A, packet).subarray(p.VNET)) });
      const datagram = (sport: number): object => to(p.udp(ip, { ...ports, sport, data: p.payload(20) }));
      const [udp, tcp] = [datagram(ports.sport), to(p.tcp(ip, { ...ports, flags: p.ACK }))];
      const pair = (waiting: number): object => pairOf(MAC_A, waiting);
      const others = [1, 2, 3].map((n) => datagram(ports.sport + n)); // each in another place
      return [
        ...[udp, tcp, { passed: 2 }, ...others],
        pair(ORDER_MOST | ORDER_TRUSTED),
        ...[udp, tcp, ...others, { passed: 2 }, others[2]!, others[1]!],
        pair(ORDER_MOST | (2 * ORDER_TRUSTED_ONE)),
        ...[udp, others[1]!, udp, udp, others[1]!], // who waits has all ask again
        pair(ORDER_MOST | (2 * ORDER_TRUSTED_ONE)),
        ...[udp, udp, others[1]!], // after two in a row nobody asks
      ];
    };
    const [first, second] = [
      [1, 2, 1, 1, 1],
      ["carried", "carried", 2, 2, 2, "carried", 3],
    ];
    const expected = [...first, ...second, "carried", 4, "carried", "carried", 5, "carried", "carried", "carried"];
    expect(await stepped(ofFamily(false), workers)).toEqual(expected);
    expect(await stepped(ofFamily(true), workers)).toEqual(expected);
  },
);
