/**
 * An overlay network for an engine in memory, beside the host of `host.ts`: endpoint E here, endpoint R behind one other node and S behind a second.
 * VXLAN datagrams are built and taken apart here independently of `src/`.
 *
 *   E 10.9.0.4 --- this node, 192.0.2.1 ===underlay=== node 192.0.2.2 --- R 10.9.0.5
 *                                                  === node 192.0.2.3 --- S 10.9.0.6
 */
import type { ToWorker } from "../../src/engine/messages.js";
import { PacketMemory } from "../../src/mem/packet-memory.js";
import type { Sealer } from "../../src/mem/sealer.js";
import { ENDPOINT, HOST } from "../../src/table/ports.js";
import { addPort, Dataplane, ip, subnet } from "./dataplane.js";
import * as p from "./packets.js";

export const TUNNEL = 6,
  OTHERS = 7,
  GATE = 8,
  E = 9,
  F = 10;
export const OVERLAY = 1,
  VNI = 0x012345,
  MTU = 1450;
/** This node's own addresses in the network, where it has some. */
export const IP_SNAT = "10.9.0.9",
  IP6_SNAT = "fd09::9",
  MAC_SNAT = "02:42:0a:09:00:09";
export const TUNNEL_DEVICE = 21;
export const IP_GATE = "10.9.0.1",
  IP_E = "10.9.0.4",
  IP_F = "10.9.0.7",
  IP_R = "10.9.0.5",
  IP_S = "10.9.0.6";
export const IP6_GATE = "fd09::1",
  IP6_E = "fd09::4",
  IP6_R = "fd09::5";
export const MAC_GATE = "02:42:0a:09:00:01",
  MAC_E = "02:42:0a:09:00:04",
  MAC_F = "02:42:0a:09:00:07",
  MAC_R = "02:42:0a:09:00:05",
  MAC_S = "02:42:0a:09:00:06";
/** Virtio-net header of the tunnels' device. */
export const WIDE = 24;

export interface Underlay {
  local: string;
  node: string;
  other: string;
}
export const V4: Underlay = { local: "192.0.2.1", node: "192.0.2.2", other: "192.0.2.3" };
export const V6: Underlay = { local: "2001:db8::1", node: "2001:db8::2", other: "2001:db8::3" };

export interface OverlayOptions {
  underlay?: Underlay;
  checksum?: boolean;
  segments?: boolean;
  flags?: number;
  /** Made before; default: one that does not bypass the host's firewall. */
  d?: Dataplane;
  /** The network is encrypted, and there is something to seal with. */
  sealer?: (memory: PacketMemory) => Sealer;
  /** The device takes several datagrams in one frame. */
  datagrams?: boolean;
}

export function remote(mac: string, addresses: string, node: string): ToWorker {
  return { type: "set-remote", network: OVERLAY, mac: p.macBytes(mac), addresses: addresses.split(" ").map(ip), node: ip(node) };
}

export function snat(addresses = `${IP_SNAT} ${IP6_SNAT}`): ToWorker {
  return {
    type: "snat-address",
    network: OVERLAY,
    mac: p.macBytes(MAC_SNAT),
    addresses: addresses === "" ? [] : addresses.split(" ").map(ip),
  };
}

export function overlay({
  underlay = V4,
  checksum = false,
  segments = true,
  flags = 0,
  sealer,
  datagrams = true,
  d: made,
}: OverlayOptions = {}): Dataplane {
  const memory = new PacketMemory();
  const d = made ?? new Dataplane({ bypass: false, ...(sealer && { sealer: sealer(memory) }) }, [], memory);
  d.say(
    {
      type: "add-tunnel",
      port: TUNNEL,
      fd: -1,
      mac: p.macBytes("02:00:00:00:00:21"),
      device: TUNNEL_DEVICE,
      address: ip(underlay.local),
      udpPort: 4789,
      checksum,
      segments,
      datagrams,
    },
    {
      type: "add-network",
      network: OVERLAY,
      subnets: [subnet("10.9.0.0/16", IP_GATE), subnet("fd09::/64", IP6_GATE)],
      flags,
      overlay: { port: OTHERS, vni: VNI, mtu: MTU, encrypted: sealer !== undefined },
    },
    addPort(GATE, HOST, MAC_GATE, `${IP_GATE} ${IP6_GATE}`, OVERLAY),
    addPort(E, ENDPOINT, MAC_E, `${IP_E} ${IP6_E}`, OVERLAY),
    addPort(F, ENDPOINT, MAC_F, IP_F, OVERLAY),
    remote(MAC_R, `${IP_R} ${IP6_R}`, underlay.node),
    remote(MAC_S, IP_S, underlay.other),
  );
  return d;
}

export interface Outer {
  src?: string;
  dst?: string;
  sport?: number;
  dport?: number;
  vni?: number;
  flags?: number;
  /** TOS or traffic class. */
  tos?: number;
  checksum?: boolean;
}

/** The IP packet that carries `frame` (without a virtio-net header) through the underlay. */
export function datagram(frame: Uint8Array, o: Outer = {}): Uint8Array {
  const { src = V4.node, dst = V4.local, sport = 50000, dport = 4789, vni = VNI, flags = 8, tos = 0, checksum = false } = o;
  const header = Uint8Array.of(flags, 0, 0, 0, vni >> 16, vni >> 8, vni, 0);
  const packet = p.udp({ src, dst }, { sport, dport, data: p.join(header, frame), checksum });
  if (tos === 0) return packet;
  const marked = packet.slice();
  if (src.includes(":")) marked.set([0x60 | (tos >> 4), (tos << 4) & 0xf0]);
  else {
    marked[1] = tos;
    p.setU16(marked, 10, 0);
    p.setU16(marked, 10, ~p.sum(marked.subarray(0, 20)) & 0xffff);
  }
  return marked;
}

/** Virtio-net header fields of the tunnels' device. */
export interface Wide {
  flags?: number;
  gso?: number;
  headers?: number;
  size?: number;
  start?: number;
  field?: number;
  transport?: number;
  network?: number;
}

export function wide(w: Wide): Uint8Array {
  const bytes = new Uint8Array(WIDE);
  const view = new DataView(bytes.buffer);
  bytes[0] = w.flags ?? 0;
  bytes[1] = w.gso ?? 0;
  view.setUint16(2, w.headers ?? 0, true);
  view.setUint16(4, w.size ?? 0, true);
  view.setUint16(6, w.start ?? 0, true);
  view.setUint16(8, w.field ?? 0, true);
  view.setUint16(20, w.transport ?? 0, true);
  view.setUint16(22, w.network ?? 0, true);
  return bytes;
}

/** As the tunnels' device delivers it. */
export function arriving(packet: Uint8Array, header: Wide = {}): Uint8Array {
  const type = packet[0]! >> 4 === 6 ? [0x86, 0xdd] : [0x08, 0x00];
  return p.join(wide(header), new Uint8Array(12), Uint8Array.from(type), packet);
}

/** What was written to the tunnels' device. */
export interface Departed {
  header: Required<Wide>;
  src: string;
  dst: string;
  sport: number;
  dport: number;
  tos: number;
  df: boolean;
  id: number;
  udpChecksum: number;
  vni: number;
  flags: number;
  /** The frame inside, behind a virtio-net header of zeros. */
  frame: Uint8Array;
  /** The outer IP packet. */
  packet: Uint8Array;
}

export function departed(bytes: Uint8Array): Departed {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const packet = bytes.subarray(WIDE + 14);
  const isIpv6 = packet[0]! >> 4 === 6;
  const udp = isIpv6 ? 40 : 20;
  const parsed = p.parseIp(packet);
  return {
    header: {
      flags: bytes[0]!,
      gso: bytes[1]!,
      headers: view.getUint16(2, true),
      size: view.getUint16(4, true),
      start: view.getUint16(6, true),
      field: view.getUint16(8, true),
      transport: view.getUint16(20, true),
      network: view.getUint16(22, true),
    },
    src: parsed.src,
    dst: parsed.dst,
    sport: parsed.sport,
    dport: parsed.dport,
    tos: isIpv6 ? ((packet[0]! << 4) & 0xf0) | (packet[1]! >> 4) : packet[1]!,
    df: !isIpv6 && (packet[6]! & 0x40) !== 0,
    id: isIpv6 ? 0 : p.u16(packet, 4),
    udpChecksum: p.u16(packet, udp + 6),
    vni: (packet[udp + 12]! << 16) | (packet[udp + 13]! << 8) | packet[udp + 14]!,
    flags: packet[udp + 8]!,
    frame: p.join(new Uint8Array(p.VNET), packet.subarray(udp + 16)),
    packet,
  };
}

/** The datagrams that were written to the tunnels' device in one frame; outer packet and header are those of all. */
export function allDeparted(bytes: Uint8Array): Departed[] {
  const whole = departed(bytes);
  if (whole.header.gso !== p.GSO_UDP_L4) return [whole];
  const payload = whole.packet.subarray(whole.header.start + 8 - 14);
  const all: Departed[] = [];
  for (let at = 0; at < payload.length; at += whole.header.size) {
    const one = payload.subarray(at, at + whole.header.size);
    const vni = (one[4]! << 16) | (one[5]! << 8) | one[6]!;
    all.push({ ...whole, flags: one[0]!, vni, frame: p.join(new Uint8Array(p.VNET), one.subarray(8)) });
  }
  return all;
}

/** What the tunnels' device brings of a node that has sent the frames, without virtio-net headers, in one frame; all but the last are of one length. */
export function together(frames: readonly Uint8Array[], { vni = VNI }: Outer = {}): Uint8Array {
  const header = Uint8Array.of(8, 0, 0, 0, vni >> 16, vni >> 8, vni, 0);
  const data = p.join(...frames.flatMap((frame) => [header, frame]));
  const packet = p.udp({ src: V4.node, dst: V4.local }, { sport: 50000, dport: 4789, data });
  return arriving(packet, { flags: 1, gso: p.GSO_UDP_L4, headers: 42, size: 8 + frames[0]!.length, start: 34, field: 6 });
}
