import { addressPort } from "../wire/address-port.js";
import { formatIp, isUnspecified, parseIp, sameIp } from "../wire/ip-address.js";
import { eachFamily, ofFamily } from "../wire/per-family.js";
/** The spec, once for each address of the host that it stands for; `families` are those that the host has. */
export function eachHostAddress({ hostIp, hostZone, targets, ...ports }, families) {
    const hosts = hostIp === null ? families.map((family) => ({ family, value: 0n })) : [hostIp];
    return hosts.map((host) => ({
        hostIp: host,
        ...(hostZone !== undefined && { hostZone }),
        targetIp: ofFamily(targets, host.family) ?? eachFamily(targets)[0],
        ...ports,
    }));
}
export function specOf({ targetIp, ...mapping }) {
    return { ...mapping, targets: targetIp.family === 4 ? { ipv4: targetIp } : { ipv6: targetIp }, pickFromRange: false };
}
export function mappingText({ hostPort, hostPortEnd, targetIp, targetPort, targetPortEnd, proto, several, ...host }) {
    return {
        hostIp: hostAddressText(host),
        hostPort,
        hostPortEnd,
        targetIp: formatIp(targetIp),
        targetPort,
        targetPortEnd,
        proto,
        ...(several !== undefined && { targets: several.map(({ ip, port }) => ({ ip: formatIp(ip), port })) }),
    };
}
/** `192.0.2.1`, `fe80::1%eth0` */
export function hostAddressText({ hostIp, hostZone }) {
    return hostZone === undefined ? formatIp(hostIp) : `${formatIp(hostIp)}%${hostZone}`;
}
/** The inverse of `hostAddressText`; null when the text is none. */
export function parseHostAddress(text) {
    const [address = "", zone, ...more] = text.split("%");
    const hostIp = parseIp(address);
    if (hostIp === null || more.length > 0 || zone === "" || (zone !== undefined && hostIp.family === 4))
        return null;
    return zone === undefined ? { hostIp } : { hostIp, hostZone: zone };
}
/** `0.0.0.0:8999 -> 172.17.0.4:8080/tcp`. A port that is not picked yet, and every address of both families, show as `*`. */
export function formatMapping(mapping) {
    const { hostIp, hostPort, hostPortEnd, targetPort, targetPortEnd, proto } = mapping;
    const host = hostIp === null ? "*" : typeof hostIp === "string" ? hostIp : hostAddressText({ ...mapping, hostIp });
    const shown = addressPort(host, hostPort === 0 ? "*" : formatPorts(hostPort, hostPortEnd));
    return `${shown} -> ${formatTargets(mapping, targetPortEnd - targetPort)}/${proto}`;
}
/** `more`: ports after the first one. */
function formatTargets(mapping, more) {
    const several = severalOf(mapping);
    if (several !== undefined)
        return several.length === 0 ? "no target" : several.map(({ ip, port }) => addressPort(ip, formatPorts(port, port + more))).join(",");
    const { targetPort: port } = mapping;
    const one = "targetIp" in mapping ? [mapping.targetIp] : eachFamily(mapping.targets);
    return one.map((ip) => addressPort(typeof ip === "string" ? ip : formatIp(ip), formatPorts(port, port + more))).join(" and ");
}
function severalOf(mapping) {
    if ("several" in mapping && mapping.several !== undefined)
        return mapping.several.map(({ ip, port }) => ({ ip: formatIp(ip), port }));
    return "targets" in mapping && Array.isArray(mapping.targets) ? mapping.targets : undefined;
}
/** `80`, or `80-89`. */
export function formatPorts(first, last) {
    return first === last ? `${first}` : `${first}-${last}`;
}
/** Whether one port cannot be published on both: they are the same, or one stands for the other. */
export function hostAddressesMeet(a, b) {
    if (a.hostIp === null || b.hostIp === null)
        return true;
    if (a.hostIp.family !== b.hostIp.family)
        return false;
    return isUnspecified(a.hostIp) || isUnspecified(b.hostIp) || (sameIp(a.hostIp, b.hostIp) && a.hostZone === b.hostZone);
}
//# sourceMappingURL=mapping.js.map