/**
 * Is a host up? One ICMP echo (RFC 792, RFC 4443 §4), which Node itself cannot send. The package `raw-socket` sends it where it is
 * installed (it must be compiled, so tsproxy does not bring it) and for IPv4, else a socket of the addon: a raw one with
 * CAP_NET_RAW, or one for pings alone where net.ipv4.ping_group_range lets us.
 */
import { closeSync } from "node:fs";
import { createRequire } from "node:module";
import { native, systemError } from "../sys/native.js";
import { ECHO_REPLY, emitEcho, HEADER_SIZE } from "../wire/icmp.js";
import { parseIp } from "../wire/ip-address.js";
const ECHO_SIZE = 16;
const ID = process.pid & 0xffff;
const IPV4_VERSION = 4;
/** RFC 4443 §4. The kernel fills in the checksum. */
const ECHO_IPV6 = 128, ECHO_REPLY_IPV6 = 129;
const MSG_DONTWAIT = 0x40; // include/linux/socket.h
/** Asks each address once, all by the sockets that the first echo opens. */
export class Pinger {
    constructor(timeoutMs, open = openEchoSocket) {
        this.timeoutMs = timeoutMs;
        this.open = open;
        this.waiting = new Map();
        this.ping = (address) => {
            const known = this.waiting.get(address);
            if (known !== undefined)
                return known.answer;
            if (this.socket === undefined)
                this.openSocket();
            if (this.socket === null || this.socket === undefined)
                return Promise.resolve(null);
            let settle = () => { };
            const answer = new Promise((resolve) => {
                settle = resolve;
            });
            this.waiting.set(address, { answer, settle });
            setTimeout(settle, this.timeoutMs, false);
            try {
                this.socket.send(address, echoRequest(isIpv6(address)));
            }
            catch {
                settle(false);
            }
            return answer;
        };
    }
    openSocket() {
        try {
            this.socket = this.open((source) => this.waiting.get(source)?.settle(true));
        }
        catch {
            this.socket = null; // not permitted
        }
    }
    close() {
        this.socket?.close();
        this.socket = null;
    }
}
/** Throws TSP_ERR_SYSCALL (permission) where the kernel lets us have no such socket. */
export function openEchoSocket(answered) {
    const ipv4 = openPackage(answered);
    if (ipv4 === null)
        return new AddonSocket(answered);
    const ipv6 = new AddonSocket(answered);
    return {
        send: (address, echo) => (isIpv6(address) ? ipv6 : ipv4).send(address, echo),
        close: () => {
            ipv4.close();
            ipv6.close();
        },
    };
}
function isIpv6(address) {
    return parseIp(address)?.family === 6;
}
function echoRequest(ofIpv6) {
    const { buffer } = new Uint16Array(ECHO_SIZE / 2);
    emitEcho(new Uint8Array(buffer), new Uint16Array(buffer), 0, ECHO_SIZE, ID, 1);
    const echo = Buffer.from(buffer);
    if (ofIpv6)
        echo[0] = ECHO_IPV6;
    return echo;
}
/** Whether that is an answer to one of ours: an ICMP message, behind its IPv4 header when a raw socket of IPv4 read it. */
function isAnswer(packet, length) {
    const hasHeader = packet[0] >> 4 === IPV4_VERSION; // an echo reply starts with 0
    const icmp = hasHeader ? (packet[0] & 15) * 4 : 0;
    if (length < icmp + HEADER_SIZE)
        return false;
    if (packet[icmp] === ECHO_REPLY_IPV6)
        return true; // the socket is connected to the one that is asked
    if (packet[icmp] !== ECHO_REPLY)
        return false;
    // A socket for pings alone has an identifier of its own, and reads no answers but its own.
    return !hasHeader || ((packet[icmp + 4] << 8) | packet[icmp + 5]) === ID;
}
/** A connected socket for each address. */
class AddonSocket {
    /** Tries one, so that it is known at once where none is permitted. */
    constructor(answered) {
        this.answered = answered;
        this.open = [];
        try {
            closeSync(connect("127.0.0.1"));
        }
        catch (error) {
            if (error.kind === "permission")
                throw error;
        }
    }
    send(address, echo) {
        const fd = connect(address);
        const packet = new Uint8Array(128);
        const watch = native.watch(fd, () => {
            const length = native.recv(fd, packet, MSG_DONTWAIT);
            if (length > 0 && isAnswer(packet, length))
                this.answered(address);
        });
        this.open.push({ fd, watch });
        const sent = native.send(fd, echo);
        if (sent < 0)
            throw systemError("send(ICMP)", sent);
    }
    close() {
        for (const { fd, watch } of this.open.splice(0)) {
            native.unwatch(watch);
            closeSync(fd);
        }
    }
}
function connect(address) {
    const fd = native.icmpConnect(address);
    if (fd < 0)
        throw systemError("socket(ICMP)", fd, "run as root, or grant CAP_NET_RAW");
    return fd;
}
/** One raw socket for all addresses; null when the package is not installed, not compiled, or not permitted. */
function openPackage(answered) {
    try {
        const require = createRequire(import.meta.url);
        const raw = require("raw-socket");
        const socket = raw.createSocket({ protocol: raw.Protocol.ICMP });
        socket.on("message", (packet, source) => {
            if (isAnswer(packet, packet.length))
                answered(source);
        });
        socket.on("error", () => { });
        return {
            send: (address, echo) => socket.send(echo, 0, echo.length, address, () => { }),
            close: () => socket.close(),
        };
    }
    catch {
        return null;
    }
}
//# sourceMappingURL=ping.js.map