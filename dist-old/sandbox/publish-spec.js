/**
 * The value of `-p` of `tsproxy run`: Docker's short syntax, `[[HOST_IP:][HOST_PORT]:]PORT[/tcp|udp|sctp]`, with its words for errors (go-connections).
 * What Docker has not: `[HOST_IP:]HOST_PORT:NAME:PORT` leads to all that have the name (`named-ports.ts`). And a link-local host address has its interface behind it, as in `[fe80::1%eth0]`, which Docker cannot do.
 */
import { hostAddressText } from "../control/mapping.js";
import { parseHost } from "../control/port-spec.js";
import { TsproxyError } from "../errors.js";
import { parseIp } from "../wire/ip-address.js";
const RANGE = /^(\d{1,5})(?:-(\d{1,5}))?$/;
/** Throws TSP_ERR_PORT_SPEC (invalid). */
export function parsePublish(spec) {
    const slash = spec.lastIndexOf("/");
    const parts = (slash < 0 ? spec : spec.slice(0, slash)).split(":");
    const target = parts.pop() ?? "";
    const name = RANGE.test(parts.at(-2) ?? "") && isName(parts.at(-1)) ? parts.pop() : undefined;
    const hostPorts = parts.pop() ?? "";
    const ip = parts.join(":").replace(/^\[(.*)\]$/, "$1");
    if (target === "")
        throw invalid(`no port specified: ${spec}<empty>`);
    const proto = (slash < 0 ? "" : spec.slice(slash + 1)).toLowerCase() || "tcp";
    if (!isProto(proto))
        throw invalid(`invalid proto: ${proto}`);
    const host = ip === "" ? "" : hostAddressText(parseHost(ip.includes(":") ? `[${ip}]` : ip, refuseHost(ip)));
    const [targetPort, targetPortEnd] = range(target) ?? fail(`invalid containerPort: ${target}`);
    const [hostPort, hostPortEnd] = hostPorts === "" ? [0, 0] : (range(hostPorts) ?? fail(`invalid hostPort: ${hostPorts}`));
    const targets = targetPortEnd - targetPort;
    const hosts = hostPortEnd - hostPort;
    if (hosts !== targets && targets > 0)
        throw invalid(`invalid ranges specified for container and host Ports: ${target} and ${hostPorts}`);
    if (name !== undefined && hosts > targets)
        throw invalid(`one host port of a range cannot be picked for the name ${name}: ${spec}`);
    const named = name === undefined ? {} : { name };
    return { hostIp: host, hostPort, hostPortEnd, pickFromRange: hosts > targets, targetPort, targetPortEnd, proto, ...named };
}
/** Not a port, an address or a part of one. */
function isName(word) {
    return /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/.test(word) && /[a-zA-Z]/.test(word) && parseIp(word) === null;
}
/** The value of `--expose`: `PORT[-END][/tcp|udp|sctp]`. Throws TSP_ERR_PORT_SPEC (invalid). */
export function parseExpose(spec) {
    if (spec.includes(":"))
        throw invalidExpose(`invalid port format for --expose: ${spec}`);
    const [text = "", proto = "tcp", ...more] = spec.toLowerCase().split("/");
    const ports = range(text);
    if (ports === null || more.length > 0 || !isProto(proto))
        throw invalidExpose(`invalid range format for --expose: ${spec}`);
    return { proto, first: ports[0], last: ports[1] };
}
function isProto(text) {
    return text === "tcp" || text === "udp" || text === "sctp";
}
/** Docker takes port 0 for one of the host's that is free; as a target it is none. */
function range(text) {
    const match = RANGE.exec(text);
    const first = Number(match?.[1]);
    const last = match?.[2] === undefined ? first : Number(match[2]);
    return match !== null && first >= 1 && last <= 65_535 && first <= last ? [first, last] : null;
}
/** Docker's words first, then what is wrong with it. */
function refuseHost(ip) {
    return (problem, hint) => {
        const isNone = problem.startsWith("invalid host address") || problem.endsWith("is not an IPv6 address");
        throw new TsproxyError("TSP_ERR_PORT_SPEC", "invalid", `invalid IP address: ${ip}${isNone ? "" : `: ${problem}`}`, hint);
    };
}
function fail(message) {
    throw invalid(message);
}
function invalidExpose(message) {
    return new TsproxyError("TSP_ERR_PORT_SPEC", "invalid", message, "write PORT[-END][/tcp|udp|sctp], like 8080");
}
function invalid(message) {
    return new TsproxyError("TSP_ERR_PORT_SPEC", "invalid", message, "write [[HOST_IP:]HOST_PORT:]PORT[/tcp|udp|sctp], like 8999:8080");
}
//# sourceMappingURL=publish-spec.js.map