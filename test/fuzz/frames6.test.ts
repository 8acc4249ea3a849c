/**
 * As `frames.test.ts`, with IPv6 beside IPv4 and ports published across: frames of both families changed at random. Besides, nothing gets from an endpoint to
 * another in somebody else's name, and when time has passed no flow, no port and no address is left over.
 */
import { expect, it } from "vitest";
import { headAt, slotOf } from "../../src/mem/packet-memory.js";
import {
  A,
  B,
  CLIENT,
  type Dataplane,
  HOST_IP,
  HOST_PORT,
  IP_A,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  MAC_UP,
  PUBLISHED,
  TARGET,
  UP,
} from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, IP6_B, LINK_A, LINK_B, LINK_GATEWAY, SERVER6, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";
import { extender } from "./harness/corpus.js";

const FRAMES = 3000;
const PORTS = [UP, HOST_PORT, A, B];
const TO_IPV4 = 9000,
  TO_IPV6 = 9001;
const GROUP_MAC = "33:33:00:00:00:01";

function world(conntrackMax: number): Dataplane {
  const d = dual({ conntrackMax, masqueradeFirst: 61000, masqueradeLast: 61063 });
  for (const proto of [p.TCP, p.UDP]) {
    d.publish({ proto, firstPort: TO_IPV4, lastPort: TO_IPV4, hostIp: "::" });
    d.publish({ ...TO_A6, proto, firstPort: TO_IPV6, lastPort: TO_IPV6, hostIp: "0.0.0.0" });
  }
  d.publish({ ...TO_A6, proto: p.UDP });
  return d;
}

/** Frames of every kind that the dataplane knows, few tuples so that flows are met again. */
function valid(random: Random): [number, Uint8Array] {
  const n = 1 + random.below(8);
  const flags = random.pick([p.SYN, p.SYN | p.ACK, p.ACK, p.ACK, p.FIN | p.ACK, p.RST]);
  const data = p.payload(random.pick([0, 1, 20, 300, 3000]));
  const ip = (src: string, dst: string): p.Ip => ({ src, dst, ttl: random.pick([1, 2, 64]), ...extender(random, 8) });
  const up = (d: Uint8Array): [number, Uint8Array] => [UP, p.frame(MAC_UP, MAC_A, d)];
  const by = (port: number, dst: string, d: Uint8Array): [number, Uint8Array] => [port, p.frame(dst, port === A ? MAC_A : MAC_B, d)];
  const mapped = 61000 + random.below(8);
  const dport = random.pick([PUBLISHED, TO_IPV4]);
  const gateway4 = "172.17.0.1";
  const quoted = random.pick([
    p.tcp(ip(HOST_IP6, SERVER6), { sport: mapped, dport: 80 }),
    p.tcp(ip(CLIENT6, IP6_A), { sport: n, dport: TARGET }),
    p.udp(ip(GATEWAY6, IP6_A), { sport: mapped, dport: TARGET, data }),
    p.udp(ip(gateway4, IP_A), { sport: mapped, dport: TARGET, data }),
  ]);
  const error: [number, number] = random.pick([
    [1, 4],
    [2, 0],
    [3, 0],
    [4, 1],
  ]);
  const claim = (src: string, type: number): Uint8Array =>
    p.neighbor(
      { src, dst: "ff02::1" },
      type,
      random.pick([IP6_A, LINK_A, IP6_B, LINK_B, GATEWAY6, LINK_GATEWAY]),
      random.pick([MAC_A, MAC_B]),
    );
  return random.pick([
    () => up(p.tcp(ip(random.pick([CLIENT6, HOST_IP6, "fe80::9"]), HOST_IP6), { sport: n, dport, flags, data })),
    () => up(p.udp(ip(CLIENT6, HOST_IP6), { sport: n, dport, data })),
    () => up(p.tcp(ip(CLIENT, HOST_IP), { sport: n, dport: TO_IPV6, flags, data })),
    () => up(p.udp(ip(CLIENT, HOST_IP), { sport: n, dport: TO_IPV6, data, checksum: n > 2 })),
    () => up(p.tcp(ip(SERVER6, HOST_IP6), { sport: 80, dport: mapped, flags, data })),
    () => up(p.echo(ip(SERVER6, HOST_IP6), mapped, true)),
    () => up(p.icmp(ip(SERVER6, HOST_IP6), ...error, random.pick([0, 1400]), quoted)),
    () =>
      by(
        A,
        MAC_GATEWAY,
        p.tcp(ip(IP6_A, random.pick([CLIENT6, GATEWAY6])), { sport: TARGET, dport: random.pick([n, mapped]), flags, data }),
      ),
    () => by(A, MAC_GATEWAY, p.udp(ip(IP6_A, random.pick([CLIENT6, GATEWAY6])), { sport: TARGET, dport: random.pick([n, mapped]), data })),
    () => by(A, MAC_GATEWAY, p.tcp(ip(IP_A, gateway4), { sport: TARGET, dport: mapped, flags, data })),
    () => by(A, MAC_GATEWAY, p.udp(ip(IP_A, gateway4), { sport: TARGET, dport: mapped, data, checksum: n > 2 })),
    () => by(A, MAC_GATEWAY, p.icmp(ip(IP6_A, GATEWAY6), ...error, random.pick([0, 600, 1400]), quoted)),
    () => by(A, MAC_GATEWAY, p.icmp(ip(IP_A, gateway4), random.pick([3, 11, 12]), random.below(5), 1400, quoted)),
    () =>
      by(
        B,
        MAC_GATEWAY,
        p.tcp(ip(IP6_B, random.pick([HOST_IP6, SERVER6, "::1"])), { sport: n, dport: random.pick([dport, 80]), flags, data }),
      ),
    () => by(B, MAC_GATEWAY, p.udp(ip(IP6_B, SERVER6), { sport: n, dport: 53, data })),
    () => by(A, MAC_GATEWAY, p.echo(ip(IP6_A, random.pick([SERVER6, GATEWAY6])), n)),
    () => by(A, MAC_B, p.udp(ip(random.pick([IP6_A, LINK_A, IP6_B]), IP6_B), { sport: n, dport: 5, data })),
    () => by(A, random.pick([GROUP_MAC, MAC_B, MAC_GATEWAY]), claim(random.pick([IP6_A, LINK_A, "::", IP6_B]), random.pick([135, 136]))),
    () => [HOST_PORT, p.frame(GROUP_MAC, MAC_GATEWAY, claim(GATEWAY6, 135))] as [number, Uint8Array],
  ])();
}

function mutate(random: Random, frame: Uint8Array): Uint8Array {
  let out = frame;
  const isIpv4 = out[22] === 8;
  const proto = out[isIpv4 ? 33 : 30];
  if (random.below(4) === 0 && (proto === p.TCP || proto === p.UDP)) {
    const gso = proto === p.UDP ? p.GSO_UDP_L4 : isIpv4 ? p.GSO_TCPV4 : p.GSO_TCPV6;
    out = p.partial(out, random.pick([0, gso, p.GSO_TCPV4]), 100);
  }
  for (let times = random.pick([0, 0, 1, 1, 2, 4]); times > 0 && out.length > 0; times--) {
    const at = random.below(Math.min(out.length, 150));
    switch (random.below(5)) {
      case 0:
        out = out.with(at, out[at]! ^ (1 << random.below(8)));
        break;
      case 1:
        out = out.with(at, random.pick([0, 1, 0x2c, 0x3a, 0x3c, 0x7f, 0x80, 0xff, random.below(256)]));
        break;
      case 2:
        out = out.slice(0, random.below(out.length + 1));
        break;
      case 3:
        out = new Uint8Array([...out, ...p.payload(random.pick([1, 6, 2200]))]);
        break;
      default: // an inside of itself somewhere else
        out = out.slice();
        out.copyWithin(at, random.below(out.length));
    }
  }
  return isIpv4 && out.length >= 44 ? p.resummed(out) : out;
}

/** A packet whose checksums verify without the help of a device. */
function isRight(f: Uint8Array): boolean {
  if (f.length < 64 || (f[0]! & p.NEEDS_CSUM) !== 0) return false;
  try {
    return p.wrongIn(f).length === 0;
  } catch {
    return false;
  }
}

function isIpv4Fragment(f: Uint8Array): boolean {
  return p.u16(f, 22) === 0x0800 && (p.u16(f, 30) & 0x3fff) !== 0;
}

/** Who the bridge says has sent it. */
function expectHonest(port: number, to: number, bytes: Uint8Array): void {
  if (port !== A || to !== B || p.u16(bytes, 22) !== 0x86dd) return;
  const routed = p.macText(bytes.subarray(p.VNET + 6, p.VNET + 12)) === MAC_GATEWAY;
  const packet = p.parseIp(bytes.subarray(p.VNET + p.ETH));
  if (routed) return;
  expect([IP6_A, LINK_A, "::"]).toContain(packet.src);
  if (packet.type === 136) expect([IP6_A, LINK_A].map((own) => p.hex(p.ip6Bytes(own)))).toContain(p.hex(packet.l4.subarray(8, 24)));
}

it.each([1, 2, 3, 4])(`handles ${FRAMES} frames (seed %i)`, { timeout: 60_000 }, (seed) => {
  const random = new Random(seed);
  const d = world(random.pick([16, 300]));
  d.run();
  const addresses = d.state.addresses.used;
  const slots: number[] = [];
  const { transmit } = d.io;
  d.io.transmit = (count) => {
    for (let k = 0; k < count; k++) slots.push(slotOf(d.io.tx[k * 4 + 2]!));
    return transmit.call(d.io, count);
  };
  const heads = d.memory.tailAt(0);
  let checked = 0;
  let translated = 0;
  for (let done = 0; done < FRAMES; ) {
    const n = 1 + random.below(31);
    const batch = Array.from({ length: n }, (): [number, Uint8Array] => {
      const [port, frame] = valid(random);
      return [random.below(20) === 0 ? random.pick(PORTS) : port, mutate(random, frame)];
    });
    for (const [port, bytes] of batch) d.io.put(port, bytes);
    d.memory.bytes.fill(0xa5, headAt(n), heads);
    const { held } = d.state;
    const before = d.dropTotal() + held.kept;
    slots.length = 0;
    expect(d.engine.turn(0, 0)).toBe(n);
    expect(d.dropTotal() + held.kept - before, "each frame is sent, a drop, or waits").toBeGreaterThanOrEqual(n - new Set(slots).size);
    expect(
      d.memory.bytes.subarray(headAt(n), heads).every((byte) => byte === 0xa5),
      "spare heads",
    ).toBe(true);
    for (const [k, { port, bytes }] of d.io.sent.splice(0).entries()) {
      const [from, input] = batch[slots[k]!]!;
      expectHonest(from, port, bytes);
      if (!isRight(input) || isIpv4Fragment(bytes)) continue; // what came as a later fragment has no checksum
      expect(p.wrongIn(bytes), "checksums").toEqual([]);
      checked++;
      if (p.u16(input, 22) !== p.u16(bytes, 22)) translated++;
    }
    while (held.hasReady) d.engine.turn(0, 0); // fragments that have waited
    for (const { port, bytes } of d.io.sent.splice(0)) expectHonest(A, port, bytes);
    done += n;
    if (random.below(20) === 0) d.at(d.now + random.pick([1, 30, 300]));
  }
  expect(checked).toBeGreaterThan(FRAMES / 20);
  expect(translated).toBeGreaterThan(FRAMES / 200);
  d.at(d.now + 10_000);
  for (let turn = 0; turn < 4; turn++) d.run();
  expect([d.state.conntrack.used, d.state.pool.used]).toEqual([0, 0]);
  expect(d.state.addresses.used).toBeLessThanOrEqual(addresses + 4); // of outside addresses whose ports are kept ready
});
