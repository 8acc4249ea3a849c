/**
 * Answers a packet with an ICMP error about itself (RFC 1812 §4.3.2), back to where it came from, quoting it as its sender knows it. Never
 * about an error, a later fragment, or what was for a group (§4.3.2.7), and no more than so many a second (§4.3.2.8).
 */
import { type Batch, KIND_IPV6, NO_FLOW } from "../mem/batch.js";
import { REMOTE } from "../table/ports.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import { isRefused } from "../wire/route-answer.js";
import * as vnet from "../wire/vnet.js";
import { answer6, isAnswerable6, ownAddress6 } from "./icmpv6-answer.js";
import { ICMP_PER_SEC, ICMP_PER_SEC_IN_ALL, type State } from "./state.js";

/** An error quotes as much as fits into 576 bytes (RFC 1812 §4.3.2.3). */
const MAX_QUOTE = 576 - ipv4.MIN_HEADER_SIZE - icmp.HEADER_SIZE;
const ERROR_TTL = 64;

/**
 * Turns frame `i`, which `parse` has seen, into the error; false, and nothing is changed, where there is to be none. Type and code are ICMP's; of an
 * IPv6 packet it becomes what says the same (RFC 7915 §4.2). `mtu`: of "fragmentation needed".
 */
export function answer(b: Batch, i: number, state: State, type: number, code: number, mtu = 0): boolean {
  if (b.kind[i] === KIND_IPV6) return answerIpv6(b, i, state, type, code, mtu);
  const { bytes, halves, words } = b.memory;
  const at = b.at[i]!;
  const frame = at + vnet.HEADER_SIZE;
  const ip = frame + eth.HEADER_SIZE;
  const sender = ipv4.src(words, ip);
  const asked = ipv4.dst(words, ip);
  if (!mayAnswer(state, b.ingress[i]!) || b.proto[i] === 0 || (asked & 0xff) >= 224) return false;
  if (b.proto[i] === ipv4.PROTO_ICMP && !icmp.isQuery(bytes, b.l4[i]!)) return false;
  const onBridge = b.ingress[i] !== state.ports.uplink;
  const own = onBridge ? ownAddress(b, i, state) : state.isLocal(asked) ? asked : state.ways.sourceTo(sender, state.now);
  if (isRefused(own)) return false;
  state.icmpErrors++;
  state.icmpErrorsTo[b.ingress[i]!]!++;
  const total = ipv4.totalLength(bytes, ip);
  const quote = Math.min(total, MAX_QUOTE);
  const message = ip + ipv4.MIN_HEADER_SIZE;
  bytes.copyWithin(message + icmp.HEADER_SIZE, ip, ip + quote);
  ipv4.emit(bytes, halves, words, ip, ipv4.MIN_HEADER_SIZE + icmp.HEADER_SIZE + quote, ERROR_TTL, ipv4.PROTO_ICMP, own, sender);
  icmp.emitError(bytes, halves, message, icmp.HEADER_SIZE + quote, type, code, mtu);
  vnet.emit(halves, at);
  b.len[i] = eth.HEADER_SIZE + ipv4.MIN_HEADER_SIZE + icmp.HEADER_SIZE + quote;
  b.flow[i] = NO_FLOW;
  b.egress[i] = b.ingress[i]!;
  b.mark[i] = 0;
  b.routed[i] = 1;
  return true;
}

/** Of this node, for who sent frame `i` by a bridge port: another node's endpoint knows none but the one that it sent to. */
function ownAddress(b: Batch, i: number, { networks, ports }: State): number {
  const port = b.ingress[i]!;
  return ports.kind[port] === REMOTE ? networks.snat[ports.network[port]!]! : networks.gateway[ports.network[port]!]!;
}

function answerIpv6(b: Batch, i: number, state: State, type: number, code: number, mtu: number): boolean {
  const said = icmpv6.ofIcmp(type, code);
  if (said === icmpv6.NONE || !mayAnswer(state, b.ingress[i]!) || !isAnswerable6(b, i)) return false;
  const own = ownAddress6(b, i, state);
  if (isRefused(own)) return false;
  state.icmpErrors++;
  state.icmpErrorsTo[b.ingress[i]!]!++;
  const rest = said >> 8 === icmpv6.PACKET_TOO_BIG ? Math.max(mtu, ipv6.MIN_MTU) : 0; // a smaller one nobody believes (RFC 8201 §4)
  answer6(b, i, state, own, said >> 8, said & 0xff, rest);
  return true;
}

/** Whether `port` may be sent one more answer about a packet in this second. */
export function mayAnswer({ icmpErrors, icmpErrorsTo }: State, port: number): boolean {
  return icmpErrors < ICMP_PER_SEC_IN_ALL && icmpErrorsTo[port]! < ICMP_PER_SEC;
}
