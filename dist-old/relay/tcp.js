/**
 * Relays the TCP connections of one port: two sockets a connection, the end of either direction passed on by itself
 * (a half-close), a reset passed on as a reset. The slower side holds the faster back. Connections have no time limit.
 */
import { once } from "node:events";
import net, {} from "node:net";
import { log } from "../log.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp } from "../wire/ip-address.js";
import { hostName } from "./listener.js";
const SOCKET = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 15_000 };
/** Rejects with the system's error when the port cannot be bound. */
export async function listenTcp(options) {
    const { hostPort, fd, stats, allows, targetFor } = options;
    const hostIp = hostName(options);
    const ipv6Only = options.hostIp.family === 6;
    const open = new Set();
    const unreachable = new Set(); // so that a dead target is logged once, not once a connection
    const server = net.createServer(SOCKET, (client) => {
        if (!allows(client.remoteAddress ?? "")) {
            stats.refused++;
            client.on("error", () => { });
            client.resetAndDestroy();
            return;
        }
        stats.total++;
        const target = targetFor(client.remoteAddress ?? "");
        if (target === null) {
            stats.failed++;
            client.on("error", () => { });
            client.resetAndDestroy();
            return;
        }
        stats.active++;
        const name = addressPort(formatIp(target.ip), target.port);
        const backend = net.connect({ ...SOCKET, host: formatIp(target.ip), port: target.port });
        let connected = false;
        let left = 2;
        const track = (socket, other) => {
            open.add(socket);
            socket.pipe(other);
            socket.on("error", () => abort(other));
            socket.on("close", () => {
                open.delete(socket);
                if (--left === 0)
                    stats.active--;
            });
        };
        backend.on("connect", () => {
            connected = true;
            unreachable.delete(name);
        });
        backend.on("error", (error) => {
            if (connected)
                return;
            stats.failed++;
            if (!unreachable.has(name))
                log.warn(`cannot forward to ${name}/tcp: ${error.message}`);
            unreachable.add(name);
        });
        client.on("data", (chunk) => {
            stats.bytesIn += chunk.length;
        });
        backend.on("data", (chunk) => {
            stats.bytesOut += chunk.length;
        });
        track(client, backend);
        track(backend, client);
    });
    server.listen({ ...(fd === undefined ? { host: hostIp, port: hostPort, ipv6Only } : { fd }), backlog: 4096 });
    await once(server, "listening");
    // Out of descriptors, for one: the server goes on and the client is cut by the kernel or by Node.
    server.on("error", (error) => log.warn(`${addressPort(hostIp, hostPort)}/tcp: ${error.message}`));
    return {
        port: server.address().port,
        close: async () => {
            server.close();
            for (const socket of open)
                socket.destroy();
            await once(server, "close");
        },
    };
}
/** Ends the other half of a broken connection: a reset for a peer, an end for a connection attempt. */
function abort(socket) {
    if (socket.destroyed)
        return;
    if (socket.connecting)
        socket.destroy();
    else
        socket.resetAndDestroy();
}
//# sourceMappingURL=tcp.js.map