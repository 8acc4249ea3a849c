/**
 * VXLAN datagrams changed at random, several in a batch with frames of endpoints between them, through the whole engine. It never throws; what leaves by
 * the tunnels is a right datagram; and an endpoint gets nothing by a tunnel but from a station that is behind the node that sent it.
 */
import { expect, it } from "vitest";
import { HELD_PORT } from "../support/dataplane.js";
import * as o from "../support/overlay.js";
import { E, F, IP_E, IP_R, IP_S, MAC_E, MAC_F, MAC_R, MAC_S, OTHERS, overlay, TUNNEL } from "../support/overlay.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

const BATCHES = 1_000;
const INTERESTING = [0, 1, 0x7f, 0x80, 0xff];
const STATIONS: Record<string, string[]> = { [MAC_R]: [IP_R, o.IP6_R], [MAC_S]: [IP_S] };

function inner(random: Random, from: string, to: string, src: string, dst: string): Uint8Array {
  const data = p.payload(random.pick([0, 1, 20, 1380, 4000, 20_000]));
  const ports = { sport: 1 + random.below(3), dport: 80 };
  return random.pick([
    () => p.frame(to, from, p.tcp({ src, dst }, { ...ports, data })),
    () => p.frame(to, from, p.udp({ src, dst }, { ...ports, data })),
    () => p.partial(p.frame(to, from, p.tcp({ src, dst }, { ...ports, data: p.payload(3000) })), p.GSO_TCPV4, random.pick([500, 1398])),
    () => p.frame(to, from, p.echo({ src, dst }, 7)),
    () => p.arpFrame(random.pick([to, p.BROADCAST]), { senderMac: from, senderIp: src, targetIp: dst }),
    () => p.frame("33:33:ff:00:00:04", from, p.neighbor({ src: o.IP6_R, dst: "ff02::1:ff00:4" }, 135, o.IP6_E, from)),
    () => p.tagged(p.frame(to, from, p.udp({ src, dst }, { ...ports, data })), 5),
  ])();
}

function input(random: Random): [number, Uint8Array, number] {
  if (random.below(4) === 0) return [E, inner(random, MAC_E, random.pick([MAC_R, MAC_F, MAC_S]), IP_E, random.pick([IP_R, IP_S])), 0];
  const [mac, ip, src] = random.pick([[MAC_R, IP_R, o.V4.node], [MAC_S, IP_S, o.V4.other], [MAC_R, IP_R, o.V4.other]] as const); // biome-ignore format: a table
  const frame = inner(random, mac, random.pick([MAC_E, MAC_F, MAC_S]), ip, IP_E);
  const packet = o.datagram(frame.subarray(p.VNET), { src, tos: random.pick([0, 0, 2, 3]), checksum: random.below(2) === 0 });
  if (random.below(5) === 0) return [HELD_PORT, p.frame("02:00:00:00:00:00", "02:00:00:00:00:01", packet), 2];
  if (frame[0] === 0) return [TUNNEL, o.arriving(packet), 0];
  const view = new DataView(frame.buffer, frame.byteOffset);
  const field = (at: number): number => view.getUint16(at, true);
  const header = {
    flags: 1,
    gso: 0x21,
    headers: field(2) + 50,
    size: field(4),
    start: field(6) + 50,
    field: field(8),
    transport: 34,
    network: 64,
  };
  return [TUNNEL, o.arriving(packet, header), 0];
}

/** Some bytes others, among the headers mostly; cut short, or longer. */
function changed(random: Random, bytes: Uint8Array): Uint8Array {
  if (random.below(3) === 0) return bytes;
  let out: Uint8Array = bytes.slice();
  for (let n = random.below(4); n >= 0; n--)
    out[random.below(Math.min(out.length, 150))] = random.pick([...INTERESTING, random.below(256)]);
  if (random.below(8) === 0) out = out.slice(0, random.below(out.length + 1));
  if (random.below(20) === 0) out = p.join(out, new Uint8Array(random.below(60)));
  return out;
}

it.each([
  [1, true, false],
  [2, false, true],
])("seed %i (segments of the device: %s, outer checksum: %s)", { timeout: 60_000 }, (seed, segments, checksum) => {
  const random = new Random(seed);
  const d = overlay({ segments, checksum });
  let [delivered, left] = [0, 0];
  for (let n = 0; n < BATCHES; n++) {
    const inputs = Array.from({ length: 1 + random.below(6) }, () => input(random)).map(
      ([port, bytes, device]): [number, Uint8Array, number] => [port, changed(random, bytes), device],
    );
    for (const [port, bytes, device] of inputs) d.io.put(port, bytes, device);
    const byTunnel = inputs.every(([port]) => port !== E);
    for (const { port, bytes } of d.run()) {
      if (port === TUNNEL) {
        const out = o.departed(bytes);
        expect([out.src, [o.V4.node, o.V4.other].includes(out.dst), out.vni, out.flags]).toEqual([o.V4.local, true, o.VNI, 8]);
        expect(p.sum(out.packet.subarray(0, 20))).toBe(0xffff);
        expect([p.u16(out.packet, 2), p.u16(out.packet, 24)]).toEqual([out.packet.length, out.packet.length - 20]);
        left++;
      }
      if (!byTunnel || (port !== E && port !== F)) continue;
      const mac = p.macText(bytes.subarray(p.VNET + 6, p.VNET + 12));
      expect(Object.keys(STATIONS)).toContain(mac);
      if (p.u16(bytes, p.VNET + 12) === 0x0800) expect(STATIONS[mac]).toContain([...bytes.subarray(p.VNET + 26, p.VNET + 30)].join("."));
      delivered++;
    }
  }
  expect(delivered).toBeGreaterThan(BATCHES / 10);
  expect(left).toBeGreaterThan(BATCHES / 10);
  expect(Object.keys(d.drops(TUNNEL)).length).toBeGreaterThan(6);
  expect(d.drops(OTHERS)["vxlan-source"]).toBeGreaterThan(0);
});
