/**
 * As `icmp-answer.ts`, about an IPv6 packet: turns it into an ICMPv6 error that quotes it (RFC 4443 §2.4). Never about an error, a later fragment, what
 * was for a group, or from one.
 */
import { type Batch, NO_FLOW } from "../mem/batch.js";
import { REMOTE } from "../table/ports.js";
import { isGroup, isUnspecified } from "../wire/address-word.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv6 from "../wire/ipv6.js";
import * as vnet from "../wire/vnet.js";
import { ipAt, isIcmp, totalLength } from "./packet.js";
import type { State } from "./state.js";

/** An error is at most as long as every link carries (§3.1). */
const MAX_QUOTE = ipv6.MIN_MTU - ipv6.HEADER_SIZE - icmpv6.HEADER_SIZE;
const HOP_LIMIT = 64;

/** Whether there may be an error about frame `i`. */
export function isAnswerable6(b: Batch, i: number): boolean {
  const src = b.src[i]!;
  if (b.proto[i] === 0 || isGroup(b.dst[i]!) || isGroup(src) || isUnspecified(src)) return false;
  return !isIcmp(b.proto[i]!) || icmpv6.isQuery(b.memory.bytes, b.l4[i]!);
}

/** Address that the error comes from; one that `isRefused` says: there is none. */
export function ownAddress6(b: Batch, i: number, state: State): number {
  const asked = b.dst[i]!;
  const port = b.ingress[i]!;
  const network = state.ports.network[port]!;
  if (state.ports.kind[port] === REMOTE) return state.networks.snat6[network]!; // as in icmp-answer.ts
  if (port !== state.ports.uplink) return state.networks.gateway6[network]!;
  return state.isLocal(asked) ? asked : state.ways.sourceTo(b.src[i]!, state.now);
}

/** Turns frame `i` into the error; `rest`: the 32 bits that depend on the type. Preconditions: the two above. */
export function answer6(b: Batch, i: number, state: State, own: number, type: number, code: number, rest: number): void {
  const { bytes, halves, words } = b.memory;
  const { addresses } = state;
  const ip = ipAt(b, i);
  const sender = b.src[i]!;
  const quote = Math.min(totalLength(b, i), MAX_QUOTE);
  const message = ip + ipv6.HEADER_SIZE;
  const size = icmpv6.HEADER_SIZE + quote;
  bytes.copyWithin(message + icmpv6.HEADER_SIZE, ip, ip + quote);
  ipv6.emit(bytes, halves, words, ip, size, icmpv6.PROTO_ICMPV6, HOP_LIMIT);
  addresses.copy(own, words, (ip >> 2) + ipv6.SRC_WORD);
  addresses.copy(sender, words, (ip >> 2) + ipv6.DST_WORD);
  icmpv6.emitError(bytes, halves, message, type, code, rest);
  icmpv6.fillChecksum(bytes, halves, words, ip, message, size);
  vnet.emit(halves, b.at[i]!);
  b.len[i] = ETHERNET + ipv6.HEADER_SIZE + size;
  b.flow[i] = NO_FLOW;
  b.egress[i] = b.ingress[i]!;
  b.mark[i] = 0;
  b.routed[i] = 1;
}
