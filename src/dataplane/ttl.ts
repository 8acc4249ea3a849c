/**
 * Takes one off the TTL of what is routed, and answers with ICMP time exceeded what has none left (RFC 1812 §5.3.1), so that a traceroute
 * shows this hop. Runs before the rewrite: the answer quotes the packet as its sender knows it.
 */
import { type Batch, NO_FLOW, ROUTE } from "../mem/batch.js";
import { EGRESS_KEEP_TTL } from "../table/conntrack.js";
import { DROP_TTL_EXCEEDED } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as vnet from "../wire/vnet.js";
import { ICMP_PER_SEC, ICMP_PER_SEC_AND_PORT, type State } from "./state.js";

/** An error quotes as much as fits into 576 bytes (RFC 1812 §4.3.2.3). */
const MAX_QUOTE = 576 - ipv4.MIN_HEADER_SIZE - icmp.HEADER_SIZE;
const ERROR_TTL = 64;

export function ttl(b: Batch, state: State): void {
  const { bytes, halves } = b.memory;
  const { conntrack } = state;
  for (let i = 0; i < b.count; i++) {
    const ref = b.flow[i]!;
    if (ref === NO_FLOW || b.egress[i] !== ROUTE || (conntrack.egress(ref >> 1, ref & 1) & EGRESS_KEEP_TTL) !== 0) continue;
    const ip = b.at[i]! + vnet.HEADER_SIZE + eth.HEADER_SIZE;
    if (ipv4.ttl(bytes, ip) > 1) ipv4.decrementTtl(bytes, halves, ip);
    else if (b.proto[i] !== 0 && mayAnswer(state, b.ingress[i]!))
      answer(b, i, state); // never about a later fragment (RFC 1122 §3.2.2)
    else b.drop(i, DROP_TTL_EXCEEDED);
  }
}

function mayAnswer({ icmpErrors, icmpErrorsTo }: State, port: number): boolean {
  return icmpErrors < ICMP_PER_SEC && icmpErrorsTo[port]! < ICMP_PER_SEC_AND_PORT;
}

/** Turns frame `i` into the ICMP error about itself, going back where it came from. */
function answer(b: Batch, i: number, state: State): void {
  const { bytes, halves, words } = b.memory;
  const at = b.at[i]!;
  const frame = at + vnet.HEADER_SIZE;
  const ip = frame + eth.HEADER_SIZE;
  const sender = ipv4.src(words, ip);
  const asked = ipv4.dst(words, ip);
  const onBridge = b.ingress[i] !== state.ports.uplink;
  const own = onBridge
    ? state.networks.gateway[state.ports.network[b.ingress[i]!]!]!
    : state.isLocal(asked)
      ? asked
      : state.routes.sourceFor(sender);
  if (own === 0) {
    b.drop(i, DROP_TTL_EXCEEDED);
    return;
  }
  state.icmpErrors++;
  state.icmpErrorsTo[b.ingress[i]!]!++;
  const total = ipv4.totalLength(bytes, ip);
  const quote = Math.min(total, MAX_QUOTE);
  const message = ip + ipv4.MIN_HEADER_SIZE;
  bytes.copyWithin(message + icmp.HEADER_SIZE, ip, ip + quote);
  ipv4.emit(bytes, halves, words, ip, ipv4.MIN_HEADER_SIZE + icmp.HEADER_SIZE + quote, ERROR_TTL, ipv4.PROTO_ICMP, own, sender);
  icmp.emitError(bytes, halves, message, icmp.HEADER_SIZE + quote, icmp.TIME_EXCEEDED, 0, 0);
  vnet.emit(halves, at);
  b.len[i] = eth.HEADER_SIZE + ipv4.MIN_HEADER_SIZE + icmp.HEADER_SIZE + quote;
  b.flow[i] = NO_FLOW;
  b.egress[i] = b.ingress[i]!;
  b.mark[i] = 0;
  b.routed[i] = 1;
}
