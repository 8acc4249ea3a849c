/**
 * Fragments of what is to be routed. The first one has the ports and goes the way of any packet; here it is noted, and the later ones get
 * its flow and then new addresses alone. They are sent on one by one, nothing is held or put together. So one that overtakes the first is
 * dropped, which departs from RFC 4787 REQ-14: `steer` does not know either whether it is ours.
 *
 * Runs after `admit`, so that the flow may be as new as its first fragment in this very batch.
 */
import { type Batch, KIND_IPV6, NO_FLOW, ROUTE } from "../mem/batch.js";
import { DROP_IP_FRAGMENT } from "../wire/drop.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { refuse } from "./flow-lookup.js";
import type { State } from "./state.js";

export function fragment(b: Batch, state: State): void {
  const { bytes, halves, words } = b.memory;
  const { fragments, now } = state;
  for (let i = 0; i < b.count; i++) {
    if (b.egress[i] !== ROUTE || b.kind[i] === KIND_IPV6) continue;
    const ip = b.at[i]! + VNET + ETHERNET;
    if (!ipv4.isFragment(halves, ip)) continue;
    const src = ipv4.src(words, ip);
    const dst = ipv4.dst(words, ip);
    const datagram = ipv4.datagram(bytes, halves, ip);
    if (!ipv4.isLaterFragment(halves, ip)) {
      if (b.flow[i] !== NO_FLOW) fragments.remember(src, dst, datagram, b.flow[i]!, now, b.ports[i]!);
      continue;
    }
    const ref = fragments.find(src, dst, datagram, now);
    const ports = fragments.ports(src, dst, datagram);
    if (ref !== -1 && isOf(state, ref, b.ingress[i]!, src, dst, ports, ipv4.protocol(bytes, ip)) && !ipv4.isOverTcpFlags(bytes, halves, ip))
      b.flow[i] = ref;
    else refuse(b, i, state, DROP_IP_FRAGMENT);
  }
}

/** Whether `ref` is still the first fragment's flow, by this port: its number may have been given to another. */
function isOf({ conntrack }: State, ref: number, ingress: number, src: number, dst: number, ports: number, proto: number): boolean {
  const id = ref >> 1;
  const dir = ref & 1;
  return (
    conntrack.comesBy(ref, ingress) &&
    conntrack.protocol(id) === proto &&
    conntrack.tuple(id, dir, 0) === src &&
    conntrack.tuple(id, dir, 1) === dst &&
    conntrack.tuple(id, dir, 2) === ports
  );
}
