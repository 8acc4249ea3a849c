/**
 * Takes one off the TTL or hop limit of what is routed, and answers with ICMP time exceeded what has none left (RFC 1812 §5.3.1, RFC 4443 §3.3), so that a traceroute
 * shows this hop. Runs before the rewrite: the answer quotes the packet as its sender knows it. One that would open a flow `admit` gives here.
 */
import { type Batch, NO_FLOW, ROUTE } from "../mem/batch.js";
import { EGRESS_KEEP_TTL } from "../table/conntrack.js";
import { DROP_TTL_EXCEEDED } from "../wire/drop.js";
import * as icmp from "../wire/icmp.js";
import { answer } from "./icmp-answer.js";
import { decrementTtl, ttl as ttlOf } from "./packet.js";
import type { State } from "./state.js";

export function ttl(b: Batch, state: State): void {
  const { conntrack } = state;
  for (let i = 0; i < b.count; i++) {
    const ref = b.flow[i]!;
    if (ref === NO_FLOW || b.egress[i] !== ROUTE || (conntrack.egress(ref >> 1, ref & 1) & EGRESS_KEEP_TTL) !== 0) continue;
    if (ttlOf(b, i) > 1) decrementTtl(b, i);
    else expire(b, i, state);
  }
}

/** Answers frame `i`, whose TTL ends here, or drops it. An answer is no drop to be counted: traceroute asks for it. */
export function expire(b: Batch, i: number, state: State): void {
  if (answer(b, i, state, icmp.TIME_EXCEEDED, 0)) state.capturing?.answered(i, DROP_TTL_EXCEEDED);
  else b.drop(i, DROP_TTL_EXCEEDED);
}
