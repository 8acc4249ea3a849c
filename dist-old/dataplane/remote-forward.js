/**
 * Bridging between this node and the others of an overlay network, of which the store says who is behind which: nothing is learned, and nobody unknown
 * is looked for by flooding. What came from a node never goes to one (split horizon). The gateway is this node's own in every network, so neither it
 * nor the host is reached from another node, or reaches one.
 */
import { KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import { NO_ICC } from "../table/networks.js";
import { HOST, REMOTE } from "../table/ports.js";
import { NOBODY } from "../table/remotes.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as vnet from "../wire/vnet.js";
import { answer } from "./icmp-answer.js";
import { ipAt } from "./packet.js";
/** Decides about frame `i` of an overlay network, whose destination, of raw MAC `hi` and `lo`, is behind no port of this node. */
export function toRemote(b, i, state, network, hi, lo) {
    const { networks, ports, remotes } = state;
    const kind = ports.kind[b.ingress[i]];
    const station = remotes.ofMac(hi, lo, network);
    if (station === NOBODY)
        b.drop(i, drop.DROP_UNKNOWN_STATION);
    else if (kind === REMOTE)
        b.drop(i, drop.DROP_SPLIT_HORIZON);
    else if (kind === HOST || (networks.flags[network] & NO_ICC) !== 0)
        b.drop(i, drop.DROP_ISOLATED);
    else if (!fits(b, i, networks.mtu[network]))
        tooLong(b, i, state, networks.mtu[network]);
    else {
        b.egress[i] = networks.remotePort[network];
        b.node[i] = remotes.node[station];
    }
}
/** Whether the frame, or each of the segments that it stands for, has an IP packet of `mtu` bytes or less. */
export function fits(b, i, mtu) {
    const length = b.len[i] - eth.HEADER_SIZE;
    if (length <= mtu)
        return true;
    const { bytes, halves } = b.memory;
    const at = b.at[i];
    if (!vnet.isGso(bytes, at))
        return false;
    return vnet.headersOf(bytes, halves, at) - eth.HEADER_SIZE + vnet.gsoSize(halves, at) <= mtu;
}
/** A tunnel's end never fragments (RFC 7348 §4.3): the sender is told, where it asked not to be fragmented (RFC 1191 §4, RFC 8201 §4). */
function tooLong(b, i, state, mtu) {
    const mayTell = b.kind[i] === KIND_IPV6 || (b.kind[i] === KIND_IPV4 && !ipv4.mayFragment(b.memory.halves, ipAt(b, i)));
    const port = b.ingress[i];
    if (mayTell && state.mayCountAnswered() && answer(b, i, state, icmp.UNREACHABLE, icmp.FRAGMENTATION_NEEDED, mtu))
        state.countAnswered(port, drop.DROP_TOO_LONG);
    else
        b.drop(i, drop.DROP_TOO_LONG);
}
//# sourceMappingURL=remote-forward.js.map