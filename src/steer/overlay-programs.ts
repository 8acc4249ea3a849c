/**
 * What carries frames of overlay networks (RFC 7348) between endpoints on veth pairs and other nodes, without the engine. Two programs, which others
 * call at their ends, once there are tunnels:
 *
 * - `to_node`, with what an endpoint has sent: puts the outer headers before it, and sends it to the node of the station that it is for.
 * - `from_node`, with a datagram of a node that the engine knows, for the tunnels' port: takes the frame out of it, and puts it into the endpoint.
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

import { SPREAD_FACTOR } from "../wire/spread.js";
import { FIRST_SOURCE_PORT, SOURCE_PORT_BITS } from "../wire/vxlan.js";
import { unlessAimed } from "./checksum-place.js";
import { type Family, NEXT_HEADER, V4, V6 } from "./family.js";
import {
  CSUM_DIFF,
  ETHERNET_SIZE,
  ETHERTYPE,
  FIB_NO_NEIGH,
  FIB_SUCCESS,
  FRAGMENT_OFFSET,
  INDEX,
  IP_FRAGMENT,
  IP_PROTOCOL,
  IP_TOTAL_LENGTH,
  IP6_PAYLOAD_LENGTH,
  L4_SIZE,
  type MapFds,
  MORE_FRAGMENTS,
  PLAIN_FIRST_BYTE,
  Program,
  RECOMPUTE_CSUM,
  REDIRECT,
  REDIRECT_PEER,
  SKB_CB,
  SKB_GSO_SIZE,
  SKB_IFINDEX,
  SKB_LEN,
  SKB_MARK,
  SKB_STORE_BYTES,
  SKB_VLAN_PRESENT,
  TC_ACT_SHOT,
  TC_ACT_UNSPEC,
  TCP,
  UDP,
} from "./program.js";

/** enum bpf_func_id. */
const GET_PRANDOM = 7,
  ADJUST_ROOM = 50;
/** bpf_skb_adjust_room: mode and flags. */
// biome-ignore format: a table
const ADJ_ROOM_MAC = 1, FIXED_GSO = 1, ENCAP_L3_IPV4 = 2, ENCAP_L3_IPV6 = 4, ENCAP_L4_UDP = 16, ENCAP_L2_ETH = 64, DECAP_L3_IPV4 = 128, DECAP_L3_IPV6 = 256;
const UDP_SIZE = 8,
  VXLAN_SIZE = 8,
  REST = UDP_SIZE + VXLAN_SIZE + ETHERNET_SIZE;
const HOPS = 64,
  MAX_IP = 65535,
  FLAG_I = 0x08,
  CE = 3,
  ECT_0 = 2;

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

/** Stack, beside what Program has: the frame, as far as it is looked at, and its IP header; keys of `stations`; the headers that are put before the frame. */
// biome-ignore format: a table
const FRAME = -334, INNER_IP = FRAME + ETHERNET_SIZE, KEY = -348, OWN = -360, HASH = -364, MTU = -368, OWN_STATION = -376, VXLAN_IN = -384, LEN = -200, ECN = -204;
const HEADERS_END = -434,
  INNER = HEADERS_END - ETHERNET_SIZE,
  VXLAN = INNER - VXLAN_SIZE,
  OUTER_UDP = VXLAN - UDP_SIZE;

interface OverlayOptions {
  /** The kernel has it, so there may be policies. */
  ipsec?: boolean;
}

/** `to_node`, where the underlay is of family `u`; what is not carried goes to the device that the first word of the packet's `cb` says. */
export function toNodeProgram(maps: MapFds, u: Family, { ipsec = false }: OverlayOptions = {}): Uint8Array {
  const p = new Program(maps);
  const overhead = u.ipSize + REST;
  p.load("u32", "r0", "r6", SKB_VLAN_PRESENT).jumpIf("r0", "!=", 0, "engine");
  p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("members", INDEX).jumpIf("r0", "==", 0, "engine");
  for (let i = 0; i < STATION_KEY_SIZE; i += 4) p.load("u32", "r1", "r0", i).store("u32", "r10", OWN + i, "r1");
  p.load("u16", "r1", "r0", MEMBER_MTU_AT)
    .store("u32", "r10", MTU, "r1")
    .store("u16", "r10", OWN + MEMBER_MTU_AT, 0);
  p.lookup("stations", OWN).jumpIf("r0", "==", 0, "engine").mov("r9", "r0").store("u64", "r10", OWN_STATION, "r9");

  p.loadBytes(0, FRAME, ETHERNET_SIZE + V4.ipSize + L4_SIZE, "engine");
  for (let i = 0; i < 6; i += 2)
    p.load("u16", "r0", "r10", FRAME + 6 + i)
      .load("u16", "r1", "r10", OWN + 4 + i)
      .jumpIf("r0", "!=", "r1", "engine");
  stationKey(p, OWN, FRAME);
  p.load("u16", "r0", "r10", FRAME + ETHERTYPE)
    .jumpIf("r0", "==", V6.ethertype, "IPv6")
    .jumpIf("r0", "!=", V4.ethertype, "engine");
  for (const f of [V4, V6]) {
    if (f.version === 6) p.label("IPv6").loadBytes(0, FRAME, ETHERNET_SIZE + V6.ipSize + L4_SIZE, "engine");
    readInner(p, f, "engine");
    ifOwnSource(p, f, "engine");
    hashFlow(p, f);
    lengthOf(p, f, "engine");
    p.mov("r7", ETHERNET_SIZE + f.ipSize);
    if (f.version === 4) p.jump("known");
  }

  // r2: length of the packet, or of its segments.
  p.label("known").load("u32", "r1", "r10", MTU).jumpIf("r2", ">", "r1", "engine");
  p.load("u32", "r1", "r6", SKB_LEN)
    .jumpIf("r1", ">", MAX_IP - overhead, "engine")
    .store("u32", "r10", LEN, "r1");
  p.alu("add", "r2", overhead).clearRoute().routeLengthOf("r2");
  p.lookup("stations", KEY).jumpIf("r0", "==", 0, "engine").mov("r9", "r0");
  p.load("u32", "r0", "r9", STATION_END_AT).jumpIf("r0", "!=", 0, "engine");
  unlessAimed(p, INDEX, "aimed", "engine");
  p.store("u32", "r10", INDEX, 0).lookup("tunnel", INDEX).jumpIf("r0", "==", 0, "engine").mov("r7", "r0");
  writeHeaders(p, u, overhead);

  p.load("u32", "r7", "r7", TUNNEL_DEVICE_AT).mov("r8", UDP).routePorts(u).route(u, "r7", "answered");
  p.jumpIf("r0", "==", FIB_SUCCESS, "routed").jumpIf("r0", "!=", FIB_NO_NEIGH, "engine");
  p.routeDevice("r1").jumpIf("r1", "==", "r7", "engine").label("routed");
  if (ipsec) p.lookupIpsec(u, u.stack.dst).jumpIf("r0", "!=", 0, "engine");
  adjustRoom(p, overhead, FIXED_GSO | (u.version === 4 ? ENCAP_L3_IPV4 : ENCAP_L3_IPV6) | ENCAP_L4_UDP | ENCAP_L2_ETH, ETHERNET_SIZE);
  p.jumpIf("r0", "!=", 0, "engine");
  p.mov("r1", "r6")
    .mov("r2", ETHERNET_SIZE)
    .stackPointer("r3", OUTER_UDP - u.ipSize)
    .mov("r4", overhead);
  p.mov("r5", RECOMPUTE_CSUM).call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "failed");
  p.atomicAddTo("r9", STATION_TO_AT, LEN).load("u64", "r9", "r10", OWN_STATION).atomicAddTo("r9", STATION_FROM_AT, LEN);
  p.choose("to-node").count("counted").routeDevice("r7").sendTo("r7");
  p.label("failed").choose("offload-failed").count("dropped").answer(TC_ACT_SHOT);
  p.label("aimed").choose("aimed-checksum").count("counted aimed").answer(TC_ACT_SHOT);
  return p.label("engine").load("u32", "r1", "r6", SKB_CB).mov("r2", 0).call(REDIRECT).exit().assemble();
}

/** KEY = key of `stations`: the first word of the one at `own`, and the MAC address at `mac`. */
function stationKey(p: Program, own: number, mac: number): void {
  p.copy("u32", KEY, own).store("u16", "r10", KEY + 10, 0);
  for (let i = 0; i < 6; i += 2) p.copy("u16", KEY + 4 + i, mac + i);
}

/** r0 = 0, or an error: then nothing has changed. `inner`: bytes of the link layer's header inside. */
function adjustRoom(p: Program, bytes: number, flags: number, inner = 0): void {
  p.mov("r1", "r6").mov("r2", bytes).mov("r3", ADJ_ROOM_MAC).mov("r4", inner).alu("lsh", "r4", 56).alu("or", "r4", flags).call(ADJUST_ROOM);
}

/** r8 = protocol of the inner packet in INNER_IP, TCP or UDP; else jumps. */
function readInner(p: Program, f: Family, otherwise: string): void {
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
function ifOwnSource(p: Program, f: Family, otherwise: string): void {
  const src = INNER_IP + (f.version === 4 ? 12 : 8);
  const at = f.version === 4 ? STATION_ADDRESS_AT : STATION_ADDRESS6_AT;
  for (let i = 0; i < f.addressSize; i += 4)
    p.load("u32", "r0", "r10", src + i)
      .load("u32", "r1", "r9", at + i)
      .jumpIf("r0", "!=", "r1", otherwise);
}

/** HASH = hash of the flow in INNER_IP, of protocol r8: as of `dataplane/encapsulate.ts`. */
function hashFlow(p: Program, f: Family): void {
  const src = INNER_IP + (f.version === 4 ? 12 : 8);
  const mix = (bits: number): Program =>
    p
      .alu("mul", "r0", SPREAD_FACTOR | 0)
      .alu("lsh", "r0", 32)
      .alu("rsh", "r0", 32)
      .mov("r1", "r0")
      .alu("rsh", "r1", bits)
      .alu("xor", "r0", "r1");
  const fold = (at: number): void => {
    p.load("u32", "r0", "r10", at);
    for (let i = 4; i < f.addressSize; i += 4)
      mix(16)
        .load("u32", "r1", "r10", at + i)
        .alu("xor", "r0", "r1");
  };
  fold(src + f.addressSize);
  p.store("u32", "r10", HASH, "r0");
  fold(src);
  mix(15).load("u32", "r1", "r10", HASH).alu("xor", "r0", "r1");
  mix(15)
    .load("u32", "r1", "r10", INNER_IP + f.ipSize)
    .alu("xor", "r0", "r1");
  mix(15).alu("xor", "r0", "r8");
  mix(15).store("u32", "r10", HASH, "r0");
}

/** r2 = length of the packet in INNER_IP, of protocol r8, or of its segments. ECN = congestion as the outer header tells it. */
function lengthOf(p: Program, f: Family, otherwise: string): void {
  const name = `length ${f.version}`;
  p.load("u32", "r7", "r6", SKB_GSO_SIZE).jumpIf("r7", "==", 0, `${name} whole`);
  p.alu("add", "r7", f.ipSize + UDP_SIZE).jumpIf("r8", "==", UDP, `${name} ecn`);
  p.loadBytes(ETHERNET_SIZE + f.ipSize + 12, INDEX, 1, otherwise);
  p.load("u8", "r0", "r10", INDEX).alu("rsh", "r0", 4).alu("lsh", "r0", 2).alu("add", "r7", "r0").alu("add", "r7", -UDP_SIZE);
  p.jump(`${name} ecn`).label(`${name} whole`).load("u32", "r7", "r6", SKB_LEN).alu("add", "r7", -ETHERNET_SIZE).label(`${name} ecn`);
  p.mov("r2", "r7").load("u8", "r0", "r10", INNER_IP + 1);
  if (f.version === 6) p.alu("rsh", "r0", 4);
  p.alu("and", "r0", CE)
    .jumpIf("r0", "!=", CE, `${name} known`)
    .mov("r0", ECT_0) // as Linux: the outer header starts afresh
    .label(`${name} known`)
    .store("u8", "r10", ECN, "r0");
}

/** With the value of `tunnel` in r7, that of the station in r9: all headers before HEADERS_END, and in `ip` what `route` looks at. */
function writeHeaders(p: Program, u: Family, overhead: number): void {
  const outer = OUTER_UDP - u.ipSize;
  const big = (at: number): Program =>
    p
      .mov("r1", "r0")
      .alu("rsh", "r1", 8)
      .store("u8", "r10", at, "r1")
      .store("u8", "r10", at + 1, "r0");
  p.load("u32", "r0", "r10", LEN).alu("add", "r0", REST - ETHERNET_SIZE);
  big(OUTER_UDP + 4);
  const { ip, src, dst, l4 } = u.stack;
  for (let i = 0; i < u.addressSize; i += 4) {
    p.load("u32", "r0", "r7", TUNNEL_LOCAL_AT + i)
      .store("u32", "r10", outer + (src - ip) + i, "r0")
      .store("u32", "r10", src + i, "r0");
    p.load("u32", "r0", "r9", STATION_NODE_AT + i)
      .store("u32", "r10", outer + (dst - ip) + i, "r0")
      .store("u32", "r10", dst + i, "r0");
  }
  if (u.version === 4) {
    p.store("u8", "r10", outer, PLAIN_FIRST_BYTE)
      .copy("u8", outer + 1, ECN)
      .copy("u8", ip + 1, ECN);
    p.load("u32", "r0", "r10", LEN).alu("add", "r0", overhead - ETHERNET_SIZE);
    big(outer + 2);
    p.call(GET_PRANDOM)
      .store("u16", "r10", outer + 4, "r0")
      .store("u16", "r10", outer + 6, 0);
    p.store("u8", "r10", outer + 8, HOPS)
      .store("u8", "r10", outer + 9, UDP)
      .store("u16", "r10", outer + 10, 0);
    p.mov("r1", 0).mov("r2", 0).stackPointer("r3", outer).mov("r4", u.ipSize).mov("r5", 0).call(CSUM_DIFF);
    for (let i = 0; i < 3; i++) p.mov("r1", "r0").alu("rsh", "r1", 16).alu("and", "r0", 0xffff).alu("add", "r0", "r1");
    p.alu("xor", "r0", 0xffff).store("u16", "r10", outer + 10, "r0");
  } else {
    p.store("u8", "r10", outer, 0x60)
      .load("u8", "r0", "r10", ECN)
      .alu("lsh", "r0", 4)
      .store("u8", "r10", outer + 1, "r0");
    p.load("u32", "r0", "r10", HASH).store("u16", "r10", outer + 2, "r0");
    p.copy("u32", ip, outer).copy("u16", outer + 4, OUTER_UDP + 4);
    p.store("u8", "r10", outer + 6, UDP).store("u8", "r10", outer + 7, HOPS);
  }
  p.load("u32", "r0", "r10", HASH)
    .alu("rsh", "r0", 32 - SOURCE_PORT_BITS)
    .alu("add", "r0", FIRST_SOURCE_PORT);
  big(OUTER_UDP);
  p.load("u32", "r0", "r7", TUNNEL_PORT_AT)
    .store("u16", "r10", OUTER_UDP + 2, "r0")
    .store("u16", "r10", OUTER_UDP + 6, 0);
  p.copy("u32", l4, OUTER_UDP);
  p.store("u32", "r10", VXLAN, FLAG_I).copy("u32", VXLAN + 4, OWN);
  for (let i = 0; i < ETHERNET_SIZE; i += 2) p.copy("u16", INNER + i, FRAME + i);
}

/** `from_node`, of a datagram in an underlay of family `u`; what is not carried goes to the tunnels' device. */
export function fromNodeProgram(maps: MapFds, u: Family): Uint8Array {
  const p = new Program(maps);
  const overhead = u.ipSize + REST;
  const inside = ETHERNET_SIZE + u.ipSize + UDP_SIZE;
  const { ip, src } = u.stack;
  p.loadBytes(ETHERNET_SIZE, ip, u.ipSize + UDP_SIZE, "engine");
  if (u.version === 4) p.load("u8", "r0", "r10", ip).jumpIf("r0", "!=", PLAIN_FIRST_BYTE, "engine");
  else p.load("u8", "r0", "r10", ip + NEXT_HEADER).jumpIf("r0", "!=", UDP, "engine");
  // Of congestion the engine tells the packet inside.
  p.load("u8", "r0", "r10", ip + 1);
  if (u.version === 6) p.alu("rsh", "r0", 4);
  p.alu("and", "r0", CE).jumpIf("r0", "==", CE, "engine");
  p.loadBytes(inside, VXLAN_IN, VXLAN_SIZE, "engine");
  p.load("u8", "r0", "r10", VXLAN_IN).alu("and", "r0", FLAG_I).jumpIf("r0", "==", 0, "engine");
  p.store("u8", "r10", VXLAN_IN + 7, 0);
  p.loadBytes(inside + VXLAN_SIZE, FRAME, ETHERNET_SIZE + V4.ipSize + L4_SIZE, "engine");
  stationKey(p, VXLAN_IN + 4, FRAME + 6);
  p.lookup("stations", KEY).jumpIf("r0", "==", 0, "engine").mov("r9", "r0");
  p.load("u32", "r0", "r9", STATION_END_AT).jumpIf("r0", "!=", 0, "engine");
  for (let i = 0; i < u.addressSize; i += 4)
    p.load("u32", "r0", "r10", src + i)
      .load("u32", "r1", "r9", STATION_NODE_AT + i)
      .jumpIf("r0", "!=", "r1", "engine");
  p.load("u16", "r0", "r10", FRAME + ETHERTYPE)
    .jumpIf("r0", "==", V6.ethertype, "IPv6")
    .jumpIf("r0", "!=", V4.ethertype, "engine");
  for (const f of [V4, V6]) {
    if (f.version === 6) p.label("IPv6").loadBytes(inside + VXLAN_SIZE, FRAME, ETHERNET_SIZE + V6.ipSize + L4_SIZE, "engine");
    readInner(p, f, "engine");
    ifOwnSource(p, f, "engine");
    ifLengthHolds(p, f, overhead, "engine");
    p.mov("r8", f.version === 4 ? DECAP_L3_IPV4 : DECAP_L3_IPV6);
    if (f.version === 4) p.jump("known");
  }
  p.label("known").load("u32", "r0", "r6", SKB_GSO_SIZE).jumpIf("r0", "==", 0, "whole");
  // Several datagrams in one frame are not what they look like: one with several segments. The kernel adds nothing to them, not even no byte.
  adjustRoom(p, 0, 0);
  p.jumpIf("r0", "!=", 0, "engine").label("whole");
  stationKey(p, VXLAN_IN + 4, FRAME);
  p.mov("r7", "r9").lookup("stations", KEY).jumpIf("r0", "==", 0, "engine").mov("r9", "r0");
  p.load("u32", "r0", "r9", STATION_END_AT).jumpIf("r0", "==", 0, "engine");
  p.load("u32", "r1", "r6", SKB_LEN).alu("add", "r1", -overhead).store("u32", "r10", LEN, "r1");
  p.mov("r1", "r6").mov("r2", -overhead).mov("r3", ADJ_ROOM_MAC).mov("r4", "r8").alu("or", "r4", FIXED_GSO).call(ADJUST_ROOM);
  p.jumpIf("r0", "!=", 0, "engine");
  p.mov("r1", "r6").mov("r2", 0).stackPointer("r3", FRAME).mov("r4", ETHERNET_SIZE).mov("r5", 0);
  p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "failed");
  p.atomicAddTo("r7", STATION_FROM_AT, LEN).atomicAddTo("r9", STATION_TO_AT, LEN).load("u32", "r7", "r9", STATION_END_AT);
  // As a packet does that crosses into another namespace; before Linux 6.16 the kernel leaves it.
  p.mov("r0", 0).store("u32", "r6", SKB_MARK, "r0");
  p.choose("from-node").count("counted").mov("r1", "r7").mov("r2", 0).call(REDIRECT_PEER).exit();
  p.label("failed").choose("offload-failed").count("dropped").answer(TC_ACT_SHOT);
  p.label("engine").store("u32", "r10", INDEX, 0).lookup("tunnel", INDEX).jumpIf("r0", "==", 0, "gone");
  p.load("u32", "r7", "r0", TUNNEL_DEVICE_AT).jumpIf("r7", "==", 0, "gone");
  p.choose("taken-reply").count("taken").mov("r1", "r7").mov("r2", 0).call(REDIRECT).exit();
  return p.label("gone").answer(TC_ACT_UNSPEC).assemble();
}

/** Jumps when the packet in INNER_IP says that it is longer than the frame, or, of one that stands for segments, does not say what all are together. */
function ifLengthHolds(p: Program, f: Family, overhead: number, otherwise: string): void {
  const at = INNER_IP + (f.version === 4 ? IP_TOTAL_LENGTH : IP6_PAYLOAD_LENGTH);
  const [holds, segments] = [`length ${f.version} holds`, `length ${f.version} of segments`];
  p.load("u8", "r0", "r10", at)
    .alu("lsh", "r0", 8)
    .load("u8", "r1", "r10", at + 1)
    .alu("add", "r0", "r1")
    .alu("add", "r0", overhead + ETHERNET_SIZE + (f.version === 4 ? 0 : f.ipSize));
  p.load("u32", "r1", "r6", SKB_LEN).load("u32", "r2", "r6", SKB_GSO_SIZE).jumpIf("r2", "!=", 0, segments);
  p.jumpIf("r0", ">", "r1", otherwise).jump(holds);
  p.label(segments).jumpIf("r0", "!=", "r1", otherwise).label(holds);
}
