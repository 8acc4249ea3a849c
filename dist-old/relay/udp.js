/**
 * Relays the UDP datagrams of one port. Each client address and port, with the host's address that it sent to, is a session with a connected
 * socket of its own towards the target, so that the target's answers find their client, and leave from that address of the host. A session
 * ends when neither side has sent anything for 90 s, as in docker-proxy. Sessions are bounded; a new client past the bound is refused and counted.
 */
import dgram, {} from "node:dgram";
import { peerAddress, UdpSocket } from "../sys/udp-socket.js";
import { formatIp } from "../wire/ip-address.js";
import { hostName } from "./listener.js";
export const IDLE_MS = 90_000;
const SWEEP_MS = 5_000;
/** Each is a descriptor, of which a process has 1,024 to 1,048,576. */
const MAX_SESSIONS = 4096;
/** Datagrams kept while a new session's socket is being made, which takes no round trip. */
const MAX_PENDING = 32;
/** Rejects with the system's error when the port cannot be bound. */
export async function listenUdp(options, tuning = {}) {
    const { hostPort, fd, stats, allows, targetFor } = options;
    const { idleMs = IDLE_MS, maxSessions = MAX_SESSIONS, now = () => performance.now() } = tuning;
    const sessions = new Map();
    const server = fd === undefined ? UdpSocket.bind(hostName(options), hostPort) : new UdpSocket(fd);
    const end = (key, session) => {
        if (session.ended)
            return;
        session.ended = true;
        sessions.delete(key);
        stats.active--;
        session.backend.close();
    };
    const begin = (key, client, target) => {
        const backend = dgram.createSocket(target.ip.family === 6 ? "udp6" : "udp4");
        const session = { backend, pending: [], lastMs: now(), ended: false };
        sessions.set(key, session);
        stats.active++;
        stats.total++;
        backend.on("connect", () => {
            const waiting = session.pending ?? [];
            session.pending = null;
            for (const datagram of waiting)
                send(session, datagram);
        });
        backend.on("message", (datagram) => {
            session.lastMs = now();
            stats.bytesOut += datagram.length;
            server.send(datagram, client);
        });
        backend.on("error", () => {
            // Connected: the target refused a datagram (ICMP), which a later one may survive. Else there is no socket to use.
            if (session.pending === null)
                return;
            stats.failed++;
            end(key, session);
        });
        backend.connect(target.port, formatIp(target.ip));
        return session;
    };
    /** The first send after an ICMP refusal reports that one and sends nothing, so it is repeated. */
    const send = (session, datagram) => {
        session.backend.send(datagram, (error) => {
            if (error?.code === "ECONNREFUSED" && !session.ended)
                session.backend.send(datagram, ignore);
        });
    };
    server.receive((datagram, client) => {
        const key = client.toString("latin1");
        let session = sessions.get(key);
        if (session === undefined) {
            if (sessions.size >= maxSessions || !allows(peerAddress(client))) {
                stats.refused++;
                return;
            }
            const target = targetFor(peerAddress(client));
            if (target === null) {
                stats.failed++;
                return;
            }
            session = begin(key, client, target);
        }
        session.lastMs = now();
        stats.bytesIn += datagram.length;
        if (session.pending === null)
            send(session, datagram);
        else if (session.pending.length < MAX_PENDING)
            session.pending.push(datagram);
    });
    const expire = () => {
        const deadline = now() - idleMs;
        for (const [key, session] of sessions)
            if (session.lastMs <= deadline)
                end(key, session);
    };
    const timer = setInterval(expire, Math.min(SWEEP_MS, idleMs)).unref();
    return {
        port: server.port,
        expire,
        close: async () => {
            clearInterval(timer);
            for (const [key, session] of sessions)
                end(key, session);
            server.close();
        },
    };
}
function ignore() { }
//# sourceMappingURL=udp.js.map