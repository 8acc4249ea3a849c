/** Ends a flow: gives its port back, has its steering entries forgotten, and takes it out of conntrack. */
import { EGRESS_OFFLOAD, EGRESS_RECORD } from "../table/conntrack.js";
import { FORGET_MAX, type State } from "./state.js";

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
  const mapping = conntrack.mapping(id);
  if (mapping !== -1) state.pool.release(mapping);
  conntrack.remove(id);
}
