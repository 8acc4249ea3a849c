/**
 * `home`, for the egress of the host's interfaces: sends on to lo what `emit` has for the host itself.
 *
 * A packet for one of the host's own addresses must come in by lo: firewalls and reverse-path checks trust that device, and would not trust
 * the host's address as a source behind any other. But a packet that is simply put there has no route, and one with a source of its own
 * the kernel then refuses, unless lo is told not to mind. So `emit` sends it out of the very device that has the address, which makes
 * the kernel find the local route (`bpf_redirect_neigh` without a next hop). Here, before it leaves, it goes over to lo and keeps that
 * route, as what a program on the host sends to itself. IPv6 needs none of it: the kernel finds the local route on lo itself.
 */
import { FOR_HOME, LOOPBACK, type MapFds, Program, REDIRECT, SKB_INGRESS_IFINDEX, SKB_TC_INDEX, TC_ACT_UNSPEC } from "./program.js";

export function homeProgram(uplinks: readonly number[], maps: MapFds): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_TC_INDEX).jumpIf("r0", "!=", FOR_HOME, "next");
  // The mark may be somebody else's, but not on what came by an uplink.
  p.load("u32", "r0", "r6", SKB_INGRESS_IFINDEX);
  for (const uplink of uplinks) p.jumpIf("r0", "==", uplink, "home");
  p.label("next").answer(TC_ACT_UNSPEC);
  p.label("home").mov("r0", 0).store("u32", "r6", SKB_TC_INDEX, "r0");
  return p.mov("r1", LOOPBACK).mov("r2", 0).call(REDIRECT).exit().assemble();
}
