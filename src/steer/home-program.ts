/**
 * `home`, for the egress of the host's interfaces: sends on to lo what `emit` has for the host itself, and to the engine what the host's stack says
 * about packets of ours.
 *
 * A packet for one of the host's own addresses must come in by lo: firewalls and reverse-path checks trust that device, and would not trust
 * the host's address as a source behind any other. But a packet that is simply put there has no route, and one with a source of its own
 * the kernel then refuses, unless lo is told not to mind. So `emit` sends it out of the very device that has the address, which makes
 * the kernel find the local route (`bpf_redirect_neigh` without a next hop). Here, before it leaves, it goes over to lo and keeps that
 * route, as what a program on the host sends to itself. IPv6 needs none of it: the kernel finds the local route on lo itself.
 *
 * When the stack tells a sender by ICMP that his packet did not get on (a neighbour that does not answer, a firewall's REJECT, an MTU behind IPsec),
 * it quotes the packet as the engine had translated it, which the sender does not know. So what quotes a packet in `flows`
 * goes to that flow's uplink, and leaves when it is translated (RFC 5508 REQ-4, REQ-5). Errors to the host itself go by lo, where `steer` takes them.
 */
import { FLOW_UPLINK_AT } from "../wire/flow-entry.js";
import { type Family, NEXT_HEADER, V4, V6 } from "./family.js";
import {
  ETHERNET_SIZE,
  ETHERTYPE,
  FOR_HOME,
  ICMP_ID,
  INDEX,
  IP_PROTOCOL,
  L4_SIZE,
  type LinkLayer,
  LOOPBACK,
  type MapFds,
  Program,
  REDIRECT,
  SCTP,
  SKB_CHANGE_HEAD,
  SKB_INGRESS_IFINDEX,
  SKB_PROTOCOL,
  SKB_STORE_BYTES,
  SKB_TC_INDEX,
  TC_ACT_UNSPEC,
  TCP,
  UDP,
} from "./program.js";

/** Offset in the header of IPv4. */
const IP_DESTINATION = 16;

/** `ipv6`: the kernel has it. */
export function homeProgram(link: LinkLayer, uplinks: readonly number[], maps: MapFds, { ipv6 = false } = {}): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_TC_INDEX).jumpIf("r0", "!=", FOR_HOME, "not home");
  // The mark may be somebody else's, but not on what came by an uplink.
  p.load("u32", "r0", "r6", SKB_INGRESS_IFINDEX);
  for (const uplink of uplinks) p.jumpIf("r0", "==", uplink, "home");
  // Or it is a packet of a carried flow, which has come in somewhere, and leaves for an address of the host's own.
  p.jumpIf("r0", "==", 0, "not home");
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", V4.ethertype, "not home");
  p.loadBytes((link === "ip" ? 0 : ETHERNET_SIZE) + IP_DESTINATION, V4.stack.dst, 4, "not home");
  p.lookup("locals", V4.stack.dst).jumpIf("r0", "!=", 0, "home").label("not home");
  p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", V4.ethertype, ipv6 ? "other" : "next");
  takeErrors(p, V4, link);
  p.label("next").answer(TC_ACT_UNSPEC);
  p.label("home").mov("r0", 0).store("u32", "r6", SKB_TC_INDEX, "r0");
  p.mov("r1", LOOPBACK).mov("r2", 0).call(REDIRECT).exit();
  if (!ipv6) return p.assemble();
  p.label("other").section("IPv6").jumpIf("r0", "!=", V6.ethertype, "next");
  takeErrors(p, V6, link);
  return p.label("next").answer(TC_ACT_UNSPEC).assemble();
}

/** Of what this host itself sends. Goes on at `next` with the rest. */
function takeErrors(p: Program, f: Family, link: LinkLayer): void {
  const { ip, l4, src, dst, flow, flowSrc, flowDst, flowPorts, flowProto } = f.stack;
  const start = link === "ip" ? 0 : ETHERNET_SIZE;
  p.load("u32", "r0", "r6", SKB_INGRESS_IFINDEX).jumpIf("r0", "!=", 0, "next");
  p.loadBytes(start + (f.version === 4 ? IP_PROTOCOL : NEXT_HEADER), INDEX, 1, "next")
    .load("u8", "r0", "r10", INDEX)
    .jumpIf("r0", "!=", f.icmp, "next");
  p.mov("r7", start).loadBytes(start, ip, f.ipSize, "next");
  p.layer4(f, { loaded: false, found: "outer", later: "next", otherwise: "next" }).load("u8", "r0", "r10", l4);
  for (const type of f.icmpErrors) p.jumpIf("r0", "==", type, "error");
  p.jump("next").label("error").alu("add", "r7", L4_SIZE).loadBytes("r7", ip, f.ipSize, "next");
  p.layer4(f, { loaded: false, found: "quoted", later: "next", otherwise: "next" });
  p.copyAddress(f, flowSrc, src).copyAddress(f, flowDst, dst).copy("u32", flowPorts, l4).store("u32", "r10", flowProto, "r8");
  for (const proto of [TCP, UDP, SCTP]) p.jumpIf("r8", "==", proto, "find");
  p.jumpIf("r8", "!=", f.icmp, "next");
  p.copy("u16", flowPorts, l4 + ICMP_ID)
    .copy("u16", flowPorts + 2, l4 + ICMP_ID)
    .label("find");
  p.lookup(f.maps.flows, flow).jumpIf("r0", "==", 0, "next").load("u32", "r7", "r0", FLOW_UPLINK_AT);
  if (link === "ip") {
    p.mov("r1", "r6").mov("r2", ETHERNET_SIZE).mov("r3", 0).call(SKB_CHANGE_HEAD).jumpIf("r0", "!=", 0, "next");
    p.store("u16", "r10", INDEX, f.ethertype).mov("r1", "r6").mov("r2", ETHERTYPE).stackPointer("r3", INDEX);
    p.mov("r4", 2).mov("r5", 0).call(SKB_STORE_BYTES);
  }
  p.choose("taken-error").count("counted-error").mov("r1", "r7").mov("r2", 0).call(REDIRECT).exit();
}
