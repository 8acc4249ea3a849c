/**
 * Looks again at flows that were given an address of the host by its routes, after these have changed. One that would be given another now
 * ends: its answers would not come, as they go to an address that is elsewhere. Its next packet opens a flow as the host now is; the kernel's
 * MASQUERADE does the same. A flow whose destination nothing leads to now stays: its way may come back as it was.
 */
import { EGRESS_PORT } from "../table/conntrack.js";
import { isRefused } from "../wire/route-answer.js";
import { retire } from "./retire.js";
import type { State } from "./state.js";

/** Rows looked at between two batches at most. */
const BUDGET = 256;

export function review(state: State): void {
  const { conntrack, networks, ports, ways } = state;
  const end = Math.min(state.reviewAt + BUDGET, conntrack.end);
  for (let id = state.reviewAt; id < end; id++) {
    if (!conntrack.isLive(id) || !conntrack.hasOtherSource(id)) continue;
    const inside = conntrack.egress(id, 1) & EGRESS_PORT;
    if (inside === ports.uplink || (conntrack.egress(id, 0) & EGRESS_PORT) !== ports.uplink) continue;
    if (networks.outsideFor(ports.network[inside]!, conntrack.newSrc(id, 0)) !== 0) continue;
    const source = ways.via(
      conntrack.tuple(id, 0, 0),
      conntrack.tuple(id, 0, 1),
      conntrack.protocol(id),
      conntrack.tuple(id, 0, 2),
      networks.wayIn[ports.network[inside]!]!,
      state.now,
    );
    if (!isRefused(source) && source !== conntrack.newSrc(id, 0)) retire(state, id);
  }
  state.reviewAt = end < conntrack.end ? end : Number.MAX_SAFE_INTEGER;
}
