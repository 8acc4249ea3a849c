/**
 * By which of a sandbox's networks what leaves it goes, for each family by itself, and where its ports are published. The rule is Docker's: the
 * highest priority, then the first name, of those that have a subnet of the family; internal networks never.
 *
 * Ports are published where the answers to their clients leave: where one network has the default routes of both families, or the only one there
 * is, it has all of them, and clients of a family that it lacks are translated. Else each family's are published by its own network.
 */
import { parseHostAddress } from "../control/mapping.js";
import { eachFamily, ofFamily } from "../wire/per-family.js";
/** The networks that are to have the default routes. */
export function gatewaysOf(members) {
    const name = ({ network }) => network.record.name ?? network.record.id;
    const inOrder = members
        .filter(({ network }) => !network.record.options.internal)
        .sort((a, b) => b.attachment.gwPriority - a.attachment.gwPriority || (name(a) < name(b) ? -1 : 1));
    const first = (family) => inOrder.find(({ network }) => ofFamily(network.record.subnets, family) !== undefined);
    return { ipv4: first(4), ipv6: first(6) };
}
/** Those that a record has. One may have left its network since. */
export function gatewaysIn({ gateway, ipv6Gateway }) {
    return { ipv4: gateway, ipv6: ipv6Gateway };
}
/** Clients of which families an endpoint publishes ports for: all, those of one; undefined: none. */
export function shareOf({ attachment }, gateways) {
    const own = [4, 6].filter((family) => ofFamily(gateways, family) === attachment.endpoint);
    return own.length === 0 ? undefined : own.length === eachFamily(gateways).length ? "all" : own[0];
}
/** What a network with that share is to publish. `published`: by another one, whose picked ports are taken over. */
export function portsFor({ ports }, share, hostBinding, published) {
    return ports.flatMap((port) => {
        const { hostIp: text, ...rest } = asPicked(port, published);
        if (text !== "") {
            const host = parseHostAddress(text);
            return share === "all" || share === host.hostIp.family ? [{ ...rest, ...host }] : [];
        }
        if (share === "all")
            return [{ ...rest, hostIp: null }];
        const hostIp = hostBinding ?? { family: share, value: 0n };
        return hostIp.family === share ? [{ ...rest, hostIp }] : [];
    });
}
function asPicked(port, published) {
    if (port.hostIp !== "" || (port.hostPort !== 0 && !port.pickFromRange))
        return port;
    const twin = published.find(({ proto, targetPort }) => proto === port.proto && targetPort === port.targetPort);
    return twin === undefined ? port : { ...port, hostPort: twin.hostPort, hostPortEnd: twin.hostPortEnd, pickFromRange: false };
}
//# sourceMappingURL=gateways.js.map