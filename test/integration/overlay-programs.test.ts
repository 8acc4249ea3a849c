/**
 * The byte code that carries frames of overlay networks beside the TypeScript that does the same (BPF_PROG_TEST_RUN): a frame becomes the same datagram, a
 * datagram the same frame, and what is not settled by who sends and who receives is left to the engine as it is.
 */
import { expect } from "vitest";
import { onLab } from "../support/cases.js";
import { only } from "../support/dataplane.js";
import {
  datagram,
  departed,
  E,
  IP_E,
  IP_R,
  IP_S,
  IP6_E,
  IP6_R,
  MAC_E,
  MAC_GATE,
  MAC_R,
  MAC_S,
  overlay,
  V4,
  V6,
  VNI,
} from "../support/overlay.js";
import * as p from "../support/packets.js";
import { program } from "../support/servers.js";

const PORTS = { sport: 40000, dport: 80 };
const OUT = { src: IP_E, dst: IP_R },
  OUT6 = { src: IP6_E, dst: IP6_R },
  IN = { src: IP_R, dst: IP_E },
  IN6 = { src: IP6_R, dst: IP6_E };
const udp = (ends: p.Ip): Uint8Array => p.udp(ends, { ...PORTS, data: p.payload(1000) });
/** Of IPv4, with that TOS. */
function marked(packet: Uint8Array, tos: number): Uint8Array {
  const other = packet.slice();
  other[1] = tos;
  p.setU16(other, 10, 0);
  p.setU16(other, 10, ~p.sum(other.subarray(0, 20)) & 0xffff);
  return other;
}
function withByte(bytes: Uint8Array, at: number, value: number): Uint8Array {
  const other = bytes.slice();
  other[at] = value;
  return other;
}
const fragment = (packet: Uint8Array): Uint8Array => withByte(packet, 6, 0x20);
const bare = (frame: Uint8Array): string => p.hex(frame.subarray(p.VNET));

for (const u of [V4, V6])
  onLab(`programs make of frames and datagrams what the engine makes of them (${u === V4 ? "IPv4" : "IPv6"} underlay)`, async (lab) => {
    const ns = lab.addNamespace("node");
    const length = u === V4 ? 24 : 64;
    lab.ip(
      ns,
      `link add tun0 type bridge\nlink set tun0 up\nlink add eth0 type bridge\nlink set eth0 up\naddr add ${u.local}/${length} dev eth0${u === V4 ? "" : " nodad"}`,
    );
    lab.sysctl(ns, `net.${u === V4 ? "ipv4" : "ipv6"}.conf.tun0.forwarding`, 1);
    const out = (packet: Uint8Array, dst = MAC_R, src = MAC_E): Uint8Array => p.frame(dst, src, packet);
    const from = (frame: Uint8Array, more = {}): Uint8Array =>
      p.frame("02:00:00:00:00:01", "02:00:00:00:00:02", datagram(frame.subarray(p.VNET), { src: u.node, dst: u.local, ...more }));
    const carriedOut = [
      ...[OUT, OUT6].flatMap((ends) => [
        udp(ends),
        p.tcp(ends, { ...PORTS, flags: p.SYN }),
        p.tcp(ends, { ...PORTS, data: p.payload(1200) }),
      ]),
      ...[0x00, 0x11, 0x02, 0xff].map((tos) => marked(udp(OUT), tos)),
    ].map((packet) => out(packet));
    carriedOut.push(out(udp({ src: IP_E, dst: IP_S }), MAC_S));
    const leftOut = [
      out(udp(OUT), MAC_GATE),
      out(udp(OUT), "ff:ff:ff:ff:ff:ff"),
      out(udp(OUT), "02:42:0a:09:00:77"),
      out(udp(OUT), MAC_E), // to somebody here
      out(udp(OUT), MAC_R, MAC_S),
      out(udp({ ...OUT, src: IP_S })),
      out(udp({ ...OUT6, src: "fd09::6" })),
      out(udp({ ...OUT6, src: "fe80::42:aff:fe09:4" })),
      out(p.echo(OUT, 1)),
      out(p.echo(OUT6, 1)),
      out(fragment(udp(OUT))),
      out(withByte(udp(OUT), 0, 0x46)),
      out(p.udp(OUT, { ...PORTS, data: p.payload(1450) })),
      p.arpFrame("ff:ff:ff:ff:ff:ff", { senderMac: MAC_E, senderIp: IP_E, targetIp: IP_R }),
      p.tagged(out(udp(OUT)), 5),
    ];
    const inside = (packet: Uint8Array, dst = MAC_E, src = MAC_R): Uint8Array => p.frame(dst, src, packet);
    const carriedIn = [udp(IN), udp(IN6), p.tcp(IN, PORTS), p.tcp(IN6, { ...PORTS, data: p.payload(1200) })].map((packet) =>
      inside(packet),
    );
    const leftIn = [
      from(inside(udp(IN)), { src: u.other }),
      from(inside(udp(IN)), { vni: VNI + 1 }),
      from(inside(udp(IN)), { flags: 0 }),
      from(inside(udp(IN)), { tos: 3 }),
      from(inside(udp(IN), MAC_E, MAC_S)),
      from(inside(udp(IN), MAC_E, MAC_E)), // who is here is behind no node
      from(inside(udp(IN), MAC_S)), // nor is a node's for a node
      from(inside(udp(IN), MAC_GATE)),
      from(inside(udp({ ...IN, src: IP_S }))),
      from(inside(udp({ ...IN6, src: "fd09::6" }))),
      from(inside(p.echo(IN, 1))),
      from(inside(fragment(udp(IN)))),
      from(inside(udp(IN)).subarray(0, p.VNET + 700)), // shorter than it says
      from(inside(udp(IN)).subarray(0, p.VNET + 20)),
    ];
    const job = {
      device: "tun0",
      local: u.local,
      vni: VNI,
      here: [MAC_E, IP_E, IP6_E],
      behind: [[MAC_R, u.node, IP_R, IP6_R], [MAC_S, u.other, IP_S]], // biome-ignore format: a table
      toNode: [...carriedOut, ...leftOut].map(bare),
      fromNode: [...carriedIn.map((frame) => from(frame)), ...leftIn].map(bare),
    };
    const { code, stdout, stderr } = await lab.run(ns, [process.execPath, program("overlay-run")], { input: JSON.stringify(job) });
    expect([code, stderr]).toEqual([0, ""]);
    const { toNode, fromNode } = JSON.parse(stdout) as Record<"toNode" | "fromNode", { carried: boolean; frame: string }[]>;

    // The engine's, but for the identification, which counts there and is by chance here.
    const d = overlay({ underlay: u });
    carriedOut.forEach((frame, i) => {
      const { packet } = departed(only(d.send(E, frame)).bytes);
      const carried = Uint8Array.from(Buffer.from(toNode[i]!.frame, "hex").subarray(14));
      const same = u === V4 ? p.numbered(carried, p.u16(packet, 4)) : carried;
      expect([i, toNode[i]!.carried, p.hex(same)]).toEqual([i, true, p.hex(packet)]);
      if (u === V4) expect(p.sum(carried.subarray(0, 20))).toBe(0xffff);
    });
    leftOut.forEach((frame, i) => {
      expect([i, toNode[carriedOut.length + i]]).toEqual([i, { carried: false, frame: bare(frame) }]);
    });
    carriedIn.forEach((frame, i) => {
      expect([i, fromNode[i]]).toEqual([i, { carried: true, frame: bare(frame) }]);
    });
    leftIn.forEach((frame, i) => {
      expect([i, fromNode[carriedIn.length + i]]).toEqual([i, { carried: false, frame: bare(frame) }]);
    });
  });
