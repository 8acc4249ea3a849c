/**
 * The last step of `steer` and `emit` for what goes to a container behind a bridge of the host's kernel: the packet comes in at the container's end of
 * its veth at once (bpf_redirect_peer), instead of through the bridge, the port and a second softirq. To be right only where nothing on the way
 * would have noticed or changed the packet. Which containers these are the control side says (`control/past-bridge.ts`), in the map `peers`.
 *
 * Value of `peers`: u32 interface index of the bridge's port; the Ethernet header that the packet gets, 14 bytes, and 2 of nothing; u32 monotonic second
 * up to which this holds, so that nothing does that nobody looks after any more; u32 monotonic second in which a packet last came for it, which is noted
 * in any case; u32 number of the engine's port of an endpoint on a veth pair, NO_PORT of a container on a bridge.
 */
import type { Family } from "./family.js";
import { MOVED_TO_AT } from "./moved.js";
import {
  INDEX,
  KTIME_GET_COARSE_NS,
  NANOSECONDS,
  type Program,
  REDIRECT_PEER,
  SECOND,
  SKB_MARK,
  SKB_STORE_BYTES,
  TC_ACT_SHOT,
} from "./program.js";

// biome-ignore format: a table
export const PEER_VALUE_SIZE = 32, PEER_PORT_AT = 0, PEER_HEADER_AT = 4, PEER_HEADER_SIZE = 14, PEER_UNTIL_AT = 20, PEER_SEEN_AT = 24, PEER_NUMBER_AT = 28;

/**
 * With the answer of `route`, and its device in r7: ends with the packet on its way, or goes on with r7 and r8 as they were; r0 to r5, r9 and `value`
 * are lost. `from` says who asks: `steer` has SECOND on the stack; what `emit` has is not of type "for this host" yet.
 */
export function passBridge(p: Program, f: Family, from: "steer" | "emit"): void {
  const { value, dst } = f.stack;
  const otherwise = "over the bridge";
  p.unlessOnLink(f, otherwise)
    .store("u32", "r10", value, "r7")
    .copyAddress(f, value + 4, dst);
  p.lookup(f.maps.peers, value).jumpIf("r0", "==", 0, otherwise).mov("r9", "r0");
  if (from === "steer") p.load("u32", "r0", "r10", SECOND);
  else p.call(KTIME_GET_COARSE_NS).alu("div", "r0", NANOSECONDS);
  p.load("u32", "r1", "r9", PEER_SEEN_AT).jumpIf("r0", "==", "r1", "peer seen");
  p.store("u32", "r9", PEER_SEEN_AT, "r0").label("peer seen").load("u32", "r1", "r9", PEER_UNTIL_AT).jumpIf("r0", ">", "r1", otherwise);
  p.load("u32", "r7", "r9", PEER_PORT_AT).mov("r1", "r6").mov("r2", 0).mov("r3", "r9").alu("add", "r3", PEER_HEADER_AT);
  p.mov("r4", PEER_HEADER_SIZE).mov("r5", 0).call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "peer failed");
  // As a packet does that crosses into another namespace; before Linux 6.16 the kernel leaves it.
  p.mov("r0", 0).store("u32", "r6", SKB_MARK, "r0");
  if (from === "emit") p.setHostType();
  p.load("u32", "r0", "r9", PEER_NUMBER_AT).store("u32", "r10", INDEX, "r0").countMoved(INDEX, MOVED_TO_AT, "peer counted");
  p.choose("past-bridge").count("past-bridge counted").mov("r1", "r7").mov("r2", 0).call(REDIRECT_PEER).exit();
  p.label("peer failed").choose("offload-failed").count("peer dropped").answer(TC_ACT_SHOT).label(otherwise);
}
