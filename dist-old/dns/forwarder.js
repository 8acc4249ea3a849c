/** Asks other servers, one after another, for what is not known here; with Docker's limits (libnetwork's resolver.go). */
import { randomInt } from "node:crypto";
import dgram from "node:dgram";
import { isIPv6, Socket } from "node:net";
import { native } from "../sys/native.js";
import { parseIp, sameIp } from "../wire/ip-address.js";
import { RCODES, refusal } from "./answer.js";
/** Servers that are tried for a question. */
const MAX_SERVERS = 3;
const TIMEOUT_MS = 4000;
/** Questions at a time; what is more is refused. */
const MAX_PENDING = 1024;
const PORT = 53;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
export class Forwarder {
    constructor(options) {
        this.options = options;
        this.pending = 0;
    }
    /** Never rejects: what nobody answers is answered by SERVFAIL. */
    async ask(query, overTcp) {
        if (this.pending >= MAX_PENDING)
            return refusal(query, RCODES.refused);
        this.pending++;
        let last;
        try {
            for (const server of this.options.servers().slice(0, MAX_SERVERS)) {
                const reply = await (overTcp ? this.byTcp(server, query) : this.byUdp(server, query));
                if (reply === undefined)
                    continue;
                last = reply;
                const rcode = reply[3] & 15;
                if (rcode !== RCODES.servFail && rcode !== RCODES.refused)
                    break;
            }
        }
        finally {
            this.pending--;
        }
        return last ?? refusal(query, RCODES.servFail);
    }
    /** With an id and a source port that are hard to guess (RFC 5452 §9). */
    byUdp(server, query) {
        const family = isIPv6(server) ? 6 : 4;
        const socket = dgram.createSocket(family === 6 ? "udp6" : "udp4");
        const asked = Buffer.from(query);
        asked.writeUInt16BE(randomInt(0x1_0000), 0);
        return new Promise((resolve) => {
            const done = (reply) => {
                clearTimeout(timer);
                socket.close();
                resolve(reply);
            };
            const timer = setTimeout(done, this.options.timeoutMs ?? TIMEOUT_MS, undefined);
            socket.on("error", () => done(undefined));
            socket.on("message", (reply, from) => {
                if (isFrom(server, from.address) && from.port === (this.options.port ?? PORT) && isReply(asked, reply))
                    done(withId(reply, query));
            });
            try {
                const send = () => socket.send(asked, this.options.port ?? PORT, server, (error) => error && done(undefined));
                if (this.options.nsFd === -1)
                    send();
                else
                    socket.bind({ fd: native.socket(family === 6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0, this.options.nsFd), exclusive: true }, send);
            }
            catch {
                done(undefined); // its namespace has no such family
            }
        });
    }
    byTcp(server, query) {
        return new Promise((resolve) => {
            let socket;
            let received = Buffer.alloc(0);
            const done = (reply) => {
                clearTimeout(timer);
                socket?.destroy();
                resolve(reply);
            };
            const timer = setTimeout(done, this.options.timeoutMs ?? TIMEOUT_MS, undefined);
            try {
                const { nsFd } = this.options;
                socket = new Socket(nsFd === -1 ? {} : { fd: native.socket(isIPv6(server) ? AF_INET6 : AF_INET, SOCK_STREAM, 0, nsFd) });
                socket.on("error", () => done(undefined)).on("end", () => done(undefined));
                socket.on("data", (bytes) => {
                    received = Buffer.concat([received, bytes]);
                    if (received.length < 2 || received.length < 2 + received.readUInt16BE(0))
                        return;
                    const reply = received.subarray(2, 2 + received.readUInt16BE(0));
                    done(isReply(query, reply) ? withId(reply, query) : undefined);
                });
                socket.connect(this.options.port ?? PORT, server, () => {
                    const length = Buffer.alloc(2);
                    length.writeUInt16BE(query.length);
                    socket.write(Buffer.concat([length, query]));
                });
            }
            catch {
                done(undefined);
            }
        });
    }
}
/** Whoever else guesses our port and id is not heard. The zone of a link-local address is that of the socket. */
function isFrom(server, address) {
    const [a, b] = [server, address].map((text) => parseIp(text.replace(/%.*/, "")));
    return a !== null && b !== null && sameIp(a, b);
}
/** To this very question: id, and the question itself, letter by letter. */
function isReply(asked, reply) {
    if (reply.length < 12 || reply.readUInt16BE(0) !== asked.readUInt16BE(0) || (reply[2] & 0x80) === 0)
        return false;
    if (reply.readUInt16BE(4) === 0)
        return true; // an error without the question
    let end = 12;
    while (end < asked.length && asked[end] !== 0)
        end += asked[end] + 1;
    return asked.subarray(12, end + 5).equals(reply.subarray(12, end + 5));
}
function withId(reply, query) {
    const out = Buffer.from(reply);
    query.copy(out, 0, 0, 2);
    return out;
}
//# sourceMappingURL=forwarder.js.map