/** Encrypted overlay networks, through whole engines: what is on the wire, who can read it, and what becomes of what is not right. */
import { describe, expect, it } from "vitest";
import type { NodeKeys } from "../../src/control/network/key-ring.js";
import { MOST_COUNTERS } from "../../src/table/seals.js";
import { toBytes } from "../../src/wire/ip-address.js";
import { rawHalf } from "../../src/wire/raw.js";
import { foldAddress, workerOf } from "../../src/wire/spread.js";
import { CLIENT, HOST_IP, ip, only, PUBLISHED, raw, rule, UP } from "../support/dataplane.js";
import * as o from "../support/overlay.js";
import { E, IP_E, IP_R, MAC_E, MAC_R, OTHERS, TUNNEL } from "../support/overlay.js";
import * as p from "../support/packets.js";
import { datagrams, type Nodes, PAYLOAD, SealedNode, sealedPair } from "../support/sealed-pair.js";

const ER = { src: IP_E, dst: IP_R },
  RE = { src: IP_R, dst: IP_E };
const PORTS = { sport: 40000, dport: 80 };
const toR = (body: Uint8Array): Uint8Array => p.frame(MAC_R, MAC_E, body);
const toE = (body: Uint8Array): Uint8Array => p.frame(MAC_E, MAC_R, body);
const SECRET = new TextEncoder().encode("plain words that nobody else shall read");
const includes = (bytes: Uint8Array, part: Uint8Array): boolean => Buffer.from(bytes).includes(Buffer.from(part));
const drops = ({ d }: SealedNode): Record<string, number> => ({ ...d.drops(TUNNEL), ...d.drops(E), ...d.drops(OTHERS) });

describe.each([
  ["AES-256-GCM", { aes: true }],
  ["ChaCha20-Poly1305, as one has no instructions for AES", { aes: false }],
])("with %s", (_, second) => {
  it("frames reach the other node's endpoint as they were, and nobody reads them on the way", () => {
    const { a, b } = sealedPair({}, second);
    for (const body of [p.tcp(ER, { ...PORTS, data: SECRET }), p.udp(ER, { ...PORTS, data: SECRET }), p.echo(ER, 5)]) {
      const written = a.send(toR(body));
      expect(written).toHaveLength(1);
      expect([includes(written[0]!, SECRET), includes(written[0]!, p.macBytes(MAC_R)), includes(written[0]!, Uint8Array.of(1, 0x23, 0x45))]).toEqual([false, false, false]); // biome-ignore format: one fact
      expect(b.receive(...written)).toEqual([toR(body)]);
    }
    expect(b.receive(...a.send(toR(p.echo(ER, 6))))).toHaveLength(1);
    expect(a.receive(...b.send(toE(p.echo(RE, 5))))).toEqual([toE(p.echo(RE, 5))]);
    expect([a.d.dropTotal(), b.d.dropTotal()]).toEqual([0, 0]);
  });
});

it("what a published port leads to another node is sealed too, and so is what comes back", () => {
  const { a, b } = sealedPair();
  a.d.say(o.snat(), {
    type: "publish",
    id: 9,
    rule: { ...rule({ target: IP_R, network: o.OVERLAY, snatSource: o.IP_GATE, onlink: "10.9.0.0/16" }) },
  });
  b.d.say(o.remote(o.MAC_SNAT, o.IP_SNAT, a.local));
  const toHost = { src: CLIENT, dst: HOST_IP };
  const written = (sent: { port: number; bytes: Uint8Array }[]): Uint8Array[] =>
    sent.flatMap(({ port, bytes }) => (port === TUNNEL ? [bytes] : []));
  a.d.withdraw(0);
  const opening = written(a.d.fromHeld(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: p.SYN })));
  const [got] = b.receive(...opening);
  const { sport, src } = p.parse(got!);
  expect([src, datagrams(opening[0]!)[0]![0]]).toEqual([o.IP_SNAT, 0x80]);
  const answer = b.send(
    p.frame(o.MAC_SNAT, MAC_R, p.tcp({ src: IP_R, dst: o.IP_SNAT }, { sport: 8080, dport: sport, flags: p.SYN | p.ACK })),
  );
  for (const bytes of answer) a.d.io.put(TUNNEL, bytes);
  expect(only(a.d.run())).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT });
  const data = p.payload(3000);
  const big = p.partial(
    p.frame("02:00:00:00:00:00", "02:11:22:33:44:55", p.tcp(toHost, { sport: 40000, dport: PUBLISHED, data })),
    p.GSO_TCPV4,
    1366,
  );
  const sent = written(a.d.send(UP, big));
  expect(sent.flatMap(datagrams).map((bytes) => bytes[0])).toEqual([0x80, 0x80, 0x80]);
  expect(b.receive(...sent).map((bytes) => p.parse(bytes).src)).toEqual([o.IP_SNAT]);
  expect([a.d.dropTotal(), b.d.dropTotal()]).toEqual([0, 0]);
});

describe("a node with several workers", () => {
  const OWN = "02:74:73:01:02:03";
  const toHost = { src: CLIENT, dst: HOST_IP };
  const own = { type: "snat-address", network: o.OVERLAY, mac: p.macBytes(OWN), addresses: [ip(o.IP_SNAT)] } as const;
  const target = { target: IP_R, network: o.OVERLAY, snatSource: o.IP_GATE, onlink: "10.9.0.0/16" };
  const receiver = (written: Uint8Array[]): number[] => written.flatMap(datagrams).map((bytes) => bytes[6]!);

  /** Worker `worker` of 3, which publishes a port whose target is behind the other node. */
  function publishing(worker: number, proto = p.TCP): Nodes {
    const nodes = sealedPair({ workers: 3, worker });
    const { a, b } = nodes;
    a.d.withdraw(0);
    a.d.say(own, { type: "publish", id: 9, rule: rule({ proto, ...target }) });
    b.d.say(o.remote(OWN, o.IP_SNAT, a.local));
    return nodes;
  }

  /** What the target gets of what a client sends. */
  function atTarget({ a, b }: Nodes, packet: Uint8Array): p.Parsed {
    const written = a.d.fromHeld(packet).flatMap(({ port, bytes }) => (port === TUNNEL ? [bytes] : []));
    expect(receiver(written)).toEqual([0]); // the other node has one
    return p.parse(only(b.receive(...written).map((bytes) => ({ port: E, bytes }))).bytes);
  }

  it.each([0, 1, 2])("is told for which of them an answer is: here worker %i", (worker) => {
    for (let n = 0; n < 8; n++) {
      const nodes = publishing(worker);
      const { a, b } = nodes;
      const { sport } = atTarget(nodes, p.tcp(toHost, { sport: 40000 + n, dport: PUBLISHED, flags: p.SYN }));
      const back = { src: IP_R, dst: o.IP_SNAT };
      const answers = [
        p.tcp(back, { sport: 8080, dport: sport, flags: p.SYN | p.ACK }),
        p.icmp(back, 3, 4, 1300, p.tcp({ src: o.IP_SNAT, dst: IP_R }, { sport, dport: 8080 }).subarray(0, 28)),
      ];
      for (const answer of answers) {
        const written = b.send(p.frame(OWN, MAC_R, answer));
        expect(receiver(written)).toEqual([worker + 1]);
        for (const bytes of written) a.d.io.put(TUNNEL, bytes);
        expect(a.d.run().map(({ port }) => port)).toEqual([UP]);
      }
      const whole = b.send(
        p.partial(p.frame(OWN, MAC_R, p.tcp(back, { sport: 8080, dport: sport, data: p.payload(5000) })), p.GSO_TCPV4, 1366),
      );
      expect([whole.length, ...receiver(whole)]).toEqual([1, ...Array<number>(4).fill(worker + 1)]);
      expect([a.d.dropTotal(), b.d.dropTotal()]).toEqual([0, 0]);
    }
  });

  it("gets all fragments of an answer at one worker; one that comes before the first may go to any", () => {
    const nodes = publishing(2, p.UDP);
    const { b } = nodes;
    const { sport } = atTarget(nodes, p.udp(toHost, { sport: 40000, dport: PUBLISHED, data: SECRET }));
    const parts = (id: number): Uint8Array[] =>
      p.fragments(p.numbered(p.udp({ src: IP_R, dst: o.IP_SNAT }, { sport: 8080, dport: sport, data: p.payload(4000) }), id), 1360);
    const at = (part: Uint8Array): number[] => receiver(b.send(p.frame(OWN, MAC_R, part)));
    expect(parts(7).flatMap(at)).toEqual([3, 3, 3]);
    const [first, second, third] = parts(8);
    expect([second!, first!, third!].flatMap(at)).toEqual([0, 3, 3]);
    expect(parts(8 + 256).flatMap(at)).toEqual([3, 3, 3]);
  });

  it("gets echoes at one worker, IPv6 too, what has no ports at any, and what is bridged at any", () => {
    const { b } = publishing(1);
    const IP6 = "fd09::9";
    b.d.say(o.remote(OWN, `${o.IP_SNAT} ${IP6}`, o.V4.local));
    const spread = (address: number, port: number): number => workerOf(address, rawHalf(port), 3) + 1;
    const [w0, w1, w2, w3] = [...new Int32Array(Uint8Array.from(toBytes(ip(IP6))).buffer)] as [number, number, number, number];
    for (let port = 1; port < 40; port++) {
      const to6 = { src: o.IP6_R, dst: IP6 };
      const at = (body: Uint8Array, mac = OWN): number[] => receiver(b.send(p.frame(mac, MAC_R, body)));
      expect(at(p.echo({ src: IP_R, dst: o.IP_SNAT }, port))).toEqual([spread(raw(o.IP_SNAT), port)]);
      expect(at(p.udp({ src: IP_R, dst: o.IP_SNAT }, { sport: 1, dport: port }))).toEqual([spread(raw(o.IP_SNAT), port)]);
      expect(at(p.udp(to6, { sport: 1, dport: port }))).toEqual([spread(foldAddress(w0, w1, w2, w3), port)]);
      expect(at(p.udp(RE, { sport: 1, dport: port }), MAC_E)).toEqual([0]);
    }
    expect(receiver(b.send(p.frame(OWN, MAC_R, p.ipv4({ src: IP_R, dst: o.IP_SNAT }, 47, p.payload(40)))))).toEqual([0]);
  });
});

it("a datagram is outer headers, 16 bytes, the VXLAN header and the frame sealed, and the tag; no VXLAN node takes it", () => {
  const { a, b } = sealedPair();
  const frame = toR(p.udp(ER, { ...PORTS, data: SECRET }));
  const [first, second] = [a.send(frame)[0]!, a.send(frame)[0]!];
  const [x, y] = [a.ring.published.keys[0]!.number, b.ring.published.keys[0]!.number];
  const header = (n: number): Uint8Array => Uint8Array.of(0x80, 1, x >> 8, x, y >> 8, y, 0, 0, 0, 0, 0, 0, 0, 0, 0, n);
  expect(p.hex(first.subarray(PAYLOAD, PAYLOAD + 16))).toBe(p.hex(header(0)));
  expect(p.hex(second.subarray(PAYLOAD, PAYLOAD + 16))).toBe(p.hex(header(1)));
  expect(first.length - PAYLOAD).toBe(16 + 8 + (frame.length - p.VNET) + 16);
  const { src, dst, dport, sport, df, udpChecksum } = o.departed(first);
  expect({ src, dst, dport, df, udpChecksum }).toEqual({ src: a.local, dst: b.local, dport: 4789, df: false, udpChecksum: 0 });
  expect(sport).toBeGreaterThanOrEqual(49152);
  const plain = o.overlay();
  expect(plain.send(TUNNEL, o.arriving(o.datagram(new Uint8Array(100), { flags: 0x80 })))).toEqual([]);
  expect(plain.drops(TUNNEL)).toEqual({ "sealed-key": 1 });
});

it("a frame that stands for segments leaves as one frame of datagrams, and arrives as one", () => {
  for (const [family, kind] of [["tcp", p.GSO_TCPV4]] as const) {
    const { a, b } = sealedPair();
    const data = p.payload(30_000);
    const big = p.partial(toR(p.tcp(ER, { ...PORTS, data })), kind, 1366);
    const written = a.send(big);
    expect(written.map((bytes) => [bytes[0], bytes[1], datagrams(bytes).length])).toEqual([[1, 5, 22]]);
    expect(datagrams(written[0]!)[0]).toHaveLength(16 + 8 + 54 + 1366 + 16);
    expect(o.departed(written[0]!).header).toMatchObject({ headers: 42, size: 1460, start: 34, field: 6 });
    const got = b.receive(...written);
    expect(got, family).toHaveLength(1);
    expect(got[0]!.subarray(p.VNET + 54)).toEqual(data);
    expect(p.wrongIn(got[0]!)).toEqual([]);
    expect([a.d.dropTotal(), b.d.dropTotal()]).toEqual([0, 0]);
  }
});

it("the same where the device takes datagrams one by one, and in whatever pieces they come", () => {
  const { a, b } = sealedPair({ datagrams: false });
  const data = p.payload(64_000);
  const written = a.send(p.partial(toR(p.tcp(ER, { ...PORTS, data })), p.GSO_TCPV4, 1366));
  expect(written).toHaveLength(Math.ceil(64_000 / 1366));
  const got = b.receive(...written);
  expect(Buffer.concat(got.map((bytes) => bytes.subarray(p.VNET + 54)))).toEqual(Buffer.from(data));
  expect(got.length).toBeLessThan(4);
  expect(b.d.dropTotal()).toBe(0);
});

it("many frames of a batch are sealed with one call, in order, and a full house of long ones with some more", () => {
  const { a, b } = sealedPair();
  const sealer = a.d.state.sealer as unknown as { calls: number };
  for (let n = 0; n < 20; n++) a.d.io.put(E, toR(p.udp(ER, { ...PORTS, data: p.payload(100 + n) })));
  const sent = a.d.run();
  expect(sealer.calls).toBe(1);
  expect(b.receive(...sent.map(({ bytes }) => bytes)).map((bytes) => bytes.length)).toEqual(
    Array.from({ length: 20 }, (_, n) => p.VNET + 42 + 100 + n),
  );
  for (let n = 0; n < 16; n++)
    a.d.io.put(E, p.partial(toR(p.tcp(ER, { sport: 40000 + n, dport: 80, data: p.payload(60_000) })), p.GSO_TCPV4, 1366));
  const more = a.d.run();
  const got = b.receive(...more.map(({ bytes }) => bytes));
  expect(got.reduce((sum, bytes) => sum + bytes.length - p.VNET - 54, 0)).toBe(16 * 60_000);
  expect([a.d.dropTotal(), b.d.dropTotal()]).toEqual([0, 0]);
});

it("over IPv6 too, with UDP checksums, which are the device's to complete", () => {
  const { a, b } = sealedPair({ checksum: true }, { checksum: true }, o.V6);
  const frame = toR(p.udp(ER, { ...PORTS, data: SECRET }));
  const big = p.partial(toR(p.tcp(ER, { ...PORTS, data: p.payload(20_000) })), p.GSO_TCPV4, 1346);
  for (const each of [frame, big]) {
    const [written] = a.send(each);
    const { header, src, dst, packet } = o.departed(written!);
    expect([src, dst, header.flags, header.start, header.field]).toEqual([a.local, b.local, 1, 54, 6]);
    if (each === frame) {
      const complete = p.complete(p.join(written!.subarray(0, p.VNET), written!.subarray(o.WIDE)));
      expect(p.wrongChecksums(complete.subarray(p.VNET + 14))).toEqual([]);
    }
    expect(packet[6]).toBe(17);
    const got = b.receive(written!);
    expect(got).toHaveLength(1);
    expect(got[0]!.length).toBe(each.length);
  }
  expect([a.d.dropTotal(), b.d.dropTotal()]).toEqual([0, 0]);
});

it("a broadcast goes to each node under that node's key, and to endpoints here as it is", () => {
  const { a, b } = sealedPair();
  const c = new SealedNode(o.V4.other, o.MAC_S, o.IP_S);
  c.know(a);
  a.know(c);
  const all = p.frame("ff:ff:ff:ff:ff:ff", MAC_E, p.udp({ src: IP_E, dst: "10.9.255.255" }, { ...PORTS, data: SECRET }));
  const sent = a.d.send(E, all);
  const to = (node: SealedNode): Uint8Array[] =>
    sent.filter(({ port, bytes }) => port === TUNNEL && o.departed(bytes).dst === node.local).map(({ bytes }) => bytes);
  for (const node of [b, c]) {
    expect(to(node)).toHaveLength(1);
    expect(includes(to(node)[0]!, SECRET)).toBe(false);
    expect(node.receive(...to(node))).toEqual([all]);
  }
  expect(c.receive(...to(b))).toEqual([]); // it is not for c
});

it("what waits for its bandwidth has been sealed before, and is right when its time has come", () => {
  const { a, b } = sealedPair();
  a.d.state.shaper.set(E, { egress: { rate: 8_000_000, burst: 8_000 } });
  const frame = toR(p.udp(ER, { ...PORTS, data: p.join(SECRET, p.payload(1000)) }));
  const sent: Uint8Array[] = [];
  for (let n = 0; n < 10; n++) sent.push(...a.send(frame));
  expect(sent.length).toBeLessThan(10);
  expect(a.d.state.shaper.waiting).toBe(10 - sent.length);
  a.d.io.clock[0] = a.d.now + 1;
  for (const { port, bytes } of a.d.run()) if (port === TUNNEL) sent.push(bytes);
  expect(sent).toHaveLength(10);
  for (const bytes of sent) expect(includes(bytes, SECRET)).toBe(false);
  expect(b.receive(...sent)).toEqual(Array.from({ length: 10 }, () => frame));
});

describe("what is not right is dropped, counted, and said of its node", () => {
  const written = ({ a }: Nodes): Uint8Array => a.send(toR(p.udp(ER, { ...PORTS, data: SECRET })))[0]!;
  const unopened = ({ d }: SealedNode): number => {
    d.say({ type: "query", id: 0, what: "nodes" });
    return (d.told.pop() as unknown as { value: { unopened: number }[] }).value[0]!.unopened;
  };

  it("each byte that is changed, of what is sealed and of what is not", () => {
    const nodes = sealedPair();
    const { b } = nodes;
    const good = written(nodes);
    for (let at = PAYLOAD; at < good.length; at++) {
      const bad = good.slice();
      bad[at] = bad[at]! ^ 0x10;
      expect(b.receive(bad), `byte ${at - PAYLOAD}`).toEqual([]);
    }
    const { "sealed-forged": forged = 0, "sealed-key": key = 0, "vxlan-flags": flags = 0 } = drops(b);
    expect(forged + key + flags).toBe(good.length - PAYLOAD);
    expect(forged).toBeGreaterThan(good.length - PAYLOAD - 10);
    expect(unopened(b)).toBe(forged + key);
    expect(b.receive(good)).toHaveLength(1);
  });

  it("a frame that stands for more datagrams than a kernel puts in one, without a look at each", () => {
    const { a, b } = sealedPair();
    const of = (count: number): Uint8Array => {
      const data = new Uint8Array(100 * count).fill(0x80);
      const packet = p.udp({ src: a.local, dst: b.local }, { sport: 50000, dport: 4789, data });
      return o.arriving(packet, { flags: 1, gso: p.GSO_UDP_L4, headers: 42, size: 100, start: 34, field: 6 });
    };
    expect(b.receive(of(128))).toEqual([]);
    expect(drops(b)).toEqual({ "sealed-key": 128 });
    expect(b.receive(of(129))).toEqual([]);
    expect(drops(b)).toEqual({ "sealed-key": 128, "vnet-header": 1 });
  });

  it("what is cut short, at every length", () => {
    const nodes = sealedPair();
    const good = o.departed(written(nodes));
    for (let length = 0; length < good.packet.length - 28; length++) {
      const short = p.udp({ src: nodes.a.local, dst: nodes.b.local }, { sport: 50000, dport: 4789, data: good.packet.slice(28, 28 + length), checksum: false }); // biome-ignore format: long
      expect(nodes.b.receive(o.arriving(short))).toEqual([]);
    }
    expect(nodes.b.d.dropTotal()).toBe(good.packet.length - 28);
  });

  it("what comes again, and what is older than the window", () => {
    const nodes = sealedPair();
    const { b } = nodes;
    const old = written(nodes);
    const first = written(nodes);
    expect(b.receive(first)).toHaveLength(1);
    expect(b.receive(first)).toEqual([]);
    expect(b.receive(old)).toHaveLength(1); // late, but new
    expect(b.receive(old)).toEqual([]);
    const late = written(nodes);
    for (let n = 0; n < 4100; n++) nodes.a.d.state.seals.takeCounter(nodes.a.d.state.seals.toNode(nodes.a.d.state.remotes.nodeAddress[0]!));
    expect(b.receive(written(nodes))).toHaveLength(1);
    expect(b.receive(late)).toEqual([]);
    expect(drops(b)).toEqual({ "sealed-replayed": 3 });
  });

  it("what is not sealed, though the frame is what it should be; and from where the keys are not known", () => {
    const nodes = sealedPair();
    const { a, b } = nodes;
    const frame = toR(p.udp(ER, PORTS)).subarray(p.VNET);
    expect(b.receive(o.arriving(o.datagram(frame, { src: a.local, dst: b.local })))).toEqual([]);
    expect(drops(b)).toEqual({ unsealed: 1 });
    const stranger = new SealedNode(o.V4.local, MAC_E, IP_E);
    stranger.know(b);
    expect(b.receive(...stranger.send(toR(p.udp(ER, PORTS))))).toEqual([]);
    expect(drops(b)).toMatchObject({ "sealed-key": 1 });
  });

  it("a frame in a datagram of a network that is not encrypted, sealed or not, from a station that is not the node's", () => {
    const { a, b } = sealedPair();
    a.d.state.networks.vni[o.OVERLAY] = 77;
    expect(b.receive(...a.send(toR(p.udp(ER, PORTS))))).toEqual([]);
    a.d.state.networks.vni[o.OVERLAY] = o.VNI;
    b.d.state.networks.sealed.fill(0);
    expect(b.receive(...a.send(toR(p.udp(ER, PORTS))))).toEqual([]);
    b.d.state.networks.sealed.fill(1);
    expect(drops(b)).toEqual({ "vxlan-vni": 2 });
    b.d.say({ type: "remove-remote", network: o.OVERLAY, mac: p.macBytes(MAC_E) }, o.remote(o.MAC_S, o.IP_S, a.local));
    expect(b.receive(...a.send(toR(p.udp(ER, PORTS))))).toEqual([]);
    expect(drops(b)).toMatchObject({ "vxlan-source": 1 });
  });
});

it("what was opened goes on as of the node that sent it, when its number is another node's the moment after", () => {
  const { a, b } = sealedPair();
  const count = 40; // more than one batch
  const written = a.send(p.partial(toR(p.udp(ER, { ...PORTS, data: p.payload(100 * count) })), p.GSO_UDP_L4, 100));
  expect(written.map((bytes) => datagrams(bytes).length)).toEqual([count]);
  b.d.io.put(TUNNEL, written[0]!);
  b.d.engine.turn(0, 0);
  expect(b.d.state.datagramsIn!.hasReady).toBe(true);
  const other = o.V4.other;
  b.d.say({ type: "remove-remote", network: o.OVERLAY, mac: p.macBytes(MAC_E) }, o.remote(MAC_E, IP_E, other)); // it has moved
  expect(b.d.run().filter(({ port }) => port === E)).toHaveLength(count);
  b.d.say({ type: "query", id: 0, what: "nodes" });
  const { value } = b.d.told.pop() as unknown as { value: { address: string; rxPackets: number }[] };
  expect(value.map(({ address, rxPackets }) => [address, rxPackets])).toEqual([[other, 0]]);
});

describe("somebody on the way who sends a datagram elsewhere", () => {
  const forged = (node: SealedNode, from: SealedNode, payload: Uint8Array): Uint8Array[] =>
    node.receive(o.arriving(p.udp({ src: from.local, dst: node.local }, { sport: 50000, dport: 4789, data: payload, checksum: false })));
  const payloadOf = ({ a }: Nodes): Uint8Array => datagrams(a.send(toR(p.udp(ER, PORTS)))[0]!)[0]!;

  it("back to its sender finds the other direction's key, even where both nodes' keys have one number", () => {
    const nodes = sealedPair();
    const { a, b } = nodes;
    expect(forged(a, b, payloadOf(nodes))).toEqual([]);
    expect(drops(a)).toEqual({ "sealed-key": 1 });
    const alike: NodeKeys = { ...b.ring.published, keys: [{ ...b.ring.published.keys[0]!, number: a.ring.published.keys[0]!.number }] };
    const twin = new SealedNode(a.local, MAC_E, IP_E);
    twin.know(b, { ...alike, keys: [{ ...alike.keys[0]!, number: twin.ring.published.keys[0]!.number }] });
    const sent = datagrams(twin.send(toR(p.udp(ER, PORTS)))[0]!)[0]!;
    expect([sent[2], sent[3]]).toEqual([sent[4], sent[5]]);
    expect(forged(twin, b, sent)).toEqual([]);
    expect(drops(twin)).toEqual({ "sealed-forged": 1 });
  });

  it("to a third node, or as of a third, finds no key, even where the numbers are the same", () => {
    const nodes = sealedPair();
    const { a, b } = nodes;
    const c = new SealedNode(o.V4.other, o.MAC_S, o.IP_S);
    const [{ number }] = b.ring.published.keys as [NodeKeys["keys"][0]];
    const numbered = (node: SealedNode): NodeKeys => ({ ...node.ring.published, keys: [{ ...node.ring.published.keys[0]!, number }] });
    c.know(a);
    a.know(c, numbered(c));
    b.know(c);
    expect(forged(c, a, payloadOf(nodes))).toEqual([]);
    expect(forged(b, c, payloadOf(nodes))).toEqual([]);
    expect([Object.keys(drops(c)), Object.keys(drops(b))]).toEqual([["sealed-key"], ["sealed-key"]]);
    expect(b.receive(...a.send(toR(p.udp(ER, PORTS))))).toHaveLength(1);
  });

  it("in another encrypted network finds the one that it was sealed for: its identifier is inside", () => {
    const nodes = sealedPair();
    const { a, b } = nodes;
    const SECOND = 2;
    for (const { d } of [a, b])
      d.say({ type: "add-network", network: SECOND, subnets: [], flags: 0, overlay: { port: 20, vni: 99, mtu: o.MTU, encrypted: true } });
    const before = datagrams(a.send(toR(p.udp(ER, PORTS)))[0]!)[0]!;
    for (let at = 16; at < 24; at++) {
      const other = before.slice();
      other[at] = other[at]! ^ 0x23 ^ 99;
      expect(forged(b, a, other)).toEqual([]);
    }
    expect(drops(b)).toEqual({ "sealed-forged": 8 });
    b.d.say({ type: "remove-network", network: o.OVERLAY });
    b.d.say(o.remote(MAC_E, IP_E, a.local));
    expect(forged(b, a, before)).toEqual([]);
  });
});

it("a counter that no node reaches is not believed, whoever sealed it; and a key that is used up seals nothing more", () => {
  const { a, b } = sealedPair();
  const { seals, remotes } = a.d.state;
  const counters = (seals as unknown as { counters: Float64Array }).counters;
  const key = seals.toNode(remotes.nodeAddress[0]!);
  const frame = toR(p.udp(ER, PORTS));
  for (const counter of [2 ** 32 - 1, 2 ** 32, MOST_COUNTERS - 1]) {
    counters[key] = counter;
    const sent = a.send(frame);
    expect(Buffer.from(datagrams(sent[0]!)[0]!).readBigUInt64BE(8)).toBe(BigInt(counter));
    expect(b.receive(...sent)).toEqual([frame]);
  }
  expect(a.send(frame)).toEqual([]); // not one nonce twice
  expect(drops(a)).toEqual({ "no-key": 1 });
  for (const counter of [MOST_COUNTERS, 2 ** 52, 2 ** 53 - 1, 2 ** 53]) {
    // What a node would send that counts on.
    (seals as unknown as { toNode(address: number): number }).toNode = () => key;
    counters[key] = counter;
    expect(b.receive(...a.send(frame)), `${counter}`).toEqual([]);
  }
  expect(drops(b)).toEqual({ "sealed-replayed": 4 });
});

it("nothing leaves for a node whose key is not known, nor where nothing can be sealed", () => {
  const { a, b } = sealedPair();
  a.ring.setPeer(ip(b.local), undefined);
  const some = [toR(p.udp(ER, PORTS)), p.partial(toR(p.tcp(ER, { ...PORTS, data: p.payload(9000) })), p.GSO_TCPV4, 1366), p.frame("ff:ff:ff:ff:ff:ff", MAC_E, p.udp({ src: IP_E, dst: "10.9.255.255" }, PORTS))]; // biome-ignore format: three frames
  for (const frame of some) expect(a.send(frame)).toEqual([]);
  expect(drops(a)["no-key"]).toBeGreaterThanOrEqual(3);
  a.know(b);
  expect(a.send(some[0]!)).toHaveLength(1);
  a.d.state.sealer!.dropKey(a.d.state.seals.toNode(a.d.state.remotes.nodeAddress[0]!));
  expect(a.send(some[0]!)).toEqual([]);
});
