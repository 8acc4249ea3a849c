/**
 * As `icmp-error.ts`, of IPv6 (RFC 4443 §2.4; RFC 6146 §3.5.3 says the same of NAT64): translates ICMPv6 errors about translated flows, outer addresses and
 * the packet quoted inside. The checksum covers both, and is corrected by the difference.
 */
import { type Batch, HEAD_ROOM } from "../mem/batch.js";
import { EGRESS_KEEP_TTL, EGRESS_PORT } from "../table/conntrack.js";
import { isIpv6, NO_ADDRESS } from "../wire/address-word.js";
import { combine, negate, sum } from "../wire/checksum.js";
import * as drop from "../wire/drop.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import { decrementTtl, ipAt, isIcmp, totalLength, ttl } from "./packet.js";
import type { State } from "./state.js";
import { translateError } from "./translate-error.js";

/** Bytes of the quoted packet behind its IP headers that are wanted: the ports, or an ICMP message's identifier. */
const NEEDED = 8;

/** Where the quoted packet is, and of what. One at a time. */
const quote = { l4: 0, present: 0, proto: 0 };

/** DROP_NONE when the error was translated, else the reason why not (and nothing was changed). */
export function translateError6(b: Batch, i: number, state: State): number {
  const { bytes, halves, words } = b.memory;
  const { addresses, conntrack } = state;
  const at = b.l4[i]!;
  if (!icmpv6.isError(bytes, at)) return drop.DROP_ICMP_TYPE;
  const len = totalLength(b, i) - (at - ipAt(b, i));
  if (b.len[i]! > HEAD_ROOM) return drop.DROP_OVERSIZE; // no error is longer than 1280 bytes (§2.4)
  const inner = at + icmpv6.HEADER_SIZE;
  const reason = readQuote(b, inner, len - icmpv6.HEADER_SIZE);
  if (reason !== drop.DROP_NONE) return reason;
  if (!icmpv6.checksumOk(bytes, halves, words, ipAt(b, i), at, len)) return drop.DROP_L4_HEADER;

  const { proto } = quote;
  const identifier = icmp.identifier(halves, quote.l4);
  const innerPorts = isIcmp(proto) ? identifier | (identifier << 16) : l4.ports(words, quote.l4);
  const src = addresses.find(words, (inner >> 2) + ipv6.DST_WORD);
  const dst = addresses.find(words, (inner >> 2) + ipv6.SRC_WORD);
  if (src === NO_ADDRESS || dst === NO_ADDRESS) return drop.DROP_NO_FLOW;
  const ref = conntrack.lookup(src, dst, swapPorts(innerPorts), proto);
  if (ref === -1) return drop.DROP_NO_FLOW;
  if (!conntrack.comesBy(ref, b.ingress[i]!)) return drop.DROP_WRONG_PORT;
  state.capturing?.about(i, ref);
  const egress = conntrack.egress(ref >> 1, ref & 1);
  if ((egress & EGRESS_KEEP_TTL) === 0) {
    if (ttl(b, i) <= 1) return drop.DROP_TTL_EXCEEDED;
    decrementTtl(b, i);
  }
  if (!isIpv6(conntrack.newDst(ref >> 1, ref & 1))) {
    const untold = translateError(b, i, state, ref, inner, quote.l4, quote.present);
    if (untold !== drop.DROP_NONE) return untold;
  } else translate(b, i, state, ref, inner);
  b.egress[i] = egress & EGRESS_PORT;
  b.mark[i] = 0;
  b.routed[i] = 1;
  return drop.DROP_NONE;
}

/** Reads the quoted packet, of which `len` bytes are there, into `quote`. */
function readQuote(b: Batch, inner: number, len: number): number {
  const { bytes, halves } = b.memory;
  if (len < ipv6.HEADER_SIZE + NEEDED) return drop.DROP_TRUNCATED;
  if (bytes[inner]! >> 4 !== 6) return drop.DROP_IP_HEADER;
  const chain = ipv6.layer4(bytes, halves, inner, len);
  if (chain < 0) return chain === ipv6.LATER_FRAGMENT ? drop.DROP_IP_FRAGMENT : drop.DROP_IPV6_CHAIN;
  quote.l4 = inner + ipv6.layer4Offset(chain);
  quote.present = inner + len - quote.l4;
  quote.proto = ipv6.layer4Proto(chain);
  if (quote.present < NEEDED) return drop.DROP_TRUNCATED;
  const about = quote.proto;
  if (about === icmpv6.PROTO_ICMPV6) return icmpv6.isQuery(bytes, quote.l4) ? drop.DROP_NONE : drop.DROP_ICMP_TYPE; // no error about an error
  const isKnown = about === ipv4.PROTO_TCP || about === ipv4.PROTO_UDP || about === ipv4.PROTO_SCTP;
  return isKnown ? drop.DROP_NONE : drop.DROP_PROTOCOL;
}

/** Gives the error about the flow of `ref` its addresses, and the quoted packet those that its sender put on it. */
function translate(b: Batch, i: number, state: State, ref: number, inner: number): void {
  const { addresses, conntrack } = state;
  const { halves, words } = b.memory;
  const bytes = b.memory.bytes;
  const ip = ipAt(b, i);
  const at = b.l4[i]!;
  const id = ref >> 1;
  const dir = ref & 1;
  const changed = Math.min(quote.present, l4.TCP_MIN_HEADER_SIZE) & ~1; // behind its IP headers
  const end = quote.l4 + changed - inner;
  const before = sum(halves, bytes, inner, end);
  restoreQuoted6(b, state, ref, inner, quote.l4, quote.present, quote.proto);
  // The outer source becomes the flow's where the flow's is translated (as `icmp-error.ts` says why).
  const src = b.src[i]!;
  const newSrc = conntrack.newSrc(id, dir) === conntrack.tuple(id, dir, 0) ? src : conntrack.newSrc(id, dir);
  const newDst = conntrack.newDst(id, dir);
  const outer = combine(addresses.delta(src, newSrc), addresses.delta(b.dst[i]!, newDst));
  icmp.updateChecksum(halves, at, combine(combine(negate(before), sum(halves, bytes, inner, end)), outer));
  addresses.copy(newSrc, words, (ip >> 2) + ipv6.SRC_WORD);
  addresses.copy(newDst, words, (ip >> 2) + ipv6.DST_WORD);
}

/**
 * Gives the packet at `inner`, which is of the flow of `ref`, the addresses and ports that its sender put on it; its layer 4 is at `quoted`, of which
 * `present` bytes are there. SCTP's checksum stays: it depends on what is not quoted.
 */
export function restoreQuoted6(b: Batch, state: State, ref: number, inner: number, quoted: number, present: number, proto: number): void {
  const { halves, words } = b.memory;
  const { addresses, conntrack } = state;
  const id = ref >> 1;
  const dir = ref & 1;
  const addressDelta = conntrack.addressDelta(id, dir);
  const allDelta = conntrack.allDelta(id, dir);
  const ports = swapPorts(conntrack.newPorts(id, dir));
  addresses.copy(conntrack.newDst(id, dir), words, (inner >> 2) + ipv6.SRC_WORD);
  addresses.copy(conntrack.newSrc(id, dir), words, (inner >> 2) + ipv6.DST_WORD);
  if (isIcmp(proto)) {
    icmp.setIdentifier(halves, quoted, ports & 0xffff, allDelta);
    return;
  }
  l4.setPorts(words, quoted, ports);
  if (proto === ipv4.PROTO_UDP) l4.updateUdpChecksum(halves, quoted, false, addressDelta, allDelta);
  else if (proto === ipv4.PROTO_TCP && present >= l4.TCP_MIN_HEADER_SIZE)
    l4.updateTcpChecksum(halves, quoted, false, addressDelta, allDelta);
}
