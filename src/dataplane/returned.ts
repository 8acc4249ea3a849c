/**
 * Frames of ours that the uplink's program has given back, since the host has no way for them: they do not fit into it, or its routes refuse
 * (`steer/emit-program.ts`). They are translated by now. What may be fragmented is sent again in fragments (RFC 791 §3.2). About the rest its
 * sender is told, as by any router (RFC 1812 §5.2.7.1, RFC 1191), in his own terms: the translation is undone before the packet is quoted.
 *
 * A frame is known by its EtherType: what comes from elsewhere is IPv4 or IPv6, whoever has sent it. `takeBack` gives it its own again, so that
 * `parse` looks at it as at any other; then comes `returned`.
 */
import { type Batch, FRAGMENTS, NO_FLOW, ROUTE, UNDECIDED } from "../mem/batch.js";
import { EGRESS_PORT } from "../table/conntrack.js";
import { isIpv6 } from "../wire/address-word.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { ASK_FLAGS_AT, ASK_INGRESS_AT, FLAG_CLIENT, FLAG_OFFLOAD, RETURNED_TOO_LONG, RETURNED_UNREACHABLE } from "../wire/flow-entry.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { answer } from "./icmp-answer.js";
import { restoreInner } from "./icmp-error.js";
import { UPLINK_SOURCE_HI, uplinkSourceLo } from "./l2-out.js";
import type { State } from "./state.js";
import { translate } from "./translate.js";

/** Of an IPv6 header, than one of IPv4. */
const LONGER = ipv6.HEADER_SIZE - ipv4.MIN_HEADER_SIZE;
/** What every link must take whole (RFC 791 §3.2). */
const LEAST_MTU = 68;

export function takeBack(b: Batch, state: State): void {
  const { halves, words } = b.memory;
  for (let i = 0; i < b.count; i++) {
    b.returned[i] = 0;
    const frame = b.at[i]! + VNET;
    if (b.egress[i] !== UNDECIDED || b.ingress[i] !== state.ports.uplink || b.len[i]! < eth.HEADER_SIZE) continue;
    if (eth.type(halves, frame) !== eth.TYPE_RETURNED) continue;
    b.returned[i] = words[(frame + ASK_INGRESS_AT) >> 2]!;
    words[(frame + ASK_INGRESS_AT) >> 2] = 0;
    eth.setType(halves, frame, eth.TYPE_IPV4);
  }
}

export function returned(b: Batch, state: State): void {
  for (let i = 0; i < b.count; i++) {
    if (b.returned[i] === 0 || b.egress[i] !== ROUTE) continue;
    const code = (b.returned[i]! >>> 8) & 0xff;
    const mtu = b.returned[i]! >>> 16;
    b.flow[i] = NO_FLOW;
    if (code === RETURNED_TOO_LONG && mtu >= LEAST_MTU && ipv4.mayFragment(b.memory.halves, b.at[i]! + VNET + eth.HEADER_SIZE)) {
      sendAgain(b, i, state, mtu);
      continue;
    }
    const reason =
      code === RETURNED_TOO_LONG ? drop.DROP_TOO_LONG : code === RETURNED_UNREACHABLE ? drop.DROP_UNREACHABLE : drop.DROP_PROHIBITED;
    if (!tell(b, i, state, reason, mtu)) b.drop(i, reason);
  }
}

/** In fragments. Those of an endpoint's packet go its way still; the rest of the Ethernet header has been read. */
function sendAgain(b: Batch, i: number, state: State, mtu: number): void {
  const { bytes, halves } = b.memory;
  const { macHi, macLo, uplink } = state.ports;
  const frame = b.at[i]! + VNET;
  if ((bytes[frame + ASK_FLAGS_AT]! & (FLAG_CLIENT | FLAG_OFFLOAD)) !== 0)
    eth.setAddresses(halves, frame, macHi[uplink]!, macLo[uplink]!, UPLINK_SOURCE_HI, uplinkSourceLo(true));
  b.egress[i] = FRAGMENTS;
  b.mark[i] = mtu;
}

/** Answers the sender of the packet that became frame `i`; false where there is none to be told. */
function tell(b: Batch, i: number, state: State, reason: number, mtu: number): boolean {
  const { bytes, words } = b.memory;
  const { conntrack } = state;
  const ip = b.at[i]! + VNET + eth.HEADER_SIZE;
  const proto = b.proto[i]!;
  if (proto === 0 || (proto === ipv4.PROTO_ICMP && !icmp.isQuery(bytes, b.l4[i]!)) || !state.mayCountAnswered()) return false;
  // As in `icmp-error`: what we sent, turned round, is a tuple of the flow, of the direction in which the answer goes.
  const ref = conntrack.lookup(ipv4.dst(words, ip), ipv4.src(words, ip), swapPorts(b.ports[i]!), proto);
  if (ref === -1) return false;
  const longer = isIpv6(conntrack.newDst(ref >> 1, ref & 1)) ? LONGER : 0; // its sender has IPv6, in which the packet was as much longer
  if (longer === 0) restoreInner(b, ip, b.l4[i]!, ipv4.totalLength(bytes, ip) - (b.l4[i]! - ip), proto, conntrack, ref >> 1, ref & 1);
  else if (!restoreIpv6(b, i, state, ref, proto)) return false;
  b.ingress[i] = conntrack.egress(ref >> 1, ref & 1) & EGRESS_PORT;
  const code =
    reason === drop.DROP_TOO_LONG ? icmp.FRAGMENTATION_NEEDED : reason === drop.DROP_UNREACHABLE ? icmp.HOST_UNREACHABLE : icmp.PROHIBITED;
  const nextHopMtu = reason === drop.DROP_TOO_LONG ? mtu + longer : 0;
  if (answer(b, i, state, icmp.UNREACHABLE, code, nextHopMtu)) return state.countAnswered(state.ports.uplink, reason);
  b.ingress[i] = state.ports.uplink; // where the drop counts
  return false;
}

/** Makes of frame `i` the IPv6 packet that it was, of the flow of `ref` (RFC 7915 undone); false, and nothing is changed, where it cannot be. */
function restoreIpv6(b: Batch, i: number, state: State, ref: number, proto: number): boolean {
  const { halves, words } = b.memory;
  const { conntrack } = state;
  const id = ref >> 1;
  const dir = ref & 1;
  const src = conntrack.newDst(id, dir);
  const dst = conntrack.newSrc(id, dir);
  if ((proto !== ipv4.PROTO_TCP && proto !== ipv4.PROTO_UDP) || translate(b, i, state, src, dst) !== drop.DROP_NONE) return false;
  const off = b.l4[i]!;
  b.src[i] = src;
  b.dst[i] = dst;
  l4.setPorts(words, off, swapPorts(conntrack.newPorts(id, dir)));
  if (proto === ipv4.PROTO_UDP) l4.updateUdpChecksum(halves, off, false, conntrack.addressDelta(id, dir), conntrack.allDelta(id, dir));
  else l4.updateTcpChecksum(halves, off, false, conntrack.addressDelta(id, dir), conntrack.allDelta(id, dir));
  return true;
}
