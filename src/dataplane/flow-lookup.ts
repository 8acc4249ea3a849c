/**
 * Finds the flow of each packet that is to be routed and that `established` has left; what can have none goes to the host or is dropped.
 *
 * A flow's packets come by the port that the other direction leaves by. One that looks the same but comes by another port is somebody else's:
 * neither of the flow nor the beginning of a new one. Of an ICMP query the opener asks and the other end answers, what it was asked.
 */
import { type Batch, KIND_IPV6, ROUTE } from "../mem/batch.js";
import { isIpv6, MAPPED, sortOf } from "../wire/address-word.js";
import { DROP_NO_FLOW, DROP_NO_ROUTE, DROP_PROTOCOL, DROP_SOURCE_SPOOFED, DROP_WRONG_PORT } from "../wire/drop.js";
import { PROTO_SCTP, PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { opensAnother } from "./choose-target.js";
import { toHostPort } from "./host-port.js";
import { isIcmp, isLaterFragment, isQuery, isRequest, queryState } from "./packet.js";
import type { State } from "./state.js";

export function flowLookup(b: Batch, state: State): void {
  const { conntrack } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== ROUTE || isNobodys(b, i)) continue;
    const proto = b.proto[i]!;
    if (proto === PROTO_TCP || proto === PROTO_UDP || proto === PROTO_SCTP || (isIcmp(proto) && isQuery(b, i))) {
      const src = b.src[i]!;
      const dst = b.dst[i]!;
      b.hash[i] = conntrack.hash(src, dst, b.ports[i]!, proto);
      const ref = conntrack.find(b.hash[i]!, src, dst, b.ports[i]!, proto);
      if (ref === -1 || ((ref & 1) === 0 && opensAnother(b, i, state, ref >> 1))) refuseForeign(b, i, state, src);
      else join(b, i, state, ref);
    } else if (!isIcmp(proto) && !isLaterFragment(b, i)) {
      refuse(b, i, state, DROP_PROTOCOL); // ICMP errors are the business of `icmp-error`, later fragments that of `fragment`
    }
  }
}

/** Drops frame `i` if one of its addresses is nobody's: of class E, whose words are IPv6 addresses in our tables, or an IPv4-mapped one. */
export function isNobodys(b: Batch, i: number): boolean {
  const src = b.src[i]!;
  const dst = b.dst[i]!;
  if (b.kind[i] !== KIND_IPV6) {
    if (!isIpv6(src) && !isIpv6(dst)) return false;
  } else if (sortOf(src) !== MAPPED && sortOf(dst) !== MAPPED) return false;
  const bySource = b.kind[i] === KIND_IPV6 ? sortOf(src) === MAPPED : isIpv6(src);
  b.drop(i, bySource ? DROP_SOURCE_SPOOFED : DROP_NO_ROUTE);
  return true;
}

/** Makes frame `i`, which has the flow's tuple, one of the flow, or drops it. */
export function join(b: Batch, i: number, { conntrack }: State, ref: number): void {
  if (!conntrack.comesBy(ref, b.ingress[i]!)) b.drop(i, DROP_WRONG_PORT);
  else if (isIcmp(b.proto[i]!) && !isItsTurn(b, i, ref, conntrack.state(ref >> 1))) b.drop(i, DROP_NO_FLOW);
  else b.flow[i] = ref;
}

/** Whether an ICMP query in the direction of `ref` asks, or answers what was asked last. */
function isItsTurn(b: Batch, i: number, ref: number, state: number): boolean {
  if ((ref & 1) === 0) return isRequest(b, i);
  return !isRequest(b, i) && state === queryState(b, i);
}

/** Nobody out there has an address of an own network, but for the host. */
function refuseForeign(b: Batch, i: number, state: State, src: number): void {
  if (b.ingress[i] === state.ports.uplink && state.networks.of(src) !== -1 && !state.isLocal(src)) b.drop(i, DROP_SOURCE_SPOOFED);
}

/** What has no flow cannot be translated; but what an endpoint sends to the host itself needs no translation. */
export function refuse(b: Batch, i: number, state: State, reason: number): void {
  if (!toHostPort(b, i, state, b.dst[i]!)) b.drop(i, reason);
}
