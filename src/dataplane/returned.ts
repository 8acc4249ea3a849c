/**
 * Frames of ours that the uplink's program has given back, since the host has no way for them: they do not fit into it, or its routes refuse
 * (`steer/emit-program.ts`). They are translated by now. What may be fragmented is sent again in fragments (RFC 791 §3.2): of IPv6 what we stand for
 * the sender of (RFC 8200 §4.5, RFC 7915 §4.1). About the rest its sender is told, as by any router (RFC 1812 §5.2.7.1, RFC 1191, RFC 4443 §3), in
 * his own terms: the translation is undone before the packet is quoted, that to the other family too.
 *
 * A frame is known by its EtherType: what comes from elsewhere is IPv4 or IPv6, whoever has sent it. `takeBack` gives it its own again, so that
 * `parse` looks at it as at any other; then comes `returned`.
 */
import { type Batch, FRAGMENTS, KIND_IPV6, NO_FLOW, ROUTE, UNDECIDED } from "../mem/batch.js";
import { EGRESS_PORT } from "../table/conntrack.js";
import { isIpv6 } from "../wire/address-word.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import {
  ASK_FLAGS_AT,
  ASK_INGRESS_AT,
  FLAG_CLIENT,
  FLAG_MAY_FRAGMENT,
  FLAG_OFFLOAD,
  RETURNED_TOO_LONG,
  RETURNED_UNREACHABLE,
} from "../wire/flow-entry.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { answer } from "./icmp-answer.js";
import { restoreInner } from "./icmp-error.js";
import { restoreQuoted6 } from "./icmpv6-error.js";
import { UPLINK_SOURCE_HI, uplinkSourceLo } from "./l2-out.js";
import { ipAt, isIcmp, isQuery, totalLength } from "./packet.js";
import type { State } from "./state.js";
import { translate } from "./translate.js";

/** What every link must take whole (RFC 791 §3.2). */
const LEAST_MTU = 68;

export function takeBack(b: Batch, state: State): void {
  const { bytes, halves, words } = b.memory;
  for (let i = 0; i < b.count; i++) {
    b.returned[i] = 0;
    const frame = b.at[i]! + VNET;
    if (b.egress[i] !== UNDECIDED || b.ingress[i] !== state.ports.uplink || b.len[i]! <= eth.HEADER_SIZE) continue;
    if (eth.type(halves, frame) !== eth.TYPE_RETURNED) continue;
    b.returned[i] = words[(frame + ASK_INGRESS_AT) >> 2]!;
    words[(frame + ASK_INGRESS_AT) >> 2] = 0;
    eth.setType(halves, frame, bytes[frame + eth.HEADER_SIZE]! >> 4 === 6 ? eth.TYPE_IPV6 : eth.TYPE_IPV4);
  }
}

export function returned(b: Batch, state: State): void {
  for (let i = 0; i < b.count; i++) {
    if (b.returned[i] === 0 || b.egress[i] !== ROUTE) continue;
    const code = (b.returned[i]! >>> 8) & 0xff;
    const mtu = b.returned[i]! >>> 16;
    b.flow[i] = NO_FLOW;
    if (code === RETURNED_TOO_LONG && mayFragment(b, i, mtu)) {
      sendAgain(b, i, state, mtu);
      continue;
    }
    const reason =
      code === RETURNED_TOO_LONG ? drop.DROP_TOO_LONG : code === RETURNED_UNREACHABLE ? drop.DROP_UNREACHABLE : drop.DROP_PROHIBITED;
    if (!tell(b, i, state, reason, mtu)) b.drop(i, reason);
  }
}

function mayFragment(b: Batch, i: number, mtu: number): boolean {
  if (b.kind[i] !== KIND_IPV6) return mtu >= LEAST_MTU && ipv4.mayFragment(b.memory.halves, ipAt(b, i));
  return mtu >= ipv6.MIN_MTU && (b.memory.bytes[b.at[i]! + VNET + ASK_FLAGS_AT]! & FLAG_MAY_FRAGMENT) !== 0;
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
  const { conntrack } = state;
  const proto = b.proto[i]!;
  if (proto === 0 || (isIcmp(proto) && !isQuery(b, i)) || !state.mayCountAnswered()) return false;
  // As in `icmp-error`: what we sent, turned round, is a tuple of the flow, of the direction in which the answer goes.
  const ref = conntrack.lookup(b.dst[i]!, b.src[i]!, swapPorts(b.ports[i]!), proto);
  if (ref === -1) return false;
  const before = totalLength(b, i);
  if (!restore(b, i, state, ref)) return false;
  const nextHopMtu = reason === drop.DROP_TOO_LONG ? mtu + totalLength(b, i) - before : 0; // what of another family was as much longer or shorter
  b.ingress[i] = conntrack.egress(ref >> 1, ref & 1) & EGRESS_PORT;
  const code =
    reason === drop.DROP_TOO_LONG ? icmp.FRAGMENTATION_NEEDED : reason === drop.DROP_UNREACHABLE ? icmp.HOST_UNREACHABLE : icmp.PROHIBITED;
  if (answer(b, i, state, icmp.UNREACHABLE, code, nextHopMtu)) return state.countAnswered(state.ports.uplink, reason, i);
  b.ingress[i] = state.ports.uplink; // where the drop counts
  return false;
}

/** Makes of frame `i` the packet that it was, of the flow of `ref`; false, and nothing is changed, where it cannot be. */
function restore(b: Batch, i: number, state: State, ref: number): boolean {
  const { conntrack } = state;
  const id = ref >> 1;
  const dir = ref & 1;
  const src = conntrack.newDst(id, dir);
  const dst = conntrack.newSrc(id, dir);
  const ip = ipAt(b, i);
  const proto = b.proto[i]!;
  if (isIpv6(src) !== (b.kind[i] === KIND_IPV6)) {
    if (!restoreOther(b, i, state, ref, src, dst)) return false;
  } else if (b.kind[i] === KIND_IPV6) restoreQuoted6(b, state, ref, ip, b.l4[i]!, totalLength(b, i) - (b.l4[i]! - ip), proto);
  else restoreInner(b, ip, b.l4[i]!, totalLength(b, i) - (b.l4[i]! - ip), proto, conntrack, id, dir);
  b.src[i] = src;
  b.dst[i] = dst;
  return true;
}

/** The same where it was of the other family (RFC 7915 undone). */
function restoreOther(b: Batch, i: number, state: State, ref: number, src: number, dst: number): boolean {
  const { halves, words } = b.memory;
  const { conntrack } = state;
  const id = ref >> 1;
  const dir = ref & 1;
  const proto = b.proto[i]!;
  if (isIcmp(proto) || translate(b, i, state, src, dst) !== drop.DROP_NONE) return false;
  const off = b.l4[i]!;
  l4.setPorts(words, off, swapPorts(conntrack.newPorts(id, dir)));
  if (proto === ipv4.PROTO_UDP) l4.updateUdpChecksum(halves, off, false, conntrack.addressDelta(id, dir), conntrack.allDelta(id, dir));
  else if (proto === ipv4.PROTO_TCP) l4.updateTcpChecksum(halves, off, false, conntrack.addressDelta(id, dir), conntrack.allDelta(id, dir));
  return true;
}
