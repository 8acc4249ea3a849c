/** Finds the flow of each packet that is to be routed and that `established` has left; what can have none goes to the host or is dropped. */
import { type Batch, ROUTE } from "../mem/batch.js";
import { DROP_PROTOCOL } from "../wire/drop.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
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
      b.flow[i] = conntrack.find(b.hash[i]!, src, dst, b.ports[i]!, proto);
    } else if (proto !== ipv4.PROTO_ICMP && !ipv4.isLaterFragment(halves, b.at[i]! + VNET + ETHERNET)) {
      refuse(b, i, state, DROP_PROTOCOL); // ICMP errors are the business of `icmp-error`, later fragments that of `fragment`
    }
  }
}

/** What has no flow cannot be translated; but what an endpoint sends to the host itself needs no translation. */
export function refuse(b: Batch, i: number, state: State, reason: number): void {
  const dst = ipv4.dst(b.memory.words, b.at[i]! + VNET + ETHERNET);
  const host = state.hostPortOf(b.ingress[i]!);
  if (host !== -1 && state.isLocal(dst)) b.egress[i] = host;
  else b.drop(i, reason);
}
