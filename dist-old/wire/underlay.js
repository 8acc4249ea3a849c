/**
 * What is before a frame on its way through the underlay: Ethernet, IPv4 (RFC 791) or IPv6 (RFC 8200), and UDP (RFC 768) headers around a VXLAN datagram.
 * They lie at any even offset, not at a multiple of 4 as other headers here do: the packet inside does. So they are read and written as halves.
 * IPv4 addresses are raw words, IPv6 addresses four of them (`raw.ts`).
 */
import { fold } from "./checksum.js";
import * as eth from "./ethernet.js";
import * as ipv4 from "./ipv4.js";
import * as ipv6 from "./ipv6.js";
import * as l4 from "./l4.js";
import { rawHalf } from "./raw.js";
/** TTL of what is sent. */
const HOPS = 64;
/** Offsets in the IP headers. */
const SRC4 = 12, DST4 = 16, SRC6 = 8, DST6 = 24;
const CHECKSUM4 = 10;
/** Explicit congestion notification (RFC 3168 §5): the lowest two bits of TOS and traffic class. */
const ECN_MASK = 3, ECT_0 = 2, CE = 3;
/** A raw word at an even offset. */
export function word(halves, off) {
    return halves[off >> 1] | (halves[(off + 2) >> 1] << 16);
}
function setWord(halves, off, value) {
    halves[off >> 1] = value;
    halves[(off + 2) >> 1] = value >>> 16;
}
/** Source and destination of an IPv4 header. */
export function src4(halves, ip) {
    return word(halves, ip + SRC4);
}
export function dst4(halves, ip) {
    return word(halves, ip + DST4);
}
/** Copies an IPv6 header's source, or destination, to `to[at]` and the next three. */
export function copySrc6(halves, ip, to, at) {
    for (let k = 0; k < 4; k++)
        to[at + k] = word(halves, ip + SRC6 + 4 * k);
}
export function copyDst6(halves, ip, to, at) {
    for (let k = 0; k < 4; k++)
        to[at + k] = word(halves, ip + DST6 + 4 * k);
}
/** Ethernet header with zeros for addresses but `macHi`, `macLo` as destination. */
export function emitEthernet(halves, off, macHi, macLo, type) {
    eth.setAddresses(halves, off, macHi, macLo, 0, 0);
    eth.setType(halves, off, type);
}
/** A 20-byte header for `payload` bytes of UDP; may be fragmented. `id`: raw half. */
export function emitIpv4(bytes, halves, ip, payload, tos, id, src, dst) {
    bytes[ip] = ipv4.PLAIN_FIRST_BYTE;
    bytes[ip + 1] = tos;
    halves[(ip + 2) >> 1] = rawHalf(ipv4.MIN_HEADER_SIZE + payload);
    halves[(ip + 4) >> 1] = id;
    halves[(ip + 6) >> 1] = 0;
    bytes[ip + 8] = HOPS;
    bytes[ip + 9] = ipv4.PROTO_UDP;
    setWord(halves, ip + SRC4, src);
    setWord(halves, ip + DST4, dst);
    ipv4.fillChecksum(bytes, halves, ip);
}
/** The same of IPv6; `flow`: flow label, of which the lowest 16 bits are used (RFC 6438). Source and destination: four raw words at `from[src]`, `from[dst]`. */
export function emitIpv6(bytes, halves, ip, payload, trafficClass, flow, from, src, dst) {
    ipv6.setTrafficClass(bytes, ip, trafficClass);
    halves[(ip + 2) >> 1] = flow;
    halves[(ip + 4) >> 1] = rawHalf(payload);
    bytes[ip + 6] = ipv4.PROTO_UDP;
    bytes[ip + 7] = HOPS;
    for (let k = 0; k < 4; k++) {
        setWord(halves, ip + SRC6 + 4 * k, from[src + k]);
        setWord(halves, ip + DST6 + 4 * k, from[dst + k]);
    }
}
/** Folded sum of the pseudo header before `len` bytes of UDP. */
export function pseudoSum(bytes, halves, ip, len) {
    const isIpv4 = bytes[ip] >> 4 === 4;
    const from = (ip + (isIpv4 ? SRC4 : SRC6)) >> 1;
    const count = isIpv4 ? 4 : 16;
    let sum = rawHalf(ipv4.PROTO_UDP) + rawHalf(len);
    for (let k = 0; k < count; k++)
        sum += halves[from + k];
    return fold(sum);
}
/** UDP header for `len` bytes, itself among them, without a checksum. Ports as raw halves. */
export function emitUdp(halves, udp, len, srcPort, dstPort) {
    halves[udp >> 1] = srcPort;
    halves[(udp + 2) >> 1] = dstPort;
    halves[(udp + 4) >> 1] = rawHalf(len);
    halves[(udp + l4.UDP_CHECKSUM) >> 1] = 0;
}
/** What the outer header says about congestion when the inner one has `tos` (RFC 6040 §4.1, normal mode; TOS is not carried along, as Docker does). */
export function ecnOutside(tos) {
    const ecn = tos & ECN_MASK;
    return ecn === CE ? ECT_0 : ecn; // as Linux: the outer header starts afresh
}
export function isCongested(tos) {
    return (tos & ECN_MASK) === CE;
}
/** Whether the sender understands that it is told of congestion. */
export function isEcnCapable(tos) {
    return (tos & ECN_MASK) !== 0;
}
/** Says in the IPv4 header at `ip` that there was congestion. */
export function setCongested4(bytes, halves, ip) {
    const before = halves[ip >> 1];
    bytes[ip + 1] = bytes[ip + 1] | CE;
    const change = fold((~before & 0xffff) + halves[ip >> 1]);
    const sum = (~halves[(ip + CHECKSUM4) >> 1] & 0xffff) + change;
    halves[(ip + CHECKSUM4) >> 1] = ~fold(sum);
}
/** The same of IPv6; the flow label stays. */
export function setCongested6(bytes, ip) {
    bytes[ip + 1] = bytes[ip + 1] | (CE << 4);
}
//# sourceMappingURL=underlay.js.map