/**
 * What a docker-proxy launcher (`native/docker-proxy.c`) asks for: one line, "publish PROTO TARGET-IP TARGET-PORT", in one message with the
 * socket that holds the host port. The host's address and port are read off the socket, so a launcher can only publish what it holds.
 */
import { closeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseHostAddress } from "../control/mapping.js";
import { TsproxyError } from "../errors.js";
import { errnoName, native } from "../sys/native.js";
import { parseIp, unmapped } from "../wire/ip-address.js";
import { PROTOCOLS } from "../wire/ipv4.js";
/** A launcher has so long to send its request, in milliseconds. A real one sends it at once. */
const PATIENCE_MS = 5_000;
const MAX_DELAY_MS = 100;
const MAX_LINE = 128;
/**
 * Reads the request of a paused connection. Throws TSP_ERR_LAUNCHER for what is none, with no descriptor left open; undefined when the client
 * went away. Node cannot receive descriptors, so the connection is read natively, and looked at again while nothing is there yet.
 */
export async function receiveRequest(socket) {
    const bytes = Buffer.alloc(MAX_LINE);
    const deadline = performance.now() + PATIENCE_MS;
    for (let delayMs = 1;; delayMs = Math.min(delayMs * 2, MAX_DELAY_MS)) {
        const handle = descriptorOf(socket);
        if (handle === undefined)
            return undefined;
        const [length, fd] = native.recvFd(handle, bytes);
        if (length === 0)
            return undefined;
        if (length > 0)
            return parse(bytes.toString("latin1", 0, length), fd);
        const errno = errnoName(length);
        if (errno === "EINVAL")
            throw refused("more than one descriptor came with the request");
        if (errno !== "EAGAIN")
            return undefined;
        if (performance.now() > deadline)
            throw refused(`no request within ${PATIENCE_MS / 1000} s`);
        await sleep(delayMs);
    }
}
function parse(line, fd) {
    try {
        const [, proto, target = "", port] = /^publish (tcp|udp|sctp) (\S+) (\d{1,5})\n$/.exec(line) ?? [];
        if (proto !== "tcp" && proto !== "udp" && proto !== "sctp")
            throw refused("not a request");
        const targetPort = Number(port);
        const parsed = parseIp(target);
        const targetIp = parsed === null ? null : unmapped(parsed);
        if (targetIp === null)
            throw refused(`invalid container address '${target}'`);
        if (targetPort < 1 || targetPort > 65535)
            throw refused(`invalid container port ${targetPort}`);
        const bound = fd < 0 ? null : native.boundTo(fd);
        if (bound === null || bound[0] !== PROTOCOLS[proto])
            throw refused(`no bound ${proto} socket came with the request`);
        const [, hostPort, hostText, both] = bound;
        const host = parseHostAddress(hostText);
        if (host === null)
            throw refused(`its socket is bound to '${hostText}'`);
        const spec = {
            ...host,
            hostPort,
            hostPortEnd: hostPort,
            targetIp,
            targetPort,
            targetPortEnd: targetPort,
            proto,
        };
        return { spec, fd, bothFamilies: both === 1 };
    }
    catch (error) {
        if (fd >= 0)
            closeSync(fd);
        throw error;
    }
}
/** Undefined once it is closed. */
function descriptorOf(socket) {
    return socket._handle?.fd;
}
function refused(problem) {
    return new TsproxyError("TSP_ERR_LAUNCHER", "invalid", `docker-proxy launcher: ${problem}`, "is it of the same version as the daemon?");
}
//# sourceMappingURL=launcher-request.js.map