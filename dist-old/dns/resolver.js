/**
 * Answers names in sandboxes: by UDP and TCP at 127.0.0.11 port 53, in each one's own network namespace. The sockets are of that namespace, the
 * answers are made here: no rule and no process is there. A socket keeps its namespace alive, so it is closed when the sandbox ends, which others
 * notice by its processes or by its path.
 */
import { closeSync, openSync } from "node:fs";
import { createServer } from "node:net";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { errnoName, native } from "../sys/native.js";
import { UdpSocket } from "../sys/udp-socket.js";
import { answer, RCODES, refusal } from "./answer.js";
import { Forwarder } from "./forwarder.js";
const ADDRESS = "127.0.0.11";
const PORT = 53;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
/** Of connections that say nothing; RFC 7766 §6.2.3. */
const IDLE_MS = 10_000;
export class Resolver {
    /** `hostServers`: of the host as it is now, asked from there. */
    constructor(directory, hostServers) {
        this.directory = directory;
        this.hostServers = hostServers;
        this.served = new Map();
    }
    serve(scope, nsFd) {
        const there = this.served.get(scope.id);
        if (there === undefined)
            this.served.set(scope.id, new Served(scope, nsFd, this.directory, this.hostServers));
        else
            there.scope = scope;
    }
    stop(id) {
        this.served.get(id)?.close();
        this.served.delete(id);
    }
    close() {
        for (const id of [...this.served.keys()])
            this.stop(id);
    }
}
class Served {
    /** Throws TSP_ERR_SANDBOX when the address is taken there. */
    constructor(scope, nsFd, directory, hostServers) {
        this.scope = scope;
        this.directory = directory;
        this.connections = new Set();
        this.nsFd = openSync(`/proc/self/fd/${nsFd}`, "r");
        const fds = [];
        for (const type of [SOCK_DGRAM, SOCK_STREAM]) {
            const fd = native.bindIn(this.nsFd, type, ADDRESS, PORT);
            if (fd >= 0) {
                fds.push(fd);
                continue;
            }
            for (const open of [...fds, this.nsFd])
                closeSync(open);
            const message = `names cannot be answered in sandbox ${scope.id.slice(0, 12)}: ${ADDRESS}:${PORT} (${errnoName(fd)})`;
            throw new TsproxyError("TSP_ERR_SANDBOX", "conflict", message, "end the program that has the port in there");
        }
        const own = scope.servers.length > 0;
        this.forwarder = new Forwarder({
            nsFd: own ? this.nsFd : -1,
            servers: () => (this.scope.internal ? [] : own ? this.scope.servers : hostServers()),
        });
        this.udp = new UdpSocket(fds[0]);
        this.udp.receive((bytes, peer) => void this.reply(bytes, false, (reply) => this.udp.send(reply, peer)));
        this.tcp = createServer((socket) => this.converse(socket))
            .on("error", (error) => log.warn(`names by TCP in ${scope.id.slice(0, 12)}: ${error.message}`))
            .listen({ fd: fds[1] });
    }
    close() {
        this.udp.close();
        this.tcp.close();
        for (const socket of this.connections)
            socket.destroy();
        closeSync(this.nsFd);
    }
    async reply(bytes, overTcp, send) {
        const verdict = answer(bytes, this.scope, this.directory, overTcp);
        if (verdict.kind === "answer")
            send(verdict.bytes);
        if (verdict.kind === "forward")
            send(this.scope.internal ? refusal(bytes, RCODES.servFail) : await this.forwarder.ask(bytes, overTcp));
    }
    /** RFC 1035 §4.2.2: each message after two bytes of length; several may come, and be answered in any order. */
    converse(socket) {
        this.connections.add(socket);
        let received = Buffer.alloc(0);
        socket.setTimeout(IDLE_MS, () => socket.destroy());
        socket.on("error", () => socket.destroy()).on("close", () => this.connections.delete(socket));
        socket.on("data", (bytes) => {
            received = Buffer.concat([received, bytes]);
            while (received.length >= 2 && received.length >= 2 + received.readUInt16BE(0)) {
                const end = 2 + received.readUInt16BE(0);
                const message = Buffer.from(received.subarray(2, end));
                received = received.subarray(end);
                void this.reply(message, true, (reply) => {
                    const length = Buffer.alloc(2);
                    length.writeUInt16BE(reply.length);
                    if (!socket.destroyed)
                        socket.write(Buffer.concat([length, reply]));
                });
            }
        });
    }
}
//# sourceMappingURL=resolver.js.map