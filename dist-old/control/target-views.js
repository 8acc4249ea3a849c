import { TsproxyError } from "../errors.js";
import { addressOf, addressPort, portOf } from "../wire/address-port.js";
import { formatIp, parseIp, sameIp } from "../wire/ip-address.js";
import { hostAddressText } from "./mapping.js";
/** Time for what a drained target has, unless something else is said; at most. */
const DRAIN_SEC = 30, MAX_DRAIN_SEC = 86_400;
/** `flows`: all there are. */
export function targetViews(all, flows) {
    const counts = new Map();
    for (const { proto, original, reply } of flows) {
        const key = keyOf(proto, portOf(original.dst), addressOf(reply.src), portOf(reply.src));
        counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    return all.flatMap(({ mappings, balancer }) => {
        const [mapping] = mappings;
        if (mapping === undefined)
            return [];
        const { hostPort, hostPortEnd, proto } = mapping;
        const more = hostPortEnd - hostPort;
        return (balancer?.status() ?? []).map(({ ip, port, state, checked }) => {
            const targetIp = formatIp(ip);
            let open = 0;
            for (let n = 0; n <= more; n++)
                open += counts.get(keyOf(proto, hostPort + n, targetIp, port + n)) ?? 0;
            const hostIps = mappings.map((each) => hostAddressText(each));
            return { hostIps, hostPort, hostPortEnd, proto, targetIp, targetPort: port, targetPortEnd: port + more, state, checked, flows: open };
        });
    });
}
function keyOf(proto, hostPort, targetIp, targetPort) {
    return `${proto} ${hostPort} ${addressPort(targetIp, targetPort)}`;
}
/** Takes a target out of service on each port. Throws TSP_ERR_OPTION (invalid), TSP_ERR_TARGET (not-found). */
export function drainTargets(all, word, sec = DRAIN_SEC) {
    if (!Number.isInteger(sec) || sec < 0 || sec > MAX_DRAIN_SEC)
        throw new TsproxyError("TSP_ERR_OPTION", "invalid", `${sec} seconds are no time to drain`, `use 0 to ${MAX_DRAIN_SEC}`);
    return each(all, word, (balancer, isMeant) => balancer.drain(isMeant, sec * 1000));
}
export function resumeTargets(all, word) {
    return each(all, word, (balancer, isMeant) => balancer.resume(isMeant));
}
export function eventText({ ip, port, proto, hostPort, state, reason }) {
    return { event: "target", hostPort, proto, targetIp: formatIp(ip), targetPort: port, state, ...(reason !== "" && { reason }) };
}
function each(all, word, action) {
    const isMeant = parseTarget(word);
    const changed = all.reduce((sum, { balancer }) => sum + (balancer === undefined ? 0 : action(balancer, isMeant)), 0);
    if (changed === 0)
        throw new TsproxyError("TSP_ERR_TARGET", "not-found", `'${word}' is no target of a port that may have several`, "see 'tsproxy targets'");
    return changed;
}
/** `172.18.0.3`, `172.18.0.3:8080`, `[fd00::3]:8080`, `fd00::3` */
function parseTarget(word) {
    const whole = parseIp(word.replace(/^\[(.*)\]$/, "$1"));
    const ip = whole ?? parseIp(addressOf(word));
    const port = whole === null ? portOf(word) : undefined;
    if (ip === null || (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)))
        throw new TsproxyError("TSP_ERR_OPTION", "invalid", `target '${word}': not an address, or an address and a port`, "write 172.18.0.3 or 172.18.0.3:8080");
    return (target) => sameIp(target.ip, ip) && (port === undefined || target.port === port);
}
//# sourceMappingURL=target-views.js.map