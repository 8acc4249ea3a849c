/**
 * The programs of endpoints that are one end of a veth pair. The other end is in the host's namespace, and beside it a TAP by which the engine reads and
 * writes the endpoint's frames:
 *
 * - `from_endpoint`, for the ingress of the pair's end, carries packets of flows that the engine has entered in `flows`, and frames to neighbors that it has
 *   entered in `station_pairs` (pair-program.ts), and what is for the host itself (host-flow-program.ts), and sends all else into the TAP's queue, to the engine.
 * - `to_endpoint`, for the ingress of the TAP, puts what the engine writes into the endpoint.
 *
 * What is carried to an endpoint is put into it as past a bridge (past-bridge-program.ts), from whichever program it comes.
 *
 * What is carried has passed what the engine's source guard checks (`dataplane/source-guard.ts`): it has the MAC and an address of the endpoint behind that
 * very device, and its flow was entered for this device, or the pair of both MACs in its network. What does not pass goes to the engine, which drops and counts it. Neither ICMP nor ARP nor
 * discovery is carried, no fragment, and nothing with a VLAN tag.
 *
 * One of each serves all endpoints. Frames of a device that no map knows are dropped: its endpoint is being removed.
 *
 * Maps:
 * - guard: u32 interface index of a pair's end. Value: what is known of its endpoint, GUARD_*: u32 interface index of its TAP; u32 number of its port in the
 *   engine; its MAC; u16, whether its packets may be carried; MAC of its gateway; its addresses, zeros for none: IPv4 and IPv6;
 *   u32 number of its network in the engine.
 * - ends: u32 interface index of a TAP. Value: u32 interface index of the pair's end.
 * - moved: what was carried, by the number of the engine's port. Value: see `moved.ts`.
 */
import { FLOW_INGRESS_AT } from "../wire/flow-entry.js";
import { unlessAimed } from "./checksum-place.js";
import { type Family, V4, V6 } from "./family.js";
import { carryToHost, type HostFlowMapFds } from "./host-flow-program.js";
import { forwardOffloaded } from "./offload-program.js";
import { keepInside } from "./order-program.js";
import { KEY, STATION_END_AT, stationKey } from "./overlay-programs.js";
import { type GuardLayout, PairProgram } from "./pair-program.js";
import {
  ETHERNET_SIZE,
  INDEX,
  L4_SIZE,
  PACKET_OTHERHOST,
  Program,
  QUOTED,
  REDIRECT,
  REDIRECT_PEER,
  SKB_CB,
  SKB_IFINDEX,
  SKB_PKT_TYPE,
  SKB_PROTOCOL,
  SKB_VLAN_PRESENT,
  TC_ACT_SHOT,
  TCP,
  UDP,
} from "./program.js";

export interface EndpointMapFds extends HostFlowMapFds {
  guard: number;
  ends: number;
}

// biome-ignore format: a table
export const GUARD_SIZE = 48, GUARD_TAP_AT = 0, GUARD_PORT_AT = 4, GUARD_MAC_AT = 8, GUARD_CARRIED_AT = 14, GUARD_GATEWAY_AT = 16, GUARD_IPV4_AT = 24,
  GUARD_NETWORK_AT = 28, GUARD_IPV6_AT = 32;
const GUARD: GuardLayout = { mac: GUARD_MAC_AT, network: GUARD_NETWORK_AT, ipv4: GUARD_IPV4_AT, ipv6: GUARD_IPV6_AT };
/** Room in maps with an entry an endpoint: as many as the engine has ports, and those that are being removed. */
export const MAX_ENDPOINTS = 1 << 12;

/** Stack, beside what program.ts and family.ts have there: TAP, number of the port, and a frame's Ethernet header. */
// biome-ignore format: a table
const TAP = -436, PORT = -440, FRAME = -456;

export interface EndpointOptions {
  ipsec?: boolean | undefined;
  /** Packets of this family are carried; default: none are. */
  version?: 4 | 6 | undefined;
  /** Descriptor of a BPF_MAP_TYPE_PROG_ARRAY whose one program is that for IPv6. */
  ipv6Program?: number | undefined;
  /** Default: one. */
  workers?: number | undefined;
}

export function fromEndpointProgram(
  maps: EndpointMapFds,
  { ipsec = false, version, ipv6Program, workers = 1 }: EndpointOptions = {},
): Uint8Array {
  const p = new PairProgram(maps);
  p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("guard", INDEX).jumpIf("r0", "==", 0, "gone");
  p.load("u32", "r1", "r0", GUARD_TAP_AT).store("u32", "r10", TAP, "r1");
  if (version !== undefined) {
    const f = version === 4 ? V4 : V6;
    p.mov("r9", "r0").load("u16", "r1", "r9", GUARD_CARRIED_AT).jumpIf("r1", "==", 0, "next");
    p.load("u32", "r1", "r6", SKB_VLAN_PRESENT).jumpIf("r1", "!=", 0, "next").loadBytes(0, FRAME, ETHERNET_SIZE, "next");
    p.unlessFrom(FRAME, GUARD_MAC_AT, "next").unlessFor(FRAME, GUARD_GATEWAY_AT, version === 4 ? "neighbor" : "next");
    p.load("u32", "r1", "r6", SKB_PROTOCOL).jumpIf("r1", "!=", f.ethertype, ipv6Program === undefined ? "next" : "other");
    carryKnown(p, f, ipsec, workers);
    if (ipv6Program !== undefined) {
      p.label("other").jumpIf("r1", "!=", V6.ethertype, "next");
      p.tailCall(ipv6Program).jump("next"); // it does not come back, unless it fails
    }
    // The first of both programs carries these, of either family.
    if (version === 4) carryPair(p, workers);
    p.label("next");
  }
  p.load("u32", "r7", "r10", TAP).store("u32", "r6", SKB_CB, "r7").tailCall(maps.toNodes); // overlay-programs.ts
  p.mov("r1", "r7").mov("r2", 0).call(REDIRECT).exit();
  return p.label("gone").choose("device-gone").count("counted gone").answer(TC_ACT_SHOT).assemble();
}

/** With the value of `guard` in r9: carries the frame if its pair of MACs is entered, or goes on at `next`. */
function carryPair(p: PairProgram<EndpointMapFds>, workers: number): void {
  p.label("neighbor").unlessUnicast(FRAME, "next").unlessPlain(FRAME, GUARD, "next");
  p.load("u32", "r1", "r9", GUARD_PORT_AT).store("u32", "r10", PORT, "r1").pair(FRAME, GUARD, "no pair").jump("looked up pair");
  // In an overlay network `to_node` may yet carry it: then its addresses must be right. Not so if it is for a station that is here.
  p.label("no pair").load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("members", INDEX);
  p.jumpIf("r0", "==", 0, "station here").load("u32", "r1", "r0", 0).store("u32", "r10", KEY, "r1");
  stationKey(p, KEY, FRAME);
  p.lookup("stations", KEY).jumpIf("r0", "==", 0, "next").load("u32", "r0", "r0", STATION_END_AT).jumpIf("r0", "==", 0, "next");
  p.label("station here").mov("r9", 0).label("looked up pair").keepInOrder(FRAME, { workers, port: PORT }, "next");
  unlessAimed(p, INDEX, "aimed", "next", { what: "a neighbor's checksum" });
  p.countFrom().intoEndpoint();
}

/** With the value of `guard` in r9: carries the packet if its flow is entered, or goes on at `next`. */
function carryKnown(p: PairProgram<EndpointMapFds>, f: Family, ipsec: boolean, workers: number): void {
  const { ip, l4, src, dst, flow, flowSrc, flowDst, flowPorts, flowProto, sender } = f.stack;
  p.load("u32", "r1", "r9", GUARD_PORT_AT).store("u32", "r10", PORT, "r1");
  p.mov("r7", ETHERNET_SIZE).loadBytes("r7", ip, f.ipSize + L4_SIZE, "next");
  for (let i = 0; i < f.addressSize; i += 4)
    p.load("u32", "r0", "r10", src + i)
      .load("u32", "r1", "r9", (f.version === 4 ? GUARD_IPV4_AT : GUARD_IPV6_AT) + i)
      .jumpIf("r0", "!=", "r1", "next");
  p.copyAddress(f, sender, src).store("u32", "r10", QUOTED, 0);
  p.layer4(f, { loaded: true, found: "parsed", later: "next", otherwise: "next" });
  p.jumpIf("r8", "==", TCP, "ports").jumpIf("r8", "!=", UDP, "next").label("ports");
  p.copyAddress(f, flowSrc, dst)
    .copyAddress(f, flowDst, src)
    .copy("u16", flowPorts, l4 + 2);
  p.copy("u16", flowPorts + 2, l4).store("u32", "r10", flowProto, "r8");
  p.lookup(f.maps.flows, flow)
    .mov("r1", "r9")
    .mov("r9", "r0")
    .jumpIf("r9", "!=", 0, "entered")
    .jumpIf("r8", "==", TCP, "unknown")
    .jump("looked up");
  p.label("entered").load("u32", "r1", "r9", FLOW_INGRESS_AT).load("u32", "r0", "r6", SKB_IFINDEX);
  p.jumpIf("r0", "!=", "r1", "next").label("looked up");
  keepInside(p, f, { workers, port: PORT }, "next");
  unlessAimed(p, INDEX, "aimed", "next", { l4 });
  forwardOffloaded(p, f, "ethernet", "next", { ipsec, pastBridge: true, from: { port: PORT, tap: TAP } });
  p.label("unknown").mov("r9", "r1");
  carryToHost(p, f, { frame: FRAME, port: PORT, guard: GUARD }, "aimed", "next");
  p.label("aimed").choose("aimed-checksum").count("counted aimed").answer(TC_ACT_SHOT);
}

export function toEndpointProgram(maps: EndpointMapFds): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("ends", INDEX).jumpIf("r0", "==", 0, "gone");
  p.load("u32", "r1", "r0", 0).mov("r2", 0).load("u32", "r0", "r6", SKB_PKT_TYPE).jumpIf("r0", "==", PACKET_OTHERHOST, "by the pair");
  p.call(REDIRECT_PEER).exit();
  // The kernel has compared with the MAC that the configuration gave the endpoint; which one it has now its own device knows.
  p.label("by the pair").call(REDIRECT).exit();
  return p.label("gone").choose("device-gone").count("counted gone").answer(TC_ACT_SHOT).assemble();
}
