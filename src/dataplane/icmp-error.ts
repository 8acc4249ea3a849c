/**
 * Translates ICMP errors about translated flows (RFC 5508 §4, RFC 5382 REQ-9): outer addresses, and the datagram quoted inside.
 *
 * The quoted datagram is one that we sent, so its tuple turned round is a tuple of the flow, of the direction in which the error
 * travels. Outer: its destination becomes the flow's. So does its source where the flow's is translated, if it is the flow's end or a router
 * before it: nothing of the inside is to be seen outside (REQ-5c). A router on the other side keeps its own. Inner: the translation of that direction undone. An error neither opens, refreshes nor ends a flow (REQ-6, REQ-10).
 * The transport checksum inside is corrected where it is present but never checked (REQ-3); but for SCTP's, which depends on what is not quoted.
 */
import { type Batch, HEAD_ROOM, KIND_IPV6, ROUTE } from "../mem/batch.js";
import { type Conntrack, EGRESS_KEEP_TTL, EGRESS_PORT } from "../table/conntrack.js";
import { isIpv6 } from "../wire/address-word.js";
import { combine, delta, negate, sum } from "../wire/checksum.js";
import * as drop from "../wire/drop.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { refuse } from "./flow-lookup.js";
import { translateError6 } from "./icmpv6-error.js";
import { bridgeError } from "./lan-forward.js";
import { isIcmp, isQuery } from "./packet.js";
import type { State } from "./state.js";
import { translateError } from "./translate-error.js";

export function icmpError(b: Batch, state: State): void {
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== ROUTE || !isIcmp(b.proto[i]!) || isQuery(b, i)) continue;
    const reason = translate(b, i, state);
    if (reason === drop.DROP_NONE) continue;
    // No flow's: then it is about a packet that was bridged to an endpoint on a LAN; or it is for the host itself, if it came from an endpoint and is addressed to the host.
    if (reason === drop.DROP_WRONG_PORT || reason === drop.DROP_UNTRANSLATABLE) b.drop(i, reason);
    else if (state.isOnLan(b.ingress[i]!)) bridgeError(b, i, state);
    else refuse(b, i, state, reason);
  }
}

/** DROP_NONE when the error was translated, else the reason why not (and nothing was changed). */
function translate(b: Batch, i: number, state: State): number {
  if (b.kind[i] === KIND_IPV6) return translateError6(b, i, state);
  const { bytes, halves, words } = b.memory;
  const { conntrack } = state;
  const ip = b.at[i]! + VNET + ETHERNET;
  const at = b.l4[i]!;
  if (b.proto[i] !== ipv4.PROTO_ICMP || !icmp.isError(bytes, at)) return drop.DROP_ICMP_TYPE;
  const len = ipv4.totalLength(bytes, ip) - (at - ip);
  const inner = at + icmp.HEADER_SIZE;
  if (len < icmp.HEADER_SIZE + ipv4.MIN_HEADER_SIZE + 8) return drop.DROP_TRUNCATED;
  const innerSize = ipv4.headerSize(bytes, inner);
  if (bytes[inner]! >> 4 !== 4 || innerSize < ipv4.MIN_HEADER_SIZE) return drop.DROP_IP_HEADER;
  const innerL4 = inner + innerSize;
  const present = len - icmp.HEADER_SIZE - innerSize; // bytes of the quoted datagram behind its IP header
  if (present < 8) return drop.DROP_TRUNCATED;
  if (ipv4.isLaterFragment(halves, inner)) return drop.DROP_IP_FRAGMENT;
  if (b.len[i]! <= HEAD_ROOM && !icmp.checksumOk(bytes, halves, at, len)) return drop.DROP_L4_HEADER;

  const proto = ipv4.protocol(bytes, inner);
  let ports: number;
  if (proto === ipv4.PROTO_ICMP) {
    if (!icmp.isQuery(bytes, innerL4)) return drop.DROP_ICMP_TYPE; // no error about an error (RFC 1122 §3.2.2)
    const id = icmp.identifier(halves, innerL4);
    ports = id | (id << 16);
  } else {
    ports = l4.ports(words, innerL4);
  }
  if (isIpv6(ipv4.dst(words, inner)) || isIpv6(ipv4.src(words, inner))) return drop.DROP_NO_FLOW; // of class E
  const ref = conntrack.lookup(ipv4.dst(words, inner), ipv4.src(words, inner), swapPorts(ports), proto);
  if (ref === -1) return drop.DROP_NO_FLOW;
  if (!conntrack.comesBy(ref, b.ingress[i]!)) return drop.DROP_WRONG_PORT;
  state.capturing?.about(i, ref);
  const id = ref >> 1;
  const dir = ref & 1;
  const egress = conntrack.egress(id, dir);
  if ((egress & EGRESS_KEEP_TTL) === 0) {
    if (ipv4.ttl(bytes, ip) <= 1) return drop.DROP_TTL_EXCEEDED;
    ipv4.decrementTtl(bytes, halves, ip);
  }

  if (isIpv6(conntrack.newDst(id, dir))) {
    const reason = translateError(b, i, state, ref, inner, innerL4, present);
    if (reason === drop.DROP_NONE) leave(b, i, egress);
    return reason;
  }
  const quoted = innerSize + (present < l4.TCP_MIN_HEADER_SIZE ? 8 : l4.TCP_MIN_HEADER_SIZE); // all that can change
  const before = sum(halves, bytes, inner, quoted);
  restoreInner(b, inner, innerL4, present, proto, conntrack, id, dir);
  icmp.updateChecksum(halves, at, combine(negate(before), sum(halves, bytes, inner, quoted)));

  const src = ipv4.src(words, ip);
  const newSrc = conntrack.newSrc(id, dir) === conntrack.tuple(id, dir, 0) ? src : conntrack.newSrc(id, dir);
  const newDst = conntrack.newDst(id, dir);
  ipv4.setAddresses(words, halves, ip, newSrc, newDst, combine(delta(src, newSrc), delta(ipv4.dst(words, ip), newDst)));
  leave(b, i, egress);
  return drop.DROP_NONE;
}

function leave(b: Batch, i: number, egress: number): void {
  b.egress[i] = egress & EGRESS_PORT;
  b.mark[i] = 0;
  b.routed[i] = 1;
}

/** Gives the quoted datagram the addresses and ports that its sender put on it. */
export function restoreInner(
  b: Batch,
  inner: number,
  innerL4: number,
  present: number,
  proto: number,
  conntrack: Conntrack,
  id: number,
  dir: number,
): void {
  const { halves, words } = b.memory;
  const ports = swapPorts(conntrack.newPorts(id, dir));
  const addresses = conntrack.addressDelta(id, dir);
  const all = conntrack.allDelta(id, dir);
  ipv4.setAddresses(words, halves, inner, conntrack.newDst(id, dir), conntrack.newSrc(id, dir), addresses);
  if (proto === ipv4.PROTO_ICMP) {
    icmp.setIdentifier(halves, innerL4, ports & 0xffff, all);
    return;
  }
  l4.setPorts(words, innerL4, ports);
  if (proto === ipv4.PROTO_UDP) l4.updateUdpChecksum(halves, innerL4, false, addresses, all);
  else if (proto === ipv4.PROTO_TCP && present >= l4.TCP_MIN_HEADER_SIZE) l4.updateTcpChecksum(halves, innerL4, false, addresses, all);
}
