/**
 * The part of `steer` that forwards the packets of an offloaded flow in the kernel, so that they do not cross into userspace. The engine has
 * decided: the rewrite is in the flow's entry of `flows`. The way out is the one that `emit` would find.
 *
 * One end is rewritten, source or destination: the flow is one of a published port whose client keeps its address. Else both ends are, and, if client and
 * target are of different families, the family (across-program.ts). What is then for the host itself goes home as from `emit` (home-program.ts).
 *
 * A packet that may need another decision goes to the engine: a segment with SYN or RST or without ACK, IP options, a fragment, a TTL that ends here,
 * a length that lies, an ICMP error, and a packet that has no route or does not fit the way out.
 *
 * Of a segment with FIN that is carried the engine gets a copy first (`wire/order.ts`): it follows the connection's end, and the segment is not later
 * than the data before it. Else who has got all data would often end the connection first, and keep its port for a minute (TIME-WAIT). With the copy
 * comes what the other end acknowledged last, by which the engine tells one that somebody has forged (`dataplane/tcp-window.ts`).
 */

import {
  ACKED_FIRST,
  FLOW_ACKED_AT,
  FLOW_CARRIED_AT,
  FLOW_DESTINATION_AT,
  FLOW_DESTINATION_PORT_AT,
  FLOW_HOPS_AT,
  FLOW_OFFLOAD_AT,
  FLOW_PACKETS_AT,
  FLOW_PORT_AT,
  FLOW_SEEN_AT,
  FLOW_UPLINK_AT,
  FLOW_WAY_IN_AT,
  FLOW6_DESTINATION_AT,
  OFFLOAD_ACROSS,
  OFFLOAD_BOTH,
  OFFLOAD_DESTINATION,
  OFFLOAD_INSIDE,
} from "../wire/flow-entry.js";
import { TCP_ACK, TCP_ACKNOWLEDGMENT, TCP_FIN, TCP_RST, TCP_SYN } from "../wire/l4.js";
import { forwardAcross } from "./across-program.js";
import { CARRIED_BYTES_AT } from "./carried.js";
import { copyIfEnding } from "./copy-program.js";
import { type Family, NEXT_HEADER } from "./family.js";
import { MOVED_FROM_AT } from "./moved.js";
import { passBridge } from "./past-bridge-program.js";
import {
  CSUM_DIFF,
  ENDING,
  ETHERNET_SIZE,
  FOR_HOME,
  HOME,
  INDEX,
  IP_TOTAL_LENGTH,
  IP6_PAYLOAD_LENGTH,
  KTIME_GET_COARSE_NS,
  type LinkLayer,
  LOOPBACK,
  NANOSECONDS,
  PLAIN_FIRST_BYTE,
  type Program,
  PSEUDO_HEADER,
  QUOTED,
  RECOMPUTE_CSUM,
  SECOND,
  SKB_LEN,
  SKB_STORE_BYTES,
  SKB_TC_INDEX,
  SUM,
  TC_ACT_SHOT,
  TCP,
  TCP_END,
  TCP_FLAGS,
} from "./program.js";
import { foldSum, IP_CHECKSUM, PORTS_SIZE, rewriteEnd, rewriteOnStack4, rewriteOnStack6, storeToPorts4 } from "./rewrite-program.js";
import { FIB_NO_NEIGH, FIB_SUCCESS } from "./route-program.js";

const TCP_END_SIZE = TCP_FLAGS + 1 - TCP_ACKNOWLEDGMENT;

export interface CarryOptions {
  ipsec?: boolean;
  pastBridge?: boolean;
  /** It comes from an endpoint on a veth pair: where on the stack the number of its port is, and the index of its TAP. */
  from?: { port: number; tap: number };
}

/** With the packet's headers in `ip` and `l4`, r7 = offset of layer 4, r8 = protocol, r9 = value of its flow; goes to `engine` with r9 as it was. */
export function forwardOffloaded(p: Program, f: Family, link: LinkLayer, engine: string, options: CarryOptions = {}): void {
  const { ipsec = false, pastBridge = false, from } = options;
  const { ip, l4, src, dst, flowSrc, flowDst, flowPorts, sender } = f.stack;
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "==", 0, engine);
  p.load("u32", "r0", "r10", QUOTED).jumpIf("r0", "!=", 0, engine);
  if (f.version === 4) {
    p.load("u8", "r0", "r10", ip).jumpIf("r0", "!=", PLAIN_FIRST_BYTE, engine).ifFirstFragment(f, engine);
  } else {
    p.load("u8", "r0", "r10", ip + NEXT_HEADER).jumpIf("r0", "!=", "r8", engine); // no extension headers
  }
  p.load("u8", "r0", "r10", ip + f.ttlAt).jumpIf("r0", "<", 2, engine);
  const length = ip + (f.version === 4 ? IP_TOTAL_LENGTH : IP6_PAYLOAD_LENGTH);
  p.load("u8", "r0", "r10", length)
    .alu("lsh", "r0", 8)
    .load("u8", "r1", "r10", length + 1);
  const before = f.version === 4 ? ETHERNET_SIZE : ETHERNET_SIZE + f.ipSize;
  p.alu("add", "r0", "r1").alu("add", "r0", before).load("u32", "r1", "r6", SKB_LEN).jumpIf("r0", ">", "r1", engine);
  p.store("u32", "r10", ENDING, 0)
    .jumpIf("r8", "!=", TCP, "not-turning")
    .mov("r2", "r7")
    .alu("add", "r2", TCP_ACKNOWLEDGMENT)
    .loadBytes("r2", TCP_END, TCP_END_SIZE, engine);
  p.load("u8", "r0", "r10", TCP_END + TCP_END_SIZE - 1)
    .alu("and", "r0", TCP_FIN | TCP_SYN | TCP_RST | TCP_ACK)
    .jumpIf("r0", "==", TCP_ACK, "going on");
  p.jumpIf("r0", "!=", TCP_FIN | TCP_ACK, engine)
    .store("u32", "r10", ENDING, 1)
    .jump("not-turning");
  p.label("going on").load("u16", "r0", "r10", TCP_END).jumpIf("r0", "!=", 0, "acked known").mov("r0", ACKED_FIRST).label("acked known");
  p.store("u16", "r9", FLOW_ACKED_AT, "r0").label("not-turning");
  // An endpoint's address has been compared already.
  if (link !== "loopback" && from === undefined) p.lookup(f.maps.locals, sender).jumpIf("r0", "!=", 0, engine);
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "==", OFFLOAD_ACROSS, "across").jumpIf("r1", "==", OFFLOAD_BOTH, "both");

  // The headers on the stack as they are to become; those of the packet stay until the way out is known.
  p.store("u32", "r10", HOME, 0).clearRoute();
  if (f.version === 4) rewriteOnStack4(p, f);
  else rewriteOnStack6(p, f);

  p.routeLength(f, "offload length known", engine);
  p.load("u32", "r1", "r9", FLOW_UPLINK_AT).routePorts(f);
  if (from !== undefined) asInside(p, f);
  p.route(f, "r1", "offload-answered");
  if (from !== undefined) p.label("inside answered");
  p.jumpIf("r0", "==", FIB_SUCCESS, "rewrite").jumpIf("r0", "!=", FIB_NO_NEIGH, engine);
  p.routeDevice("r1").load("u32", "r2", "r9", 0).jumpIf("r1", "==", "r2", engine);

  p.label("rewrite");
  if (!pastBridge) unlessOwn(p, "own network", engine);
  if (ipsec) p.lookupIpsec(f, dst).jumpIf("r0", "!=", 0, engine);
  copyIfEnding(p, f, "one end", from?.tap);
  p.load("u8", "r1", "r9", FLOW_OFFLOAD_AT).jumpIf("r1", "==", OFFLOAD_DESTINATION, "rewrite-destination");
  rewriteEnd(p, f, "source", { address: src, port: l4, portAt: 0, oldAddress: flowDst, oldPort: flowPorts + 2 });
  p.label("rewrite-destination");
  rewriteEnd(p, f, "destination", { address: dst, port: l4 + 2, portAt: 2, oldAddress: flowSrc, oldPort: flowPorts });

  // The engine counts what it gets a copy of.
  p.label("offload").call(KTIME_GET_COARSE_NS).alu("div", "r0", NANOSECONDS).store("u32", "r10", SECOND, "r0");
  p.load("u32", "r1", "r10", ENDING).jumpIf("r1", "!=", 0, "offload-known").store("u32", "r9", FLOW_SEEN_AT, "r0");
  p.mov("r1", 1).atomicAdd("u32", "r9", FLOW_PACKETS_AT, "r1");
  p.load("u32", "r1", "r9", FLOW_CARRIED_AT).store("u32", "r10", INDEX, "r1").lookup("carried", INDEX);
  p.jumpIf("r0", "==", 0, "offload-counted").load("u64", "r1", "r0", 0).alu("add", "r1", 1).store("u64", "r0", 0, "r1");
  p.load("u64", "r1", "r0", CARRIED_BYTES_AT)
    .load("u32", "r2", "r6", SKB_LEN)
    .alu("add", "r1", "r2")
    .store("u64", "r0", CARRIED_BYTES_AT, "r1");
  p.label("offload-counted");
  if (from !== undefined) p.countMoved(from.port, MOVED_FROM_AT, "moved");
  p.label("offload-known");
  p.load("u32", "r7", "r10", HOME).jumpIf("r7", "!=", 0, "offload-home");
  p.routeDevice("r7");
  if (pastBridge) passBridge(p, f, "steer");
  p.sendTo("r7");
  p.label("offload-home");
  if (f.version === 4)
    p.jumpIf("r7", "==", LOOPBACK, "offload-home-by-lo")
      .mov("r0", FOR_HOME)
      .store("u32", "r6", SKB_TC_INDEX, "r0")
      .label("offload-home-by-lo");
  p.setHostType().sendByRoute("r7");
  p.label("offload-failed").choose("offload-failed").count("offload-dropped").answer(TC_ACT_SHOT);
  p.label("both");
  forwardBoth(p, f, engine, ipsec, pastBridge, from?.tap);
  p.label("across");
  forwardAcross(p, f, engine, ipsec, from?.tap);
}

/** A program that puts nothing into endpoints leaves what is for them to the engine. */
function unlessOwn(p: Program, done: string, engine: string): void {
  p.routeDevice("r1").store("u32", "r10", INDEX, "r1").lookup("own", INDEX).jumpIf("r0", "!=", 0, engine).label(done);
}

/**
 * What an endpoint has opened goes the way that the host has for the endpoint, as from `emit`: before its source is another one, and as having come in by its
 * network's device, or the uplink.
 */
function asInside(p: Program, f: Family): void {
  const { flowDst, flowPorts } = f.stack;
  p.load("u8", "r2", "r9", FLOW_OFFLOAD_AT).jumpIf("r2", "!=", OFFLOAD_INSIDE, "as ever");
  p.load("u32", "r2", "r9", FLOW_WAY_IN_AT).jumpIf("r2", "==", 0, "by the uplink").mov("r1", "r2").label("by the uplink");
  p.routeSourcePort(flowPorts + 2)
    .route(f, "r1", "inside asked", flowDst)
    .jump("inside answered")
    .label("as ever");
}

/** The same for both ends. The old tuple is in the flow's key, turned round, which sums to the same. */
function forwardBoth(p: Program, f: Family, engine: string, ipsec: boolean, pastBridge: boolean, tap: number | undefined): void {
  const { ip, l4, src, dst, flow, flowPorts } = f.stack;
  for (let i = 0; i < f.addressSize; i += 4) {
    p.load("u32", "r1", "r9", f.flowAddressAt + i).store("u32", "r10", src + i, "r1");
    p.load("u32", "r1", "r9", (f.version === 4 ? FLOW_DESTINATION_AT : FLOW6_DESTINATION_AT) + i).store("u32", "r10", dst + i, "r1");
  }
  p.load("u16", "r1", "r9", FLOW_PORT_AT)
    .store("u16", "r10", l4, "r1")
    .load("u16", "r1", "r9", FLOW_DESTINATION_PORT_AT)
    .store("u16", "r10", l4 + 2, "r1");
  p.stackPointer("r1", flow)
    .mov("r2", 2 * f.addressSize)
    .stackPointer("r3", src)
    .mov("r4", 2 * f.addressSize)
    .mov("r5", 0)
    .call(CSUM_DIFF)
    .store("u32", "r10", SUM, "r0");
  if (f.version === 4) {
    // As in `rewriteOnStack4`, where TTL loses one or nothing.
    p.load("u32", "r0", "r10", SUM)
      .load("u8", "r1", "r9", FLOW_HOPS_AT)
      .alu("mul", "r1", 0xfffe)
      .alu("add", "r0", "r1")
      .load("u16", "r1", "r10", ip + IP_CHECKSUM)
      .alu("xor", "r1", 0xffff)
      .alu("add", "r0", "r1");
    foldSum(p);
    p.store("u16", "r10", ip + IP_CHECKSUM, "r0");
  }
  p.load("u8", "r1", "r9", FLOW_HOPS_AT)
    .load("u8", "r0", "r10", ip + f.ttlAt)
    .alu("sub", "r0", "r1")
    .store("u8", "r10", ip + f.ttlAt, "r0");
  p.findWay(f, "both", engine, ipsec);
  if (!pastBridge) {
    p.load("u32", "r0", "r10", HOME).jumpIf("r0", "!=", 0, "both own");
    unlessOwn(p, "both own", engine);
  }
  copyIfEnding(p, f, "both ends", tap);

  p.mov("r3", 0).load("u32", "r4", "r10", SUM);
  p.replaceSum(PSEUDO_HEADER, "both addresses").jumpIf("r0", "!=", 0, "offload-failed");
  if (f.version === 4) {
    storeToPorts4(p, f);
  } else {
    p.mov("r1", "r6")
      .mov("r2", ETHERNET_SIZE + f.ttlAt)
      .stackPointer("r3", ip + f.ttlAt)
      .mov("r4", f.ipSize - f.ttlAt)
      .mov("r5", RECOMPUTE_CSUM);
    p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed");
  }
  p.load("u32", "r3", "r10", flowPorts).load("u32", "r4", "r10", l4);
  p.replaceSum(4, "both ports").jumpIf("r0", "!=", 0, "offload-failed");
  if (f.version === 6) {
    p.mov("r1", "r6").mov("r2", "r7").stackPointer("r3", l4).mov("r4", PORTS_SIZE).mov("r5", 0);
    p.call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, "offload-failed");
  }
  p.jump("offload");
}
