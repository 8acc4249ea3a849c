/**
 * The programs of endpoints that are one end of a veth pair. The other end is in the host's namespace, and beside it a TAP by which the engine reads and
 * writes the endpoint's frames:
 *
 * - `from_endpoint`, for the ingress of the pair's end, sends what the endpoint sends into the TAP's queue, to the engine.
 * - `to_endpoint`, for the ingress of the TAP, puts what the engine writes into the endpoint.
 *
 * One of each serves all endpoints. Frames of a device that no map knows are dropped: its endpoint is being removed.
 *
 * Maps:
 * - guard: u32 interface index of a pair's end. Value: what is known of its endpoint, GUARD_*: u32 interface index of its TAP.
 * - ends: u32 interface index of a TAP. Value: u32 interface index of the pair's end.
 */
import {
  INDEX,
  type MapFds,
  PACKET_OTHERHOST,
  Program,
  REDIRECT,
  REDIRECT_PEER,
  SKB_CB,
  SKB_IFINDEX,
  SKB_PKT_TYPE,
  TC_ACT_SHOT,
} from "./program.js";

export interface EndpointMapFds extends MapFds {
  guard: number;
  ends: number;
}

// biome-ignore format: a table
export const GUARD_SIZE = 4, GUARD_TAP_AT = 0;
/** Room: as many endpoints as the engine has ports, and those that are being removed. */
export const MAX_ENDPOINTS = 1 << 12;

export function fromEndpointProgram(maps: EndpointMapFds): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("guard", INDEX).jumpIf("r0", "==", 0, "gone");
  p.load("u32", "r7", "r0", GUARD_TAP_AT).store("u32", "r6", SKB_CB, "r7").tailCall(maps.toNodes); // overlay-programs.ts
  p.mov("r1", "r7").mov("r2", 0).call(REDIRECT).exit();
  return p.label("gone").answer(TC_ACT_SHOT).assemble();
}

export function toEndpointProgram(maps: EndpointMapFds): Uint8Array {
  const p = new Program(maps);
  p.load("u32", "r0", "r6", SKB_IFINDEX).store("u32", "r10", INDEX, "r0").lookup("ends", INDEX).jumpIf("r0", "==", 0, "gone");
  p.load("u32", "r1", "r0", 0).mov("r2", 0).load("u32", "r0", "r6", SKB_PKT_TYPE).jumpIf("r0", "==", PACKET_OTHERHOST, "by the pair");
  p.call(REDIRECT_PEER).exit();
  // The kernel has compared with the MAC that the configuration gave the endpoint; which one it has now its own device knows.
  p.label("by the pair").call(REDIRECT).exit();
  return p.label("gone").answer(TC_ACT_SHOT).assemble();
}
