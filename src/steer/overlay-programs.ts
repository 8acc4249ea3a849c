/**
 * What carries frames of overlay networks (RFC 7348) between endpoints on veth pairs and other nodes, without the engine. Two programs, which others
 * call at their ends, once there are tunnels; here is what they have in common:
 *
 * - `to_node` (to-node-program.ts), with what an endpoint has sent: puts the outer headers before it, and sends it to the node of the station that it is for.
 * - `from_node` (from-node-program.ts), with a datagram of a node that the engine knows, for the tunnels' port: takes the frame out of it, and puts it into the endpoint.
 *
 * Carried is TCP and UDP, without IP options, extension headers and fragments, between two stations of the map `stations`. The control side has one
 * there while all that the engine would ask about a frame is settled by who sends it and who receives it. What is left to compare, for each frame, is the source
 * guard: MAC and IP address must be those of the endpoint that the device is of, or those of the station that the store has behind that node.
 * Whatever is not carried goes to the engine as it came: it answers, drops, counts and warns.
 *
 * A frame that stands for several segments stays whole. `bpf_skb_adjust_room` notes where the inner headers are, and what cuts it, later, gives each segment its
 * outer ones (SKB_GSO_UDP_TUNNEL); so their UDP checksum is none. Taken out of a tunnel it keeps these notes: nobody looks at them in an endpoint that takes
 * the packet itself, and one that forwards it has it cut by the kernel, not by a network card.
 *
 * Maps, beside those of program.ts (all numbers as in the packet):
 * - stations: {second word of the VXLAN header: VNI, then 0; MAC address; 2 bytes of nothing}. Value: STATION_*.
 * - members: u32 interface index of an endpoint's end in the host's namespace. Value: its key of `stations`, whose last 2 bytes are the network's MTU, u16.
 * - tunnel: TUNNEL_*, of this node.
 * - toNodes, fromNodes: at 0 the program of that name, if there is one.
 */

import { type Family, NEXT_HEADER } from "./family.js";
import {
  ETHERNET_SIZE,
  FRAGMENT_OFFSET,
  IP_FRAGMENT,
  IP_PROTOCOL,
  MORE_FRAGMENTS,
  PLAIN_FIRST_BYTE,
  type Program,
  TCP,
  UDP,
} from "./program.js";

/** enum bpf_func_id. */
export const ADJUST_ROOM = 50;
/** bpf_skb_adjust_room: mode and flags. */
// biome-ignore format: a table
export const ADJ_ROOM_MAC = 1, FIXED_GSO = 1, ENCAP_L3_IPV4 = 2, ENCAP_L3_IPV6 = 4, ENCAP_L4_UDP = 16, ENCAP_L2_ETH = 64, DECAP_L3_IPV4 = 128, DECAP_L3_IPV6 = 256;
export const UDP_SIZE = 8,
  VXLAN_SIZE = 8,
  REST = UDP_SIZE + VXLAN_SIZE + ETHERNET_SIZE;
export const FLAG_I = 0x08,
  CE = 3;

/**
 * Value of `stations`: u32 IPv4 address (all ones: none); u32 interface index of the host's end of its veth pair, 0 of a station behind another node; 16 bytes IPv6
 * address (all ones: none); 16 bytes address of its node in the underlay; u64 packets and u64 bytes that were carried to it, and the same from it.
 */
// biome-ignore format: a table
export const STATION_KEY_SIZE = 12, STATION_VALUE_SIZE = 72, STATION_ADDRESS_AT = 0, STATION_END_AT = 4, STATION_ADDRESS6_AT = 8, STATION_NODE_AT = 24,
  STATION_TO_AT = 40, STATION_FROM_AT = 56;
export const MEMBER_MTU_AT = 10;
/** Value of `tunnel`: u32 raw UDP port; u32 interface index of the tunnels' device; 16 bytes this node's address in the underlay. */
// biome-ignore format: a table
export const TUNNEL_VALUE_SIZE = 24, TUNNEL_PORT_AT = 0, TUNNEL_DEVICE_AT = 4, TUNNEL_LOCAL_AT = 8;

/** Stack, beside what Program has: the frame, as far as it is looked at, and its IP header; a key of `stations`; the frame's length. */
// biome-ignore format: a table
export const FRAME = -334, INNER_IP = FRAME + ETHERNET_SIZE, KEY = -348, LEN = -200;

/** KEY = key of `stations`: the first word of the one at `own`, and the MAC address at `mac`. */
export function stationKey(p: Program, own: number, mac: number): void {
  p.copy("u32", KEY, own).store("u16", "r10", KEY + 10, 0);
  for (let i = 0; i < 6; i += 2) p.copy("u16", KEY + 4 + i, mac + i);
}

/** r0 = 0, or an error: then nothing has changed. `inner`: bytes of the link layer's header inside. */
export function adjustRoom(p: Program, bytes: number, flags: number, inner = 0): void {
  p.mov("r1", "r6").mov("r2", bytes).mov("r3", ADJ_ROOM_MAC).mov("r4", inner).alu("lsh", "r4", 56).alu("or", "r4", flags).call(ADJUST_ROOM);
}

/** r8 = protocol of the inner packet in INNER_IP, TCP or UDP; else jumps. */
export function readInner(p: Program, f: Family, otherwise: string): void {
  if (f.version === 4) {
    p.load("u8", "r0", "r10", INNER_IP).jumpIf("r0", "!=", PLAIN_FIRST_BYTE, otherwise);
    p.load("u16", "r0", "r10", INNER_IP + IP_FRAGMENT)
      .alu("and", "r0", FRAGMENT_OFFSET | MORE_FRAGMENTS)
      .jumpIf("r0", "!=", 0, otherwise);
  } else {
    p.load("u8", "r0", "r10", INNER_IP).alu("rsh", "r0", 4).jumpIf("r0", "!=", 6, otherwise);
  }
  const known = `TCP or UDP ${f.version}`;
  p.load("u8", "r8", "r10", INNER_IP + (f.version === 4 ? IP_PROTOCOL : NEXT_HEADER));
  p.jumpIf("r8", "==", TCP, known).jumpIf("r8", "!=", UDP, otherwise).label(known);
}

/** Jumps unless the packet's source is the address of the station whose value is in r9. */
export function ifOwnSource(p: Program, f: Family, otherwise: string): void {
  const src = INNER_IP + (f.version === 4 ? 12 : 8);
  const at = f.version === 4 ? STATION_ADDRESS_AT : STATION_ADDRESS6_AT;
  for (let i = 0; i < f.addressSize; i += 4)
    p.load("u32", "r0", "r10", src + i)
      .load("u32", "r1", "r9", at + i)
      .jumpIf("r0", "!=", "r1", otherwise);
}
