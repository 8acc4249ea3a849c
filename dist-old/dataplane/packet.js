/** What stages ask of a packet whatever its family (KIND_IPV4 or KIND_IPV6). */
import { KIND_IPV6 } from "../mem/batch.js";
import { ECHO } from "../table/conntrack.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
/** Offset of the IP header. */
export function ipAt(b, i) {
    return b.at[i] + VNET + ETHERNET;
}
/** Bytes from the IP header to the end of the packet. */
export function totalLength(b, i) {
    const ip = ipAt(b, i);
    if (b.kind[i] === KIND_IPV6)
        return ipv6.HEADER_SIZE + ipv6.payloadLength(b.memory.halves, ip);
    return ipv4.totalLength(b.memory.bytes, ip);
}
/** TTL, or hop limit. */
export function ttl(b, i) {
    return b.kind[i] === KIND_IPV6 ? ipv6.hopLimit(b.memory.bytes, ipAt(b, i)) : ipv4.ttl(b.memory.bytes, ipAt(b, i));
}
/** Precondition: it is above 0. */
export function decrementTtl(b, i) {
    if (b.kind[i] === KIND_IPV6)
        ipv6.decrementHopLimit(b.memory.bytes, ipAt(b, i));
    else
        ipv4.decrementTtl(b.memory.bytes, b.memory.halves, ipAt(b, i));
}
/** Folded sum of the pseudo header for `len` bytes of protocol `proto`. */
export function pseudoSum(b, i, proto, len) {
    if (b.kind[i] === KIND_IPV6)
        return ipv6.pseudoSum(b.memory.words, ipAt(b, i), proto, len);
    return ipv4.pseudoSum(b.memory.words, ipAt(b, i), proto, len);
}
/** Offset of the fragment header of an IPv6 packet, or -1. */
export function fragmentAt(b, i) {
    const ip = ipAt(b, i);
    return ipv6.fragmentAt(b.memory.bytes, ip, Math.min(totalLength(b, i), b.memory.headEnd(i) - ip));
}
/** First fragment of several, or a later one. */
export function isFragment(b, i) {
    if (b.kind[i] !== KIND_IPV6)
        return ipv4.isFragment(b.memory.halves, ipAt(b, i));
    const { bytes, halves } = b.memory;
    const at = fragmentAt(b, i);
    return at !== -1 && (ipv6.moreFragments(bytes, at) || ipv6.fragmentOffset(halves, at) > 0);
}
/** A fragment other than the first: it has no layer-4 header. */
export function isLaterFragment(b, i) {
    // Of IPv6 nothing else is without a protocol: hop-by-hop options, number 0, come before others.
    return b.kind[i] === KIND_IPV6 ? b.proto[i] === 0 : ipv4.isLaterFragment(b.memory.halves, ipAt(b, i));
}
export function isIcmp(proto) {
    return proto === ipv4.PROTO_ICMP || proto === icmpv6.PROTO_ICMPV6;
}
/** Of an ICMP message: whether it asks something, or answers. */
export function isQuery(b, i) {
    return b.kind[i] === KIND_IPV6 ? icmpv6.isQuery(b.memory.bytes, b.l4[i]) : icmp.isQuery(b.memory.bytes, b.l4[i]);
}
/** Of a query: whether it asks. */
export function isRequest(b, i) {
    return b.kind[i] === KIND_IPV6 ? icmpv6.isRequest(b.memory.bytes, b.l4[i]) : icmp.isRequest(b.memory.bytes, b.l4[i]);
}
/** State of a flow in which this query is asked. */
export function queryState(b, i) {
    return b.kind[i] === KIND_IPV6 ? ECHO : ECHO + icmp.query(b.memory.bytes, b.l4[i]);
}
//# sourceMappingURL=packet.js.map