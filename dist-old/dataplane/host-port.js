import { INTERNAL } from "../table/networks.js";
/** Sends frame `i`, which is for `dst` (raw), to the host's port. False, and nothing is done, if it may not go there. */
export function toHostPort(b, i, state, dst) {
    const { networks, ports } = state;
    const host = state.hostPortOf(b.ingress[i]);
    if (host === -1 || state.locals.get(dst, 0) === -1)
        return false; // loopback is nobody else's business either (RFC 1122 §3.2.1.3)
    const network = ports.network[b.ingress[i]];
    if ((networks.flags[network] & INTERNAL) !== 0 && dst !== networks.gatewayFor(network, dst))
        return false;
    b.egress[i] = host;
    return true;
}
//# sourceMappingURL=host-port.js.map