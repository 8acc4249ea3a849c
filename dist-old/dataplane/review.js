/**
 * Looks again at flows that were given an address of the host by its routes, after these have changed. One that would be given another now
 * ends: its answers would not come, as they go to an address that is elsewhere. Its next packet opens a flow as the host now is; the kernel's
 * MASQUERADE does the same. A flow whose destination nothing leads to now stays: its way may come back as it was.
 *
 * Of IPv6 a host has many addresses on one link, and gives others from time to time (RFC 8981): an address that it has still, of the network of
 * the one that it would give now, goes on.
 */
import { EGRESS_PORT } from "../table/conntrack.js";
import { isIpv6 } from "../wire/address-word.js";
import { isRefused } from "../wire/route-answer.js";
import { retire } from "./retire.js";
/** Rows looked at between two batches at most. */
const BUDGET = 256;
export function review(state) {
    const { conntrack, networks, ports, ways } = state;
    const end = Math.min(state.reviewAt + BUDGET, conntrack.end);
    for (let id = state.reviewAt; id < end; id++) {
        if (!conntrack.isLive(id) || !conntrack.hasOtherSource(id))
            continue;
        const inside = conntrack.egress(id, 1) & EGRESS_PORT;
        if (inside === ports.uplink || (conntrack.egress(id, 0) & EGRESS_PORT) !== ports.uplink)
            continue;
        if (networks.outsideFor(ports.network[inside], conntrack.newSrc(id, 0)) !== 0)
            continue;
        const dst = conntrack.tuple(id, 0, 1);
        const source = ways.via(conntrack.tuple(id, 0, 0), dst, conntrack.protocol(id), conntrack.tuple(id, 0, 2), networks.wayInFor(ports.network[inside], dst), state.now);
        if (!isRefused(source) && !goesOn(state, conntrack.newSrc(id, 0), source))
            retire(state, id);
    }
    state.reviewAt = end < conntrack.end ? end : Number.MAX_SAFE_INTEGER;
}
/** Whether answers to `before` come still, though a new flow would be given `now`. */
function goesOn({ addresses, locals }, before, now) {
    return before === now || (isIpv6(before) && locals.get(before, 0) !== -1 && addresses.sameNetwork(before, now));
}
//# sourceMappingURL=review.js.map