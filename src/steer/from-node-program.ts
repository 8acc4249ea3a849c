/** `from_node`: the frame in a node's datagram, into the endpoint that it is for. See overlay-programs.ts. */
import { type Family, NEXT_HEADER, V4, V6 } from "./family.js";
import {
  ADJ_ROOM_MAC,
  ADJUST_ROOM,
  adjustRoom,
  CE,
  DECAP_L3_IPV4,
  DECAP_L3_IPV6,
  FIXED_GSO,
  FLAG_I,
  FRAME,
  INNER_IP,
  ifOwnSource,
  KEY,
  LEN,
  REST,
  readInner,
  STATION_END_AT,
  STATION_FROM_AT,
  STATION_NODE_AT,
  STATION_TO_AT,
  stationKey,
  TUNNEL_DEVICE_AT,
  UDP_SIZE,
  VXLAN_SIZE,
} from "./overlay-programs.js";
import {
  ETHERNET_SIZE,
  ETHERTYPE,
  INDEX,
  IP_TOTAL_LENGTH,
  IP6_PAYLOAD_LENGTH,
  L4_SIZE,
  type MapFds,
  PLAIN_FIRST_BYTE,
  Program,
  REDIRECT,
  REDIRECT_PEER,
  SKB_GSO_SIZE,
  SKB_LEN,
  SKB_MARK,
  SKB_STORE_BYTES,
  TC_ACT_SHOT,
  TC_ACT_UNSPEC,
  UDP,
} from "./program.js";

/** Stack, beside what overlay-programs.ts has: the VXLAN header. */
const VXLAN_IN = -384;

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
