/**
 * A UDP socket that answers from the very address that a datagram was sent to. A wildcard socket of Node leaves that to the route back, so on a
 * host with several addresses a client may hear from one that it never asked.
 */
import { closeSync } from "node:fs";
import { addressPort } from "../wire/address-port.js";
import { formatIpv4 } from "../wire/ipv4-address.js";
import { errnoName, native } from "./native.js";
const PEER_SIZE = 48; // struct peer of native/udp.c
const AF_INET = 2; // include/linux/socket.h
const MAX_DATAGRAM = 65_535;
/** Datagrams read before others have their turn; libuv takes as many. */
const BURST = 32;
const datagram = Buffer.allocUnsafeSlow(MAX_DATAGRAM);
export class UdpSocket {
    /** Takes over a bound socket: `close` closes it, as does a failure. */
    constructor(fd) {
        this.fd = fd;
        const errno = native.udpTellTo(fd);
        if (errno === 0)
            return;
        closeSync(fd);
        throw socketError("setsockopt", errno);
    }
    /** Port 0: a free one. Throws an Error with the system's `code`: EADDRINUSE, EADDRNOTAVAIL, EACCES. An IPv6 address takes IPv6 alone. */
    static bind(address, port) {
        const fd = native.udpBind(address, port);
        if (fd < 0)
            throw socketError(`bind ${addressPort(address, port)}`, fd);
        return new UdpSocket(fd);
    }
    get port() {
        return native.boundTo(this.fd)?.[1] ?? 0;
    }
    /** Calls back with each datagram; both arguments are the callee's to keep. Once. */
    receive(callback) {
        this.handle = native.watch(this.fd, () => {
            for (let i = 0; i < BURST && this.handle !== undefined; i++) {
                const from = Buffer.allocUnsafe(PEER_SIZE);
                const length = native.udpRecv(this.fd, datagram, from);
                if (length < 0)
                    return; // nothing more, or an error that is gone with this
                callback(Buffer.from(datagram.subarray(0, length)), from);
            }
        });
    }
    /** Answers `peer`; nothing once closed. What cannot be sent at once is lost, as datagrams are. */
    send(bytes, peer) {
        if (this.handle !== undefined)
            native.udpSend(this.fd, bytes, peer);
    }
    close() {
        if (this.handle !== undefined)
            native.unwatch(this.handle);
        this.handle = undefined;
        closeSync(this.fd);
    }
}
/** The sender's address as text: dotted, also on a socket for both families, or eight groups of hexadecimal digits. */
export function peerAddress(peer) {
    // sockaddr_in: family (host order), port, address; sockaddr_in6: family, port, flow information, address
    const isIpv4 = peer[0] === AF_INET || peer[1] === AF_INET;
    const groups = Array.from({ length: 8 }, (_, i) => peer.readUInt16BE(8 + 2 * i));
    const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0); // ::ffff:a.b.c.d
    if (isIpv4 || isMapped)
        return formatIpv4(peer.readInt32BE(isIpv4 ? 4 : 20));
    return groups.map((group) => group.toString(16)).join(":");
}
function socketError(what, errno) {
    const code = errnoName(errno);
    return Object.assign(new Error(`${what}: ${code}`), { code });
}
//# sourceMappingURL=udp-socket.js.map