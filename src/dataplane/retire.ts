/** Ends a flow: gives back what it holds, has its steering entries forgotten, and takes it out of conntrack. */
import { type Batch, NO_FLOW } from "../mem/batch.js";
import { EGRESS_OFFLOAD, EGRESS_RECORD } from "../table/conntrack.js";
import { FORGET_MAX, type State } from "./state.js";
import { end } from "./turn.js";

export function retire(state: State, id: number): void {
  const { conntrack, forget } = state;
  const offloaded = (conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0; // then both directions have an entry
  for (let dir = 0; dir < 2; dir++) {
    if ((!offloaded && (conntrack.egress(id, dir) & EGRESS_RECORD) === 0) || state.forgotten === FORGET_MAX) continue;
    const at = state.forgotten++ * 4;
    forget[at] = conntrack.newSrc(id, dir);
    forget[at + 1] = conntrack.newDst(id, dir);
    forget[at + 2] = conntrack.newPorts(id, dir);
    forget[at + 3] = conntrack.protocol(id);
  }
  end(state, id);
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
