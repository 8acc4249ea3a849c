/**
 * What carries TCP segments of an endpoint to the host itself, which talks with it by the endpoint's own address (host-carry.ts has the other direction).
 *
 * Such a segment is for the gateway's MAC, as are answers of flows that the engine has translated to an address of the host, and a pair of MACs cannot tell
 * them apart. The host can: what its own stack has sent by its device in the network is translated by nobody. So the program at that device's egress notes
 * the tuple of each such segment in `host_flows`, and `from_endpoint` hands to the host what answers one, as if it had come in by that device: the host's firewall
 * sees it as ever. Besides there must be the pair of MACs, by which the engine says that it has sent this endpoint's packets to the host, and takes it back.
 *
 * - What opens a connection, or resets it, goes to the engine; FIN does not, so it is not later than the data before it. A segment with SYN from the endpoint removes the tuple: so the answer to a connection that the
 *   engine has translated to the same ports never meets what was noted of an earlier one.
 * - What was noted holds for HOST_FLOW_SEC from the host's last segment on.
 * - Of datagrams no one tells which answer is the first one. They are the engine's.
 *
 * Maps, one a family: host_flows: key of `flows` of a segment as the host sent it. Value: u32 monotonic second of the last one, u32 interface index of the host's device.
 */
import { TCP_FIN, TCP_RST, TCP_SYN } from "../wire/l4.js";
import { PAIR_TO_HOST, STATION_PAIR_HOW_AT, STATION_PAIR_TO_AT } from "../wire/station-pair.js";
import { unlessAimed } from "./checksum-place.js";
import { type Family, NEXT_HEADER, V4, V6 } from "./family.js";
import { MOVED_FROM_AT, MOVED_TO_AT } from "./moved.js";
import type { GuardLayout, PairProgram } from "./pair-program.js";
import {
  ETHERNET_SIZE,
  INDEX,
  IP_PROTOCOL,
  KTIME_GET_COARSE_NS,
  type MapFds,
  NANOSECONDS,
  PLAIN_FIRST_BYTE,
  REDIRECT,
  REDIRECT_INGRESS,
  SKB_IFINDEX,
  SKB_INGRESS_IFINDEX,
  TCP,
  TCP_FLAGS,
} from "./program.js";

export interface HostFlowMapFds extends MapFds {
  hostFlows: number;
  hostFlows6: number;
}

export const HOST_FLOW_VALUE_SIZE = 8,
  HOST_FLOW_SEEN_AT = 0,
  HOST_FLOW_DEVICE_AT = 4,
  HOST_FLOW_SEC = 10;

/** As a little-endian load of the EtherType's two bytes sees it. */
const IPV6 = 0xdd86;

/** Stack of the program at egress, beside what pair-program.ts has there: a TCP header's first bytes, a key, a value. */
const TCP_START = -136,
  TCP_START_SIZE = TCP_FLAGS + 1,
  KEY = -176,
  VALUE = -184;
/** Stack of `from_endpoint`: the host's device, number of the host's port. */
const DEVICE = -468,
  HOST_PORT = -472;

function mapOf(f: Family): "hostFlows" | "hostFlows6" {
  return f.version === 4 ? "hostFlows" : "hostFlows6";
}

/**
 * Of a frame that `unlessPlain` let through, with its Ethernet header and its IP header on the stack: notes its tuple, if the host's own stack has made it and it is
 * a segment of an open connection. r0 to r5, r7 and r8 are lost. Defines `noted`.
 */
export function noteHostFlow(p: PairProgram<HostFlowMapFds>, frame: number, ip: number): void {
  p.load("u32", "r0", "r6", SKB_INGRESS_IFINDEX).jumpIf("r0", "!=", 0, "noted");
  p.load("u16", "r0", "r10", frame + 12).jumpIf("r0", "==", IPV6, "note IPv6");
  noteFamily(p, V4, ip);
  p.jump("noted").label("note IPv6");
  noteFamily(p, V6, ip);
  p.label("noted");
}

function noteFamily(p: PairProgram<HostFlowMapFds>, f: Family, ip: number): void {
  const name = `noted before, IPv${f.version}`;
  const size = f.addressSize;
  p.load("u8", "r0", "r10", ip + (f.version === 4 ? IP_PROTOCOL : NEXT_HEADER)).jumpIf("r0", "!=", TCP, "noted");
  p.loadBytes(ETHERNET_SIZE + f.ipSize, TCP_START, TCP_START_SIZE, "noted");
  p.load("u8", "r0", "r10", TCP_START + TCP_FLAGS)
    .alu("and", "r0", TCP_FIN | TCP_SYN | TCP_RST)
    .jumpIf("r0", "!=", 0, "noted");
  for (let i = 0; i < 2 * size; i += 4) p.copy("u32", KEY + i, ip + f.ipSize - 2 * size + i);
  p.copy("u32", KEY + 2 * size, TCP_START).store("u32", "r10", KEY + 2 * size + 4, TCP);
  p.call(KTIME_GET_COARSE_NS).alu("div", "r0", NANOSECONDS).mov("r7", "r0");
  p.lookup(mapOf(f), KEY).jumpIf("r0", "!=", 0, name);
  p.store("u32", "r10", VALUE + HOST_FLOW_SEEN_AT, "r7").load("u32", "r1", "r6", SKB_IFINDEX);
  p.store("u32", "r10", VALUE + HOST_FLOW_DEVICE_AT, "r1")
    .update(mapOf(f), KEY, VALUE)
    .jump("noted");
  p.label(name).load("u32", "r1", "r0", HOST_FLOW_SEEN_AT).jumpIf("r1", "==", "r7", "noted");
  p.store("u32", "r0", HOST_FLOW_SEEN_AT, "r7");
  // The device may have been made again since (`control/network/bridge.ts`): what goes to one that is gone is lost.
  p.load("u32", "r1", "r6", SKB_IFINDEX).store("u32", "r0", HOST_FLOW_DEVICE_AT, "r1");
}

/**
 * With a segment whose tuple, turned round, is in `flow`, r7 = offset of layer 4, r8 = protocol, r9 = value of `guard`, the Ethernet header at `frame`, and the number of the
 * endpoint's port at `port`: ends with it handed to the host, or goes on at `next`; at `aimed` with one that is to be dropped.
 */
export function carryToHost(
  p: PairProgram<HostFlowMapFds>,
  f: Family,
  { frame, port, guard }: { frame: number; port: number; guard: GuardLayout },
  aimed: string,
  next: string,
): void {
  const { ip, flow, dst } = f.stack;
  const map = mapOf(f);
  p.jumpIf("r8", "!=", TCP, next);
  if (f.version === 4) p.load("u8", "r0", "r10", ip).jumpIf("r0", "!=", PLAIN_FIRST_BYTE, next).ifFirstFragment(f, next);
  else p.load("u8", "r0", "r10", ip + NEXT_HEADER).jumpIf("r0", "!=", TCP, next); // no extension headers
  p.mov("r2", "r7").alu("add", "r2", TCP_FLAGS).loadBytes("r2", INDEX, 1, next);
  p.load("u8", "r0", "r10", INDEX)
    .alu("and", "r0", TCP_SYN | TCP_RST)
    .jumpIf("r0", "==", 0, "to the host");
  p.alu("and", "r0", TCP_SYN).jumpIf("r0", "==", 0, next);
  p.delete(map, flow).jump(next);

  p.label("to the host").lookup(map, flow).jumpIf("r0", "==", 0, next);
  p.load("u32", "r1", "r0", HOST_FLOW_DEVICE_AT).store("u32", "r10", DEVICE, "r1");
  p.load("u32", "r1", "r0", HOST_FLOW_SEEN_AT).alu("add", "r1", HOST_FLOW_SEC).store("u32", "r10", HOST_PORT, "r1");
  p.call(KTIME_GET_COARSE_NS).alu("div", "r0", NANOSECONDS).load("u32", "r1", "r10", HOST_PORT).jumpIf("r0", ">", "r1", next);
  // The host may have lost the address since, and would forward.
  p.lookup(f.maps.locals, dst).jumpIf("r0", "==", 0, next);
  p.pair(frame, guard, next).load("u32", "r0", "r9", STATION_PAIR_HOW_AT).jumpIf("r0", "!=", PAIR_TO_HOST, next);
  unlessAimed(p, INDEX, aimed, next, { what: "a checksum for the host" });
  p.load("u16", "r0", "r9", STATION_PAIR_TO_AT).store("u32", "r10", HOST_PORT, "r0");
  p.countMoved(port, MOVED_FROM_AT, "counted for the endpoint").countMoved(HOST_PORT, MOVED_TO_AT, "counted for the host");
  p.load("u32", "r1", "r10", DEVICE).mov("r2", REDIRECT_INGRESS).call(REDIRECT).exit();
}
