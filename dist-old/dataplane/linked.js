/**
 * Whether a packet between endpoints of a network without ICC passes because one is linked to the other: the client's to the ports that the link
 * opens, the server's answers from these ports, and the ICMP errors about both. What would open something in the other direction does not pass: a
 * SYN of TCP, an INIT of SCTP. UDP has no such mark, so there the port counts alone, as with Docker's rules. Nothing is remembered: both
 * addresses are those of the endpoints that it goes from and to.
 */
import { KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { dstPort, srcPort } from "../wire/raw.js";
import * as sctp from "../wire/sctp.js";
import { ipAt, isIcmp, isLaterFragment, totalLength } from "./packet.js";
/** Of the quoted packet behind its IP header; RFC 792. */
const QUOTED = 8;
/** `port`: of the endpoint that it would go to. */
export function isLinked(b, i, state, network, port) {
    if (b.kind[i] !== KIND_IPV4 && b.kind[i] !== KIND_IPV6)
        return false;
    const { endpoints, links } = state;
    const src = b.src[i];
    const dst = b.dst[i];
    if (!links.join(src, dst) || endpoints.get(src, network) !== b.ingress[i] || endpoints.get(dst, network) !== port)
        return false;
    if (isLaterFragment(b, i))
        return true; // of no use without the first, which is looked at
    const proto = b.proto[i];
    if (isIcmp(proto))
        return isErrorAboutLink(b, i, state);
    const ports = b.ports[i];
    if (links.has(src, dst, proto, dstPort(ports)))
        return true;
    return links.has(dst, src, proto, srcPort(ports)) && !opens(b, i, proto);
}
/** Whether it asks for a connection. */
function opens(b, i, proto) {
    const { bytes } = b.memory;
    const at = b.l4[i];
    if (proto === ipv4.PROTO_TCP)
        return (l4.tcpFlags(bytes, at) & (l4.TCP_SYN | l4.TCP_ACK)) === l4.TCP_SYN;
    return proto === ipv4.PROTO_SCTP && sctp.chunkType(bytes, at) === sctp.INIT;
}
/** About a packet of the link's, in either direction: one that the error's receiver has sent to its sender. */
function isErrorAboutLink(b, i, { links }) {
    const { bytes, halves, words } = b.memory;
    const at = b.l4[i];
    const end = Math.min(ipAt(b, i) + totalLength(b, i), b.memory.headEnd(i));
    const inner = at + icmp.HEADER_SIZE;
    let proto;
    let innerL4;
    if (b.kind[i] === KIND_IPV4) {
        if (!icmp.isError(bytes, at) || inner + ipv4.MIN_HEADER_SIZE > end)
            return false;
        proto = ipv4.protocol(bytes, inner);
        innerL4 = inner + ipv4.headerSize(bytes, inner);
    }
    else {
        if (!icmpv6.isError(bytes, at) || inner + ipv6.HEADER_SIZE > end)
            return false;
        const chain = ipv6.layer4(bytes, halves, inner, end - inner);
        if (chain < 0)
            return false;
        proto = ipv6.layer4Proto(chain);
        innerL4 = inner + ipv6.layer4Offset(chain);
    }
    if (innerL4 + QUOTED > end)
        return false;
    const ports = l4.ports(words, innerL4);
    return links.has(b.dst[i], b.src[i], proto, dstPort(ports)) || links.has(b.src[i], b.dst[i], proto, srcPort(ports));
}
//# sourceMappingURL=linked.js.map