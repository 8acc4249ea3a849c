/**
 * Finds the flow of each packet that is to be routed and that `established` has left; what can have none goes to the host or is dropped.
 *
 * A flow's packets come by the port that the other direction leaves by. One that looks the same but comes by another port is somebody else's:
 * neither of the flow nor the beginning of a new one. Of an ICMP query the opener asks and the other end answers, what it was asked.
 */
import { type Batch, ROUTE } from "../mem/batch.js";
import { ECHO } from "../table/conntrack.js";
import { DROP_NO_FLOW, DROP_PROTOCOL, DROP_SOURCE_SPOOFED, DROP_WRONG_PORT } from "../wire/drop.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { toHostPort } from "./host-port.js";
import type { State } from "./state.js";

export function flowLookup(b: Batch, state: State): void {
  const { bytes, halves, words } = b.memory;
  const { conntrack } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== ROUTE) continue;
    const proto = b.proto[i]!;
    if (
      proto === ipv4.PROTO_TCP ||
      proto === ipv4.PROTO_UDP ||
      proto === ipv4.PROTO_SCTP ||
      (proto === ipv4.PROTO_ICMP && icmp.isQuery(bytes, b.l4[i]!))
    ) {
      const ip = b.at[i]! + VNET + ETHERNET;
      const src = ipv4.src(words, ip);
      const dst = ipv4.dst(words, ip);
      b.hash[i] = conntrack.hash(src, dst, b.ports[i]!, proto);
      const ref = conntrack.find(b.hash[i]!, src, dst, b.ports[i]!, proto);
      if (ref === -1) refuseForeign(b, i, state, src);
      else join(b, i, state, ref);
    } else if (proto !== ipv4.PROTO_ICMP && !ipv4.isLaterFragment(halves, b.at[i]! + VNET + ETHERNET)) {
      refuse(b, i, state, DROP_PROTOCOL); // ICMP errors are the business of `icmp-error`, later fragments that of `fragment`
    }
  }
}

/** Makes frame `i`, which has the flow's tuple, one of the flow, or drops it. */
export function join(b: Batch, i: number, { conntrack }: State, ref: number): void {
  if (!conntrack.comesBy(ref, b.ingress[i]!)) b.drop(i, DROP_WRONG_PORT);
  else if (b.proto[i] === ipv4.PROTO_ICMP && !isItsTurn(b, i, ref, conntrack.state(ref >> 1))) b.drop(i, DROP_NO_FLOW);
  else b.flow[i] = ref;
}

/** Whether an ICMP query in the direction of `ref` asks, or answers what was asked last. */
function isItsTurn(b: Batch, i: number, ref: number, state: number): boolean {
  const { bytes } = b.memory;
  const at = b.l4[i]!;
  if ((ref & 1) === 0) return icmp.isRequest(bytes, at);
  return !icmp.isRequest(bytes, at) && state === ECHO + icmp.query(bytes, at);
}

/** Nobody out there has an address of an own network, but for the host. */
function refuseForeign(b: Batch, i: number, state: State, src: number): void {
  if (b.ingress[i] === state.ports.uplink && state.networks.of(src) !== -1 && !state.isLocal(src)) b.drop(i, DROP_SOURCE_SPOOFED);
}

/** What has no flow cannot be translated; but what an endpoint sends to the host itself needs no translation. */
export function refuse(b: Batch, i: number, state: State, reason: number): void {
  const dst = ipv4.dst(b.memory.words, b.at[i]! + VNET + ETHERNET);
  if (!toHostPort(b, i, state, dst)) b.drop(i, reason);
}
