/**
 * The socket relay: serves a mapping with ordinary sockets where packets cannot be steered (no BPF, a target that is the host itself),
 * or when asked to.
 * The target sees this host as the client, and each port costs a listening socket; everything else is as published.
 */
import { TsproxyError } from "../errors.js";
import { bindError } from "../sys/port-owner.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp, parseIp, prefixContains, unmapped } from "../wire/ip-address.js";
import { listenTcp } from "./tcp.js";
import { listenUdp } from "./udp.js";
/** A port that is free on one address may be taken on another: so often another one is tried. */
const PICKS = 20;
export const Relay = { start };
/** Throws TSP_ERR_RELAY (unavailable) for SCTP, TSP_ERR_PORT_TAKEN (conflict) with the holder's name, TSP_ERR_HOST_ADDRESS or TSP_ERR_PORT_BIND; then nothing is left open. */
async function start(spec, options = {}) {
    if (spec.proto === "sctp")
        throw new TsproxyError("TSP_ERR_RELAY", "unavailable", `port ${spec.hostPort}/sctp cannot be relayed by sockets: Node.js has none for SCTP`, "leave out --relay, and run where BPF is permitted: 'tsproxy doctor' tells");
    const stats = { active: 0, total: 0, refused: 0, failed: 0, bytesIn: 0, bytesOut: 0 };
    const allowFrom = options.allowFrom ?? [];
    const allows = (clientIp) => {
        if (allowFrom.length === 0)
            return true;
        const found = parseIp(clientIp.replace(/%.*$/, "")); // without the zone of a link-local one
        const address = found === null ? null : unmapped(found); // how an IPv4 client looks to a socket for both families
        return address !== null && allowFrom.some((prefix) => prefixContains(prefix, address));
    };
    const { choose } = spec;
    const open = ({ targetIp, ...host }, hostPort, targetPort) => {
        const offset = targetPort - spec.targetPort;
        const one = { ip: targetIp, port: targetPort };
        const targetFor = (clientIp) => {
            if (choose === undefined)
                return one;
            const chosen = choose(clientIp);
            return chosen === null ? null : { ip: chosen.ip, port: chosen.port + offset };
        };
        return listen(spec.proto, { ...host, hostPort, targetFor, fd: spec.fd, stats, allows });
    };
    const listeners = spec.hostPort === 0 ? await pickAny(spec, open) : spec.pickFromRange ? await pickFromRange(spec, open) : await openRange(spec, open);
    return {
        hostPort: listeners[0].port,
        stats: () => ({ ...stats }),
        close: () => closeAll(listeners),
    };
}
async function listen(proto, options) {
    try {
        return await (proto === "tcp" ? listenTcp(options) : listenUdp(options));
    }
    catch (cause) {
        throw bindError(proto, options.hostIp, options.hostPort, cause.code ?? String(cause), cause, options.hostZone);
    }
}
async function closeAll(listeners) {
    await Promise.all(listeners.map((listener) => listener.close()));
}
/** All of them, or none. */
async function allOf(opening) {
    const settled = await Promise.allSettled(opening);
    const listeners = settled.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const failure = settled.find((result) => result.status === "rejected");
    if (failure === undefined)
        return listeners;
    await closeAll(listeners);
    throw failure.reason;
}
/** Every port of the range, on each address. */
function openRange({ hosts, hostPort, hostPortEnd, targetPort }, open) {
    const ports = Array.from({ length: hostPortEnd - hostPort + 1 }, (_, i) => i);
    return allOf(ports.flatMap((i) => hosts.map((host) => open(host, hostPort + i, targetPort + i))));
}
/** A port that is free on each address. */
async function pickAny({ hosts, targetPort }, open) {
    for (let tries = 1;; tries++) {
        const first = await open(hosts[0], 0, targetPort);
        try {
            return [first, ...(await allOf(hosts.slice(1).map((host) => open(host, first.port, targetPort))))];
        }
        catch (error) {
            await first.close();
            if (!isTaken(error) || tries === PICKS)
                throw error;
        }
    }
}
/** The first port of the range that is free on each address. */
async function pickFromRange({ hosts, hostPort, hostPortEnd, targetPort, proto }, open) {
    for (let port = hostPort; port <= hostPortEnd; port++) {
        try {
            return await allOf(hosts.map((host) => open(host, port, targetPort)));
        }
        catch (error) {
            if (!isTaken(error))
                throw error;
        }
    }
    const ranges = hosts.map(({ hostIp }) => `${addressPort(formatIp(hostIp), `${hostPort}-${hostPortEnd}`)}/${proto}`);
    throw new TsproxyError("TSP_ERR_PORT_TAKEN", "conflict", `every host port of ${ranges.join(" and ")} is taken`, "use another range, or an empty host port for any free one");
}
function isTaken(error) {
    return error instanceof TsproxyError && error.code === "TSP_ERR_PORT_TAKEN";
}
//# sourceMappingURL=relay.js.map