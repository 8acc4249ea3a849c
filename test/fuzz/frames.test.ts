/**
 * Valid frames changed at random, and plain noise, through the whole engine. It never throws; every frame is sent or counted as a drop; nothing
 * is written outside of the heads of the batch; a frame whose checksums were right leaves with right ones; and when time has passed
 * no flow and no port is left over.
 */
import { describe, expect, it } from "vitest";
import { headAt, slotOf } from "../../src/mem/packet-memory.js";
import {
  A,
  B,
  CLIENT,
  Dataplane,
  GATEWAY,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  MAC_UP,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

/** A reset of the engine's: the packet builder's have a window. */
function isOwnReset(frame: Uint8Array): boolean {
  return (
    frame.length === 10 + 14 + 40 && frame[10 + 14 + 9] === p.TCP && frame[10 + 14 + 20 + 13] === p.RST && frame[10 + 14 + 20 + 15] === 0
  );
}

const FRAMES = 50_000;
const SEEDS = [1, 2, 3, 4, 5];
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];
const PORTS = [UP, HOST_PORT, A, B];

/** Frames of every kind that the dataplane knows, few tuples so that flows are met again. */
function valid(random: Random): [number, Uint8Array] {
  const n = 1 + random.below(12);
  const flags = random.pick([p.SYN, p.SYN | p.ACK, p.ACK, p.ACK, p.FIN | p.ACK, p.RST]);
  const ttl = random.pick([1, 2, 64]);
  const data = p.payload(random.pick([0, 1, 20, 300, 3000]));
  const options = random.below(6) === 0 ? new Uint8Array(4 + 4 * random.below(10)).fill(1) : undefined;
  const ip = (src: string, dst: string): p.Ip => ({ src, dst, ttl, ...(options ? { options } : {}) });
  const up = (d: Uint8Array): [number, Uint8Array] => [UP, p.frame(MAC_UP, MAC_A, d)];
  const by = (port: number, dst: string, d: Uint8Array): [number, Uint8Array] => [port, p.frame(dst, port === A ? MAC_A : MAC_B, d)];
  const mapped = 61000 + random.below(8);
  const quoted = random.pick([
    p.tcp(ip(HOST_IP, SERVER), { sport: mapped, dport: 80 }),
    p.tcp(ip(CLIENT, IP_A), { sport: n, dport: TARGET }),
    p.udp(ip(HOST_IP, SERVER), { sport: mapped, dport: 53 }),
  ]);
  return random.pick([
    () => up(p.tcp(ip(random.pick([CLIENT, HOST_IP]), HOST_IP), { sport: n, dport: PUBLISHED, flags, data })),
    () => up(p.udp(ip(CLIENT, HOST_IP), { sport: n, dport: PUBLISHED, data })),
    () => up(p.tcp(ip(SERVER, HOST_IP), { sport: 80, dport: mapped, flags, data })),
    () => up(p.echo(ip(SERVER, HOST_IP), mapped, true)),
    () =>
      up(p.icmpError(ip(SERVER, HOST_IP), random.pick([p.FRAGMENTATION_NEEDED, p.TIME_EXCEEDED]), quoted.slice(0, 28 + random.below(60)))),
    () =>
      by(A, MAC_GATEWAY, p.tcp(ip(IP_A, random.pick([CLIENT, GATEWAY])), { sport: TARGET, dport: random.pick([n, mapped]), flags, data })),
    () => by(A, MAC_GATEWAY, p.udp(ip(IP_A, CLIENT), { sport: TARGET, dport: n, data })),
    () =>
      by(
        B,
        MAC_GATEWAY,
        p.tcp(ip(IP_B, random.pick([HOST_IP, SERVER, "127.0.0.1"])), { sport: n, dport: random.pick([PUBLISHED, 80]), flags, data }),
      ),
    () => by(B, MAC_GATEWAY, p.udp(ip(IP_B, random.pick([SERVER, GATEWAY])), { sport: n, dport: 53, data })),
    () => by(A, MAC_GATEWAY, p.echo(ip(IP_A, random.pick([SERVER, GATEWAY])), n)),
    () => by(A, MAC_GATEWAY, p.icmpError(ip(IP_A, CLIENT), p.PORT_UNREACHABLE, quoted)),
    () => by(A, MAC_B, p.tcp(ip(IP_A, IP_B), { sport: n, dport: 5, data })),
    () =>
      [A, p.arpFrame(p.BROADCAST, { senderMac: MAC_A, senderIp: IP_A, targetIp: random.pick([GATEWAY, IP_B, "172.17.0.99"]) })] as [
        number,
        Uint8Array,
      ],
    () => [random.pick(PORTS), p.frame(p.BROADCAST, `02:00:00:00:0${n % 10}:01`, p.payload(50), 0x86dd)] as [number, Uint8Array],
  ])();
}

function mutate(random: Random, frame: Uint8Array): Uint8Array {
  let out = frame;
  if (random.below(4) === 0 && (out[33] === p.TCP || out[33] === p.UDP) && out[22] === 8)
    out = p.partial(out, random.pick([0, p.GSO_TCPV4, p.GSO_UDP_L4]), 100);
  for (let times = random.pick([0, 0, 1, 1, 2, 5]); times > 0; times--) {
    const at = random.below(Math.min(out.length, 110));
    switch (random.below(6)) {
      case 0:
        out = out.with(at, out[at]! ^ (1 << random.below(8)));
        break;
      case 1:
        out = out.with(at, random.below(256));
        break;
      case 2:
        out = out.with(at, random.pick(INTERESTING));
        break;
      case 3:
        out = out.slice(0, random.below(out.length + 1));
        break;
      case 4:
        out = new Uint8Array([...out, ...p.payload(random.pick([1, 6, 2200]))]);
        break;
      default: // an inside of itself somewhere else
        out = out.slice();
        out.copyWithin(at, random.below(out.length));
    }
    if (out.length === 0) break;
  }
  // Else most changes of an IPv4 header would end at its checksum.
  return out.length >= 44 && random.below(4) > 0 ? p.resummed(out) : out;
}

function noise(random: Random): [number, Uint8Array] {
  const bytes = Uint8Array.from({ length: random.below(200) }, () => random.below(256));
  if (random.below(2) === 0) bytes.fill(0, 0, 10);
  return [random.pick(PORTS), bytes];
}

/** IPv4 whose checksums verify without the help of a device. */
function isRight(f: Uint8Array): boolean {
  if (f.length < 44 || (f[0]! & p.NEEDS_CSUM) !== 0 || p.u16(f, 22) !== 0x0800) return false;
  try {
    return p.wrongIn(f).length === 0;
  } catch {
    return false;
  }
}

/** Fragments that have waited for one of this batch go on: each of them, too, is sent, a drop, or waits. */
function resume(d: Dataplane, slots: number[]): void {
  const { held } = d.state;
  const { fill } = held;
  let before = 0;
  held.fill = (...args): number => {
    const n = fill.apply(held, args);
    before = d.dropTotal() + held.kept;
    return n;
  };
  while (held.hasReady) {
    slots.length = 0;
    const n = d.engine.turn(0, 0);
    expect(d.dropTotal() + held.kept - before, "each fragment is sent, a drop, or waits").toBe(n - new Set(slots).size);
    d.io.sent.length = 0;
  }
  held.fill = fill;
}

describe.each([32, 300])("with room for %i flows", (conntrackMax) => {
  it.each(SEEDS)(`handles ${FRAMES / SEEDS.length / 2} frames (seed %i)`, { timeout: 60_000 }, (seed) => {
    const random = new Random(seed * 1000 + conntrackMax);
    const d = new Dataplane({ conntrackMax, masqueradeFirst: 61000, masqueradeLast: 61063 });
    d.publish({ proto: p.UDP });
    const slots: number[] = []; // of what was sent, in order
    const { transmit } = d.io;
    d.io.transmit = (count) => {
      for (let k = 0; k < count; k++) slots.push(slotOf(d.io.tx[k * 4 + 2]!));
      return transmit.call(d.io, count);
    };
    let checked = 0;
    const heads = d.memory.tailAt(0);
    for (let done = 0; done < FRAMES / SEEDS.length / 2; ) {
      const n = 1 + random.below(31);
      const batch = Array.from({ length: n }, (): [number, Uint8Array] => {
        if (random.below(10) === 0) return noise(random);
        const [port, frame] = valid(random);
        return [random.below(20) === 0 ? random.pick(PORTS) : port, mutate(random, frame)];
      });
      for (const [port, bytes] of batch) d.io.put(port, bytes);
      // Spare heads are dirty before, and so afterwards; of the tails a copy is kept once in a while, since it is 2 MB.
      d.memory.bytes.fill(0xa5, headAt(n), heads);
      const { receive } = d.io;
      let tails: Uint8Array | null = null;
      d.io.receive = (): number => {
        const received = receive.call(d.io);
        if (done % 40 === 0) tails = d.memory.bytes.slice(heads);
        return received;
      };
      const { held } = d.state;
      const before = d.dropTotal() + held.kept;
      slots.length = 0;
      expect(d.engine.turn(0, 0)).toBe(n);
      d.io.receive = receive;

      const resets = d.io.sent.filter(({ bytes }) => isOwnReset(bytes)).length; // sent about what is a drop
      expect(d.dropTotal() + held.kept - before, "each frame is sent, a drop, or waits").toBe(n - new Set(slots).size + resets);
      expect(
        d.memory.bytes.subarray(headAt(n), heads).every((byte) => byte === 0xa5),
        "spare heads",
      ).toBe(true);
      if (tails !== null) expect(Buffer.compare(tails, d.memory.bytes.subarray(heads)), "tails").toBe(0);
      for (const [k, { bytes }] of d.io.sent.splice(0).entries()) {
        if (!isRight(batch[slots[k]!]![1])) continue;
        expect(p.wrongIn(bytes), "checksums").toEqual([]);
        checked++;
      }
      resume(d, slots);
      done += n;
      if (random.below(20) === 0) d.at(d.now + random.pick([1, 30, 300]));
    }
    expect(checked).toBeGreaterThan(FRAMES / 100);
    expect(d.state.conntrack.created).toBeGreaterThan(50);
    d.at(d.now + 10_000);
    for (let turn = 0; turn < 4; turn++) d.run();
    expect([d.state.conntrack.used, d.state.pool.used]).toEqual([0, 0]);
  });
});
