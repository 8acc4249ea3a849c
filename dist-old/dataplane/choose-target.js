import * as ct from "../table/conntrack.js";
import { TAKES } from "../table/selection.js";
import { isIpv6, rowOf } from "../wire/address-word.js";
import { PROTO_SCTP, PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, tcpFlags } from "../wire/l4.js";
import { dstPort, rawHalf } from "../wire/raw.js";
import { evict } from "./retire.js";
import { isOpening } from "./track-sctp.js";
/** The target for a new flow of the client with the address `src`; null: none takes it. */
export function chooseTarget(state, rule, src) {
    const { takers, selection } = rule;
    if (selection === null)
        return takers[0];
    if (takers.length === 0)
        return null;
    const client = clientOf(state, selection, src);
    const first = selection.pick(client, takers, state.now);
    for (let n = 0; n < takers.length; n++) {
        const target = takers[(first + n) % takers.length];
        if (target.network !== -1 && state.endpoints.get(target.address, target.network) === -1)
            continue;
        if (n > 0)
            selection.note(client, target.id, state.now);
        return target;
    }
    return null;
}
/** The rule's target with that address and port (raw half) for `port`, host order, of the host; null: it is none. */
export function targetOf(rule, address, targetPort, port) {
    const { targets, firstPort } = rule;
    for (let k = 0; k < targets.length; k++) {
        const target = targets[k];
        if (target.address === address && rawHalf(target.port + port - firstPort) === targetPort)
            return target;
    }
    return null;
}
/** Flow `id`, of a client that was led to `target` before, is known from now on. */
export function noteTarget(state, rule, src, target, when) {
    if (rule.selection !== null)
        rule.selection.note(clientOf(state, rule.selection, src), target.id, when);
}
function clientOf({ addresses }, selection, src) {
    if (!isIpv6(src))
        return src;
    const at = rowOf(src) << 2;
    return selection.clientOfIpv6(addresses.words[at], addresses.words[at + 1]);
}
/**
 * Whether packet `i` of flow `id` opens a new connection where an old one has ended, to a port with several targets: that is a new flow, which may
 * go elsewhere. Then the old one has ended.
 */
export function opensAnother(b, i, state, id) {
    const { conntrack } = state;
    if (ct.PHASES[conntrack.state(id)] !== ct.CLOSED || !conntrack.isPublished(id))
        return false;
    const proto = b.proto[i];
    if (proto === PROTO_TCP ? !isSyn(b, i) : proto === PROTO_SCTP ? !isOpening(b, i) : proto !== PROTO_UDP)
        return false;
    const rule = state.publishedAt(b.dst[i], b.ports[i] >>> 16, proto);
    if (rule === null || rule.selection === null)
        return false;
    if (proto === PROTO_UDP) {
        // A query: answers to others from the same port may be on their way.
        const target = targetOf(rule, conntrack.tuple(id, 1, 0), conntrack.tuple(id, 1, 2) & 0xffff, dstPort(b.ports[i]));
        if (target !== null && target.duty === TAKES)
            return false;
    }
    evict(b, state, id);
    return true;
}
function isSyn(b, i) {
    return (tcpFlags(b.memory.bytes, b.l4[i]) & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) === TCP_SYN;
}
//# sourceMappingURL=choose-target.js.map