/**
 * Finds the flow of each packet that is to be routed and that `established` has left; what can have none goes to the host or is dropped.
 *
 * A flow's packets come by the port that the other direction leaves by. One that looks the same but comes by another port is somebody else's:
 * neither of the flow nor the beginning of a new one.
 */
import { type Batch, ROUTE } from "../mem/batch.js";
import { DROP_PROTOCOL, DROP_SOURCE_SPOOFED, DROP_WRONG_PORT } from "../wire/drop.js";
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
    if (proto === ipv4.PROTO_TCP || proto === ipv4.PROTO_UDP || (proto === ipv4.PROTO_ICMP && icmp.isEcho(bytes, b.l4[i]!))) {
      const ip = b.at[i]! + VNET + ETHERNET;
      const src = ipv4.src(words, ip);
      const dst = ipv4.dst(words, ip);
      b.hash[i] = conntrack.hash(src, dst, b.ports[i]!, proto);
      const ref = conntrack.find(b.hash[i]!, src, dst, b.ports[i]!, proto);
      if (ref === -1) refuseForeign(b, i, state, src);
      else if (conntrack.comesBy(ref, b.ingress[i]!)) b.flow[i] = ref;
      else b.drop(i, DROP_WRONG_PORT);
    } else if (proto !== ipv4.PROTO_ICMP && !ipv4.isLaterFragment(halves, b.at[i]! + VNET + ETHERNET)) {
      refuse(b, i, state, DROP_PROTOCOL); // ICMP errors are the business of `icmp-error`, later fragments that of `fragment`
    }
  }
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
