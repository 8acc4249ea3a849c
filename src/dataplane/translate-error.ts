/**
 * Turns an ICMP error about a flow whose ends are of different families into the other family's, with the packet quoted inside (RFC 7915 §4.2, §4.3,
 * §5.2, §5.3). As in `translate.ts` what is behind the IP headers stays in place: here behind those of the quoted packet. Before it two IP headers and an ICMP
 * header are written anew.
 *
 * The error comes from the address that the flow has there: a router of one family has none of the other (RFC 6791 would give it one of a pool).
 */
import { type Batch, KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import { DROP_NONE, DROP_UNTRANSLATABLE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { ipAt } from "./packet.js";
import type { State } from "./state.js";
import { moveTo } from "./translate.js";

/** What of the quoted packet behind its IP header an error has room for (RFC 4443 §2.4, RFC 1812 §4.3.2.3). */
const MAX_QUOTE6 = ipv6.MIN_MTU - 2 * ipv6.HEADER_SIZE - icmpv6.HEADER_SIZE,
  MAX_QUOTE4 = 576 - 2 * ipv4.MIN_HEADER_SIZE - icmp.HEADER_SIZE;
const LONGER = ipv6.HEADER_SIZE - ipv4.MIN_HEADER_SIZE;

/**
 * Translates the error of frame `i` about the flow of `ref`, which is of the other family in the direction that it goes. The quoted packet's IP header is at
 * `inner`, its layer 4 at `quoted`, of which `present` bytes are there. DROP_NONE, or why not; then nothing is changed.
 */
export function translateError(b: Batch, i: number, state: State, ref: number, inner: number, quoted: number, present: number): number {
  return b.kind[i] === KIND_IPV6
    ? errorToIpv4(b, i, state, ref, inner, quoted, present)
    : errorToIpv6(b, i, state, ref, inner, quoted, present);
}

function errorToIpv6(b: Batch, i: number, state: State, ref: number, inner: number, quoted: number, present: number): number {
  const { bytes, halves, words } = b.memory;
  const { addresses, conntrack } = state;
  const at = b.l4[i]!;
  const said = icmpv6.ofIcmp(bytes[at]!, bytes[at + 1]!);
  const rest = said === icmpv6.NONE ? -1 : restOf6(bytes, halves, at, said, ipv4.totalLength(bytes, inner));
  if (rest === -1) return DROP_UNTRANSLATABLE;
  const id = ref >> 1;
  const dir = ref & 1;
  const proto = ipv4.protocol(bytes, inner);
  const innerPayload = ipv4.totalLength(bytes, inner) - (quoted - inner);
  const innerHops = ipv4.ttl(bytes, inner);
  const innerClass = ipv4.tos(bytes, inner);
  const hops = ipv4.ttl(bytes, ipAt(b, i));
  const quote = Math.min(present, MAX_QUOTE6);
  const newInner = quoted - ipv6.HEADER_SIZE;
  const message = newInner - icmpv6.HEADER_SIZE;
  const ip = message - ipv6.HEADER_SIZE;
  moveTo(b, i, ip, message);
  ipv6.emit(bytes, halves, words, newInner, innerPayload, proto, innerHops);
  ipv6.setTrafficClass(bytes, newInner, innerClass);
  addresses.copy(conntrack.newDst(id, dir), words, (newInner >> 2) + ipv6.SRC_WORD);
  addresses.copy(conntrack.newSrc(id, dir), words, (newInner >> 2) + ipv6.DST_WORD);
  restorePorts(b, state, ref, quoted, present, proto);
  const size = icmpv6.HEADER_SIZE + ipv6.HEADER_SIZE + quote;
  ipv6.emit(bytes, halves, words, ip, size, icmpv6.PROTO_ICMPV6, hops);
  addresses.copy(conntrack.newSrc(id, dir), words, (ip >> 2) + ipv6.SRC_WORD);
  addresses.copy(conntrack.newDst(id, dir), words, (ip >> 2) + ipv6.DST_WORD);
  icmpv6.emitError(bytes, halves, message, said >> 8, said & 0xff, rest);
  icmpv6.fillChecksum(bytes, halves, words, ip, message, size);
  finish(b, i, KIND_IPV6, eth.TYPE_IPV6, message, ipv6.HEADER_SIZE + size);
  return DROP_NONE;
}

function errorToIpv4(b: Batch, i: number, state: State, ref: number, inner: number, quoted: number, present: number): number {
  const { bytes, halves, words } = b.memory;
  const { conntrack } = state;
  const at = b.l4[i]!;
  const said = icmpv6.toIcmp(bytes[at]!, bytes[at + 1]!);
  const longer = quoted - inner - ipv4.MIN_HEADER_SIZE; // a fragment header too, where we have put one
  const rest = said === icmpv6.NONE ? -1 : restOf4(halves, at, said, longer);
  if (rest === -1) return DROP_UNTRANSLATABLE;
  const id = ref >> 1;
  const dir = ref & 1;
  const proto = conntrack.protocol(id);
  const innerTotal = ipv6.payloadLength(halves, inner) + inner + ipv6.HEADER_SIZE - quoted + ipv4.MIN_HEADER_SIZE;
  const innerHops = ipv6.hopLimit(bytes, inner);
  const innerClass = ipv6.trafficClass(bytes, inner);
  const hops = ipv6.hopLimit(bytes, ipAt(b, i));
  const quote = Math.min(present, MAX_QUOTE4);
  const newInner = quoted - ipv4.MIN_HEADER_SIZE;
  const message = newInner - icmp.HEADER_SIZE;
  const ip = message - ipv4.MIN_HEADER_SIZE;
  moveTo(b, i, ip, message);
  const innerSrc = conntrack.newDst(id, dir);
  const innerDst = conntrack.newSrc(id, dir);
  const place = innerTotal > ipv6.MIN_MTU - LONGER ? ipv4.DONT_FRAGMENT : 0; // as `translate.ts` had it sent
  ipv4.emitFragment(words, newInner, innerTotal, innerClass, 0, place, innerHops, proto, innerSrc, innerDst);
  restorePorts(b, state, ref, quoted, present, proto);
  const size = icmp.HEADER_SIZE + ipv4.MIN_HEADER_SIZE + quote;
  ipv4.emit(bytes, halves, words, ip, ipv4.MIN_HEADER_SIZE + size, hops, ipv4.PROTO_ICMP, innerDst, innerSrc);
  icmp.emitError(bytes, halves, message, size, said >> 8, said & 0xff, rest);
  finish(b, i, KIND_IPV4, eth.TYPE_IPV4, message, ipv4.MIN_HEADER_SIZE + size);
  return DROP_NONE;
}

/** Gives the quoted header of layer 4, which is of the flow of `ref`, the ports that its sender put on it. */
function restorePorts(b: Batch, { conntrack }: State, ref: number, quoted: number, present: number, proto: number): void {
  const { halves, words } = b.memory;
  const id = ref >> 1;
  const dir = ref & 1;
  const addresses = conntrack.addressDelta(id, dir);
  const all = conntrack.allDelta(id, dir);
  l4.setPorts(words, quoted, swapPorts(conntrack.newPorts(id, dir)));
  if (proto === ipv4.PROTO_UDP) l4.updateUdpChecksum(halves, quoted, false, addresses, all);
  else if (proto === ipv4.PROTO_TCP && present >= l4.TCP_MIN_HEADER_SIZE) l4.updateTcpChecksum(halves, quoted, false, addresses, all);
}

function finish(b: Batch, i: number, kind: number, type: number, message: number, size: number): void {
  const { halves } = b.memory;
  const at = b.at[i]!;
  vnet.emit(halves, at);
  eth.setType(halves, at + vnet.HEADER_SIZE, type);
  b.kind[i] = kind;
  b.l4[i] = message;
  b.len[i] = eth.HEADER_SIZE + size;
}

/** The 32 bits of the ICMPv6 error `said` (type << 8 | code) that the ICMP error at `at` becomes; -1: there is no such. `total`: length of the quoted packet. */
function restOf6(bytes: Uint8Array, halves: Uint16Array, at: number, said: number, total: number): number {
  const kind = said >> 8;
  if (kind === icmpv6.PACKET_TOO_BIG) {
    const mtu = icmp.mtu(halves, at);
    return Math.max((mtu === 0 ? icmp.plateauBelow(total) : mtu) + LONGER, ipv6.MIN_MTU);
  }
  if (kind !== icmpv6.PARAMETER_PROBLEM) return 0;
  if ((said & 0xff) === 1) return ipv6.NEXT_HEADER_AT; // "protocol unreachable"
  return POINTER6.get(bytes[at + icmp.POINTER_AT]!) ?? -1;
}

/**
 * The lower 16 bits of the second word of the ICMP error `said`, or its pointer in the upper byte of the upper half. `longer`: bytes that the quoted
 * packet's headers have more than those that it was sent with.
 */
function restOf4(halves: Uint16Array, at: number, said: number, longer: number): number {
  const kind = said >> 8;
  const rest = icmpv6.rest(halves, at);
  if (kind === icmp.UNREACHABLE && (said & 0xff) === icmp.FRAGMENTATION_NEEDED) {
    // No IPv6 path takes less: who gets such an error of IPv6 discards it (RFC 8201 §4), and one of IPv4 would begin to fragment.
    return rest >>> 0 < ipv6.MIN_MTU ? -1 : Math.min(rest >>> 0, 0xffff) - longer;
  }
  if (kind !== icmp.PARAMETER_PROBLEM) return 0;
  const pointer = rest >= 24 && rest < 40 ? 16 : rest >= 8 && rest < 24 ? 12 : (POINTER4.get(rest) ?? -1);
  return pointer === -1 ? -1 : pointer << 24;
}

/** Which field of the other header a pointer means (RFC 7915, figures 3 and 6). */
const POINTER6: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [1, 1],
  [2, 4],
  [3, 4],
  [8, 7],
  [9, 6],
  [12, 8],
  [16, 24],
]);
const POINTER4: ReadonlyMap<number, number> = new Map([
  [0, 0],
  [1, 1],
  [4, 2],
  [5, 2],
  [6, 9],
  [7, 8],
]);
