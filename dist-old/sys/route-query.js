/**
 * Asks the kernel how it would route one packet: RTM_GETROUTE (rtnetlink(7)), in memory made once, since a worker asks for each new destination.
 * It answers as it would for the packet itself, rules and multipath included. Addresses and ports raw.
 *
 * For a packet that is sent on the kernel does not say which source its own would have. So it is asked three things: the way, as for a packet that
 * came in; the entry that this comes from, which may prefer a source; if it does not, the host's own source there, as its MASQUERADE has it: of
 * IPv4 the one next to the gateway, of IPv6 the one towards the destination by that device (RFC 6724 §5).
 */
import fs from "node:fs";
import { FOUND, isRefused, REFUSED_NO_ROUTE, REFUSED_PROHIBITED, REFUSED_SILENTLY, REFUSED_UNREACHABLE } from "../wire/route-answer.js";
import { native } from "./native.js";
import { attribute, message, NETLINK_ROUTE, NLMSG_ERROR, pack } from "./netlink.js";
import { AF_INET, AF_INET6, RTA } from "./rtnetlink-entries.js";
const RTM_GETROUTE = 26, NLM_F_REQUEST = 1, RTM_F_FIB_MATCH = 0x2000, RTN_UNICAST = 1, PROTO_ICMP = 1, PROTO_ICMPV6 = 58, PROTO_SCTP = 132;
/** asm-generic/errno.h. EINVAL: a blackhole. */
const EINTR = 4, EACCES = 13, EINVAL = 22, EHOSTUNREACH = 113;
/** Of a message: nlmsghdr, then rtmsg, then attributes, each after a header of 4 bytes; offsets. */
// biome-ignore format: a table
const TYPE_AT = 4, SEQUENCE_AT = 8, RTMSG_AT = 16, RTMSG_TYPE_AT = RTMSG_AT + 7, RTMSG_FLAGS_AT = RTMSG_AT + 8, ERRNO_AT = 16, ATTRIBUTES_AT = 28, ATTRIBUTE_HEADER = 4;
/** Of an address in words. */
const WORDS6 = 4;
class Request {
    /** `words`: of an address; `fields`: RTA_* of one address, or of four bytes or less. */
    constructor(words, ...fields) {
        this.at = new Map();
        const isAddress = (field) => field === RTA.DST || field === RTA.SRC;
        const sizeOf = (field) => isAddress(field) ? 4 * words : field === RTA.IP_PROTO ? 1 : field === RTA.SPORT || field === RTA.DPORT ? 2 : 4;
        const bits = 32 * words;
        const family = words === WORDS6 ? AF_INET6 : AF_INET;
        const header = pack("111111114", family, bits, fields.includes(RTA.SRC) ? bits : 0, 0, 0, 0, 0, 0, 0);
        let end = ATTRIBUTES_AT;
        for (const field of fields) {
            this.at.set(field, end + ATTRIBUTE_HEADER);
            end += ATTRIBUTE_HEADER + ((sizeOf(field) + 3) & ~3);
        }
        const attributes = fields.map((field) => attribute(field, new Uint8Array(sizeOf(field))));
        this.bytes = Uint8Array.from(message(RTM_GETROUTE, NLM_F_REQUEST, 0, header, ...attributes));
        this.view = new DataView(this.bytes.buffer);
    }
    /** The value's low bytes, as many as the field has. */
    set(field, value) {
        const at = this.at.get(field);
        if (field === RTA.IP_PROTO)
            this.view.setUint8(at, value);
        else if (field === RTA.SPORT || field === RTA.DPORT)
            this.view.setUint16(at, value, true);
        else
            this.view.setInt32(at, value, true);
        return this;
    }
    /** The address whose raw words begin at `words[from]`. */
    setAddress(field, words, from, count) {
        const at = this.at.get(field);
        for (let k = 0; k < count; k++)
            this.view.setInt32(at + 4 * k, words[from + k], true);
        return this;
    }
    flags(flags) {
        this.view.setUint32(RTMSG_FLAGS_AT, flags, true);
        return this;
    }
}
/** The questions of one family. */
class Questions {
    constructor(words) {
        this.words = words;
        this.toSendOn = new Request(words, RTA.DST, RTA.SRC, RTA.IIF, RTA.IP_PROTO);
        this.withPorts = new Request(words, RTA.DST, RTA.SRC, RTA.IIF, RTA.IP_PROTO, RTA.SPORT, RTA.DPORT);
        this.ofAny = new Request(words, RTA.DST, RTA.SRC, RTA.IIF);
        this.own = new Request(words, RTA.DST);
        this.ownByDevice = new Request(words, RTA.DST, RTA.OIF);
    }
}
export class RouteQuery {
    constructor() {
        /** Interface index that the last answer led out of. */
        this.device = 0;
        /** Source of the last answer about IPv6. */
        this.source6 = new Int32Array(WORDS6);
        this.hasGateway = false;
        this.hasPrefSrc = false;
        this.gateway = new Int32Array(WORDS6);
        this.prefSrc = new Int32Array(WORDS6);
        this.ends = new Int32Array(2);
        this.sequence = 0;
        this.fd = native.openNetlink(0, -1, NETLINK_ROUTE);
        this.answer = new Uint8Array(8192);
        this.view = new DataView(this.answer.buffer);
        this.ipv4 = new Questions(1);
        this.ipv6 = new Questions(WORDS6);
    }
    /** The source of a packet from `src` (0: the host's own) to `dst` that comes in at device `ingress`, or a REFUSED_*. */
    ask(src, dst, proto, ports, ingress) {
        this.ends[0] = src;
        this.ends[1] = dst;
        const answer = this.askFor(this.ipv4, this.ends, src === 0, proto, ports, ingress);
        if (answer !== FOUND)
            return answer;
        return isRefused(this.prefSrc[0]) ? REFUSED_NO_ROUTE : this.prefSrc[0];
    }
    /** The same of IPv6, source and destination in `ends`: FOUND, and the answer is in `source6`, or a REFUSED_*. */
    ask6(ends, proto, ports, ingress) {
        const isOwn = (ends[0] | ends[1] | ends[2] | ends[3]) === 0;
        const answer = this.askFor(this.ipv6, ends, isOwn, proto, ports, ingress);
        if (answer === FOUND)
            this.source6.set(this.prefSrc);
        return answer;
    }
    /** FOUND, and the source is in `prefSrc`; or a REFUSED_*. */
    askFor(q, ends, isOwn, proto, ports, ingress) {
        const { words } = q;
        if (isOwn)
            return this.look(q.own.setAddress(RTA.DST, ends, words, words), words) === 0 && this.hasPrefSrc ? FOUND : REFUSED_NO_ROUTE;
        const forward = forwardOf(q, proto, ports)
            .setAddress(RTA.DST, ends, words, words)
            .setAddress(RTA.SRC, ends, 0, words)
            .set(RTA.IIF, ingress);
        const errno = this.look(forward.flags(0), words);
        if (errno !== 0)
            return refusal(errno);
        const { device, hasGateway } = this;
        const isFound = (this.look(forward.flags(RTM_F_FIB_MATCH), words) === 0 && this.hasPrefSrc) || this.findOwn(q, ends, hasGateway, device);
        this.device = device;
        return isFound ? FOUND : REFUSED_NO_ROUTE;
    }
    /** Whether the host has a source of its own by the way out of `device`. `gateway` is that way's. */
    findOwn({ ownByDevice, words }, ends, hasGateway, device) {
        const [near, far] = hasGateway ? [this.gateway, 0] : [ends, words];
        const gateway = near.slice(far, far + words); // `look` reads another answer over it
        const ask = (to, at) => this.look(ownByDevice.setAddress(RTA.DST, to, at, words).set(RTA.OIF, device), words) === 0 && this.hasPrefSrc;
        // A route of a table that a rule leads to is no way of the host's own; a gateway with an address of the link has no other near it.
        return words === 1 ? ask(gateway, 0) : ask(ends, words) || ask(gateway, 0);
    }
    close() {
        fs.closeSync(this.fd);
    }
    /** 0 and the way in `device`, `gateway` and `prefSrc`; or an errno. */
    look(request, words) {
        this.sequence = (this.sequence + 1) | 0;
        request.view.setInt32(SEQUENCE_AT, this.sequence, true);
        const sent = native.send(this.fd, request.bytes);
        if (sent < 0)
            return -sent;
        for (;;) {
            const length = native.recv(this.fd, this.answer, 0);
            if (length === -EINTR)
                continue;
            if (length < 0)
                return -length;
            if (this.view.getInt32(SEQUENCE_AT, true) === this.sequence)
                return this.parse(length, words);
        }
    }
    parse(length, words) {
        const { view } = this;
        this.device = 0;
        this.hasGateway = false;
        this.hasPrefSrc = false;
        if (view.getUint16(TYPE_AT, true) === NLMSG_ERROR)
            return -view.getInt32(ERRNO_AT, true);
        if (view.getUint8(RTMSG_TYPE_AT) !== RTN_UNICAST)
            return EHOSTUNREACH;
        for (let at = ATTRIBUTES_AT; at + ATTRIBUTE_HEADER <= length;) {
            const size = view.getUint16(at, true);
            if (size < ATTRIBUTE_HEADER)
                break;
            const type = view.getUint16(at + 2, true);
            const from = at + ATTRIBUTE_HEADER;
            if (type === RTA.OIF)
                this.device = view.getInt32(from, true);
            else if (type === RTA.GATEWAY)
                this.hasGateway = this.read(this.gateway, from, size, words);
            else if (type === RTA.PREFSRC)
                this.hasPrefSrc = this.read(this.prefSrc, from, size, words);
            at += (size + 3) & ~3;
        }
        return 0;
    }
    read(to, at, size, words) {
        if (size !== ATTRIBUTE_HEADER + 4 * words)
            return false;
        for (let k = 0; k < words; k++)
            to[k] = this.view.getInt32(at + 4 * k, true);
        return true;
    }
}
function forwardOf(q, proto, ports) {
    if (proto === PROTO_SCTP)
        return q.ofAny;
    if (proto === PROTO_ICMP || proto === PROTO_ICMPV6)
        return q.toSendOn.set(RTA.IP_PROTO, proto);
    return q.withPorts
        .set(RTA.IP_PROTO, proto)
        .set(RTA.SPORT, ports)
        .set(RTA.DPORT, ports >>> 16);
}
function refusal(errno) {
    if (errno === EACCES)
        return REFUSED_PROHIBITED;
    if (errno === EHOSTUNREACH)
        return REFUSED_UNREACHABLE;
    return errno === EINVAL ? REFUSED_SILENTLY : REFUSED_NO_ROUTE;
}
//# sourceMappingURL=route-query.js.map