/** `to_node`: what an endpoint has sent, to the node of the station that it is for. See overlay-programs.ts. */
import { SPREAD_FACTOR } from "../wire/spread.js";
import { FIRST_SOURCE_PORT, SOURCE_PORT_BITS } from "../wire/vxlan.js";
import { unlessAimed } from "./checksum-place.js";
import { type Family, V4, V6 } from "./family.js";
import {
  adjustRoom,
  CE,
  ENCAP_L2_ETH,
  ENCAP_L3_IPV4,
  ENCAP_L3_IPV6,
  ENCAP_L4_UDP,
  FIXED_GSO,
  FLAG_I,
  FRAME,
  INNER_IP,
  ifOwnSource,
  KEY,
  LEN,
  MEMBER_MTU_AT,
  REST,
  readInner,
  STATION_END_AT,
  STATION_FROM_AT,
  STATION_KEY_SIZE,
  STATION_NODE_AT,
  STATION_TO_AT,
  stationKey,
  TUNNEL_DEVICE_AT,
  TUNNEL_LOCAL_AT,
  TUNNEL_PORT_AT,
  UDP_SIZE,
  VXLAN_SIZE,
} from "./overlay-programs.js";
import {
  CSUM_DIFF,
  ETHERNET_SIZE,
  ETHERTYPE,
  INDEX,
  L4_SIZE,
  type MapFds,
  PLAIN_FIRST_BYTE,
  Program,
  RECOMPUTE_CSUM,
  REDIRECT,
  SKB_CB,
  SKB_GSO_SIZE,
  SKB_IFINDEX,
  SKB_LEN,
  SKB_STORE_BYTES,
  SKB_VLAN_PRESENT,
  TC_ACT_SHOT,
  UDP,
} from "./program.js";
import { FIB_NO_NEIGH, FIB_SUCCESS } from "./route-program.js";

/** enum bpf_func_id. */
const GET_PRANDOM = 7;
const HOPS = 64,
  MAX_IP = 65535,
  ECT_0 = 2;

/** Stack, beside what overlay-programs.ts has: the sender's key of `stations` and its value; the flow's hash; the headers that are put before the frame. */
// biome-ignore format: a table
const OWN = -360, HASH = -364, MTU = -368, OWN_STATION = -376, ECN = -204;
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
