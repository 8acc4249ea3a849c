/** Ends a flow: gives back what it holds, has its steering entries forgotten, and takes it out of conntrack. */
import { type Batch, NO_FLOW } from "../mem/batch.js";
import { EGRESS_ENTERED, EGRESS_OFFLOAD, EGRESS_RECORD } from "../table/conntrack.js";
import { isIpv6 } from "../wire/address-word.js";
import type { State } from "./state.js";
import { end } from "./turn.js";

/** Has the entry of a packet that we send taken out of the steering's map. */
export function forgetEntry({ forget, forget6 }: State, src: number, dst: number, ports: number, proto: number): void {
  const entries = isIpv6(src) ? forget6 : forget;
  if (!entries.isFull) entries.addKey(src, dst, ports, proto);
}

export function retire(state: State, id: number): void {
  const { addresses, conntrack } = state;
  for (let dir = 0; dir < 2; dir++) {
    if (!conntrack.isWithheld(id) && (conntrack.egress(id, dir) & (EGRESS_RECORD | EGRESS_ENTERED | EGRESS_OFFLOAD)) === 0) continue;
    forgetEntry(state, conntrack.newSrc(id, dir), conntrack.newDst(id, dir), conntrack.newPorts(id, dir), conntrack.protocol(id));
  }
  end(state, id);
  for (let dir = 0; dir < 2; dir++) {
    addresses.release(conntrack.tuple(id, dir, 0));
    addresses.release(conntrack.tuple(id, dir, 1));
  }
  conntrack.remove(id);
}

/** Ends a flow in the middle of a batch, to make room for another. Packets of it in the batch have no flow then: its number is the other's. */
export function evict(b: Batch, state: State, id: number): void {
  retire(state, id);
  state.evicted++;
  for (let i = 0; i < b.count; i++) {
    if (b.flow[i]! >> 1 !== id) continue;
    b.flow[i] = NO_FLOW;
    state.displaced = true;
  }
}
