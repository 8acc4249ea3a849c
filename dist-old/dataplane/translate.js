/**
 * Turns a packet of one family into one of the other (RFC 7915 §4.1, §5.1): its IP header and what the virtio-net header says about it. Ports and the
 * checksums of TCP and UDP are `rewrite.ts`'s as ever: of a flow the delta of its addresses is the delta of the pseudo headers, since their other
 * fields have the same sum in both families.
 *
 * What follows the IP header stays where it is; the new header is written right before it, over the old one, and the frame starts so much earlier or
 * later: 20 bytes, or what options, extension headers and the fragment header make of it. That is what the headroom of packet memory is for. A
 * segmentation-offload frame stays whole; each of its segments will be 20 bytes longer or shorter.
 *
 * IPv4 options and IPv6 extension headers are left out, which is what the RFC says.
 */
import { KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import { DROP_NONE, DROP_UNTRANSLATABLE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as vnet from "../wire/vnet.js";
import { fragmentAt, ipAt, totalLength } from "./packet.js";
/** Up to this length a translated IPv4 packet may be fragmented on its way: who sent it as IPv6 did not think of a shorter link (§5.1). */
export const MAY_FRAGMENT = 1260;
/** Translates the headers of frame `i` for packets from `src` to `dst`, words of the other family. DROP_NONE, or why not; then nothing is changed. */
export function translate(b, i, state, src, dst) {
    return b.kind[i] === KIND_IPV6 ? toIpv4(b, i, state, src, dst) : toIpv6(b, i, state, src, dst);
}
function toIpv4(b, i, state, src, dst) {
    const { bytes, halves, words } = b.memory;
    const ip = ipAt(b, i);
    const end = ip + totalLength(b, i);
    const fragment = fragmentAt(b, i);
    const later = b.proto[i] === 0;
    const body = later ? fragment + ipv6.FRAGMENT_SIZE : b.l4[i];
    if (fragment !== -1 && body !== fragment + ipv6.FRAGMENT_SIZE)
        return DROP_UNTRANSLATABLE; // what is left out would count in the others' offsets
    const proto = later ? bytes[fragment] : b.proto[i];
    const hops = ipv6.hopLimit(bytes, ip);
    const trafficClass = ipv6.trafficClass(bytes, ip);
    const total = ipv4.MIN_HEADER_SIZE + end - body;
    const gso = vnet.isGso(bytes, b.at[i]);
    let id = 0;
    let place = gso || total > MAY_FRAGMENT ? ipv4.DONT_FRAGMENT : 0;
    if (fragment !== -1) {
        id = ipv6.identification(words, fragment) >>> 16;
        place = (ipv6.fragmentOffset(halves, fragment) >> 3) | (ipv6.moreFragments(bytes, fragment) ? ipv4.MORE_FRAGMENTS : 0);
    }
    else if (place === 0)
        id = state.random() & 0xffff;
    const head = body - ipv4.MIN_HEADER_SIZE;
    moveTo(b, i, head, body);
    ipv4.emitFragment(words, head, total, trafficClass, id, place, hops, proto, src, dst);
    setType(b, i, KIND_IPV4, vnet.GSO_TCPV4);
    return DROP_NONE;
}
function toIpv6(b, i, { addresses }, src, dst) {
    const { bytes, halves, words } = b.memory;
    const ip = ipAt(b, i);
    const body = ip + ipv4.headerSize(bytes, ip);
    const end = ip + totalLength(b, i);
    const fragment = ipv4.isFragment(halves, ip);
    const proto = ipv4.protocol(bytes, ip);
    const hops = ipv4.ttl(bytes, ip);
    const tos = ipv4.tos(bytes, ip);
    const id = ipv4.identification(halves, ip);
    const place = ipv4.fragmentPlace(halves, ip);
    const size = fragment ? ipv6.FRAGMENT_SIZE : 0;
    const head = body - size - ipv6.HEADER_SIZE;
    moveTo(b, i, head, body);
    ipv6.emit(bytes, halves, words, head, size + end - body, fragment ? ipv6.FRAGMENT : proto, hops);
    ipv6.setTrafficClass(bytes, head, tos);
    addresses.copy(src, words, (head >> 2) + ipv6.SRC_WORD);
    addresses.copy(dst, words, (head >> 2) + ipv6.DST_WORD);
    if (fragment)
        ipv6.emitFragment(bytes, halves, words, body - size, proto, place & ~ipv4.DONT_FRAGMENT, id);
    setType(b, i, KIND_IPV6, vnet.GSO_TCPV6);
    return DROP_NONE;
}
/** Lets frame `i` start such that its IP header is at `ip`; the virtio-net header goes with it, told where layer 4, at `l4`, is now. */
export function moveTo(b, i, ip, l4) {
    const { bytes, halves } = b.memory;
    const before = b.at[i];
    const at = ip - vnet.HEADER_SIZE - eth.HEADER_SIZE;
    b.at[i] = at;
    b.len[i] = b.len[i] + before - at;
    b.moved = true;
    vnet.moveStart(bytes, halves, before, at, l4);
}
/** Says of frame `i` that it is of family `kind` now; `tcpGso`: what TCP's segmentation is called there. */
export function setType(b, i, kind, tcpGso) {
    const { bytes, halves } = b.memory;
    const at = b.at[i];
    b.kind[i] = kind;
    eth.setType(halves, at + vnet.HEADER_SIZE, kind === KIND_IPV4 ? eth.TYPE_IPV4 : eth.TYPE_IPV6);
    vnet.setTcpGso(bytes, at, tcpGso);
}
//# sourceMappingURL=translate.js.map