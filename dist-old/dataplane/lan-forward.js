/**
 * Bridging in a network whose endpoints stand on a LAN, as behind the kernel's macvlan: by MAC among themselves, and all else by the LAN's port. Behind that are
 * the LAN's stations and the host, told apart there (`steer/lan-programs.ts`); nothing of them is learned, and nobody unknown is looked for by flooding.
 * What has a VLAN tag is of another LAN, from which nothing comes here: an endpoint's own does not get there either, nor to the host's device on it.
 *
 * An endpoint is no router's, so it answers a client directly: whatever next hop a frame names, we are its only door. So what belongs to a flow of a published
 * port is found by its tuple, and goes to be translated.
 */
import { FLOOD, FLOOD_ENDPOINTS, KIND_IPV4, KIND_IPV6, ROUTE } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { NO_ICC } from "../table/networks.js";
import { LAN } from "../table/ports.js";
import * as drop from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import { PROTO_ICMP, PROTO_SCTP, PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { HEADER_SIZE } from "../wire/vnet.js";
import { isLinked } from "./linked.js";
/** Decides about frame `i` of a network that has a LAN. */
export function lanForward(b, i, state, network) {
    const { bytes, halves } = b.memory;
    const frame = b.at[i] + HEADER_SIZE;
    const fromLan = state.ports.kind[b.ingress[i]] === LAN;
    if (eth.isGroup(bytes, frame)) {
        if (eth.isReservedGroup(halves, frame))
            b.drop(i, drop.DROP_RESERVED_GROUP);
        else
            b.egress[i] = fromLan || isTagged(b, i) ? FLOOD_ENDPOINTS : FLOOD;
        return;
    }
    if (!fromLan && (isOfFlow(b, i, state) || isError(b, i)))
        b.egress[i] = ROUTE;
    else
        bridge(b, i, state, network, fromLan);
}
/** What an endpoint says of a packet that is of no flow of ours goes the way that its MAC says. */
export function bridgeError(b, i, state) {
    bridge(b, i, state, state.ports.network[b.ingress[i]], false);
}
function bridge(b, i, state, network, fromLan) {
    const { halves } = b.memory;
    const { fdb, networks } = state;
    const frame = b.at[i] + HEADER_SIZE;
    const port = fdb.lookup(fdbKey(eth.dstHi(halves, frame), network), eth.dstLo(halves, frame));
    if (fromLan) {
        if (port === -1)
            b.drop(i, drop.DROP_UNKNOWN_STATION);
        else
            b.egress[i] = port;
    }
    else if (port === -1 && isTagged(b, i))
        b.drop(i, drop.DROP_UNKNOWN_STATION);
    else if (port === -1)
        b.egress[i] = networks.lanPort[network];
    else if (port === b.ingress[i])
        b.drop(i, drop.DROP_SAME_PORT);
    else if ((networks.flags[network] & NO_ICC) !== 0 && !isLinked(b, i, state, network, port))
        b.drop(i, drop.DROP_ISOLATED);
    else
        b.egress[i] = port;
}
function isTagged(b, i) {
    return eth.isTag(eth.type(b.memory.halves, b.at[i] + HEADER_SIZE));
}
/** An ICMP error may be about a packet of a flow: `icmp-error.ts` finds out, and gives back what is not. */
function isError(b, i) {
    const { bytes } = b.memory;
    if (b.kind[i] === KIND_IPV4)
        return b.proto[i] === PROTO_ICMP && icmp.isError(bytes, b.l4[i]);
    return b.kind[i] === KIND_IPV6 && b.proto[i] === icmpv6.PROTO_ICMPV6 && icmpv6.isError(bytes, b.l4[i]);
}
/** Whether frame `i`, of an endpoint, belongs to a flow that we translate, and comes by its port. */
function isOfFlow(b, i, { conntrack }) {
    if (b.kind[i] !== KIND_IPV4 && b.kind[i] !== KIND_IPV6)
        return false;
    const proto = b.proto[i];
    if (proto !== PROTO_TCP && proto !== PROTO_UDP && proto !== PROTO_SCTP)
        return false;
    const src = b.src[i];
    const dst = b.dst[i];
    const ref = conntrack.find(conntrack.hash(src, dst, b.ports[i], proto), src, dst, b.ports[i], proto);
    return ref !== -1 && conntrack.comesBy(ref, b.ingress[i]);
}
//# sourceMappingURL=lan-forward.js.map