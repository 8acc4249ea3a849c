/** Learns which station is behind which port (IEEE 802.1D-2004 §7.8). */
import { UNDECIDED } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { LAN, REMOTE } from "../table/ports.js";
import * as eth from "../wire/ethernet.js";
import { HEADER_SIZE } from "../wire/vnet.js";
export function l2Learn(b, state) {
    const { halves } = b.memory;
    const { kind, network } = state.ports;
    for (let i = 0; i < b.count; i++) {
        if (b.egress[i] !== UNDECIDED)
            continue; // dropped, or from the uplink, which is no bridge port
        if (kind[b.ingress[i]] === REMOTE || kind[b.ingress[i]] === LAN)
            continue; // who is behind another node the store says; of a LAN nobody need know
        const frame = b.at[i] + HEADER_SIZE;
        state.fdb.learn(fdbKey(eth.srcHi(halves, frame), network[b.ingress[i]]), eth.srcLo(halves, frame), b.ingress[i], state.now);
    }
}
//# sourceMappingURL=l2-learn.js.map