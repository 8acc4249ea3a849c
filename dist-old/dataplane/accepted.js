/**
 * Packets that the host's kernel has accepted for a published port (`steer/accept-program.ts`), made into what comes by the uplink, or by an
 * endpoint's own port: from here on they differ from that only by `Batch.device`.
 *
 * The kernel has looked at all but the checksum of long TCP segments, which it would check when a program reads: so here it is checked. And
 * where it is partial, as of what a program on this machine has sent, that is written into the virtio-net header, as a TAP has it. Of SCTP the
 * kernel has looked at no checksum at all.
 * A datagram for a broadcast or multicast address becomes one for the host's own address on the way to its sender: so the target
 * gets it as a program on the host would, and the answer comes from that address.
 * A frame that another node has sent so (`decapsulate.ts`) stays what it is, but for its checksum.
 */
import { KIND_IPV4, KIND_IPV6, ROUTE, UNDECIDED } from "../mem/batch.js";
import { fdbKey } from "../table/fdb.js";
import { ENDPOINT, REMOTE } from "../table/ports.js";
import { isLinkLocal } from "../wire/address-word.js";
import { fold, sum } from "../wire/checksum.js";
import * as drop from "../wire/drop.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { isRefused } from "../wire/route-answer.js";
import * as sctp from "../wire/sctp.js";
import * as vnet from "../wire/vnet.js";
import { isNobodys } from "./flow-lookup.js";
import { ipAt, isFragment, pseudoSum, totalLength } from "./packet.js";
/** Interface index of lo, in every network namespace (LOOPBACK_IFINDEX of include/net/flow.h). */
export const LOOPBACK = 1;
export function accepted(b, state) {
    for (let i = 0; i < b.count; i++) {
        if (b.device[i] === 0)
            continue;
        if (state.ports.kind[b.ingress[i]] === REMOTE) {
            fromNode(b, i);
            continue;
        }
        if (b.egress[i] !== ROUTE || isNobodys(b, i))
            continue;
        const reason = check(b, i);
        const port = isLinkLocal(b.src[i]) ? originOnLink(b, i, state) : origin(b.device[i], state, b.src[i]);
        b.ingress[i] = port === -1 ? state.ports.uplink : port;
        if (reason !== drop.DROP_NONE || port === -1) {
            b.drop(i, port === -1 ? drop.DROP_SOURCE_SPOOFED : reason);
            continue;
        }
        // A broadcast address of a network is none of the host's own either. Others that are not may be so for the kernel alone (AnyIP).
        if (b.proto[i] === ipv4.PROTO_UDP && state.isGroup(b.dst[i]))
            toOwnAddress(b, i, state);
    }
}
/** A frame that came in a datagram to our end of the tunnels: of the packet inside the kernel has looked at nothing. */
function fromNode(b, i) {
    const isIp = b.kind[i] === KIND_IPV4 || b.kind[i] === KIND_IPV6;
    if (b.egress[i] !== UNDECIDED || !isIp || (b.proto[i] !== ipv4.PROTO_TCP && b.proto[i] !== ipv4.PROTO_UDP) || isFragment(b, i))
        return;
    const reason = check(b, i);
    if (reason !== drop.DROP_NONE)
        b.drop(i, reason);
}
/**
 * Port by which the sender's other packets come: an endpoint's own, if the kernel had its packet from the network's device; else the uplink. -1
 * when an address of an own network came from elsewhere, or is no endpoint's.
 */
function origin(device, state, src) {
    const { endpoints, networks, ports } = state;
    if (device === LOOPBACK)
        return ports.uplink;
    const network = networks.of(src);
    if (network === -1 || state.isLocal(src))
        return ports.uplink;
    return device === networks.hostDevice[network] ? endpoints.get(src, network) : -1;
}
/** The same of a sender with a link-local address, which says nothing about its network: the device does, and the MAC that the address comes of. */
function originOnLink(b, i, state) {
    const { bytes, halves } = b.memory;
    const { fdb, networks, ports } = state;
    const device = b.device[i];
    const at = ipv6.srcAt(ipAt(b, i));
    for (let network = 0; network < networks.end; network++) {
        if (networks.hostDevice[network] !== device)
            continue;
        const port = fdb.lookup(fdbKey(ipv6.macHiOf(halves, at), network), ipv6.macLoOf(bytes, at));
        const own = port !== -1 && ports.kind[port] === ENDPOINT && ipv6.isLinkLocalOf(halves, at, ports.macHi[port], ports.macLo[port]);
        return own ? port : -1;
    }
    return ports.uplink;
}
/** DROP_NONE for a TCP segment or UDP datagram with a right checksum, which the header then says to be whole or partial. */
function check(b, i) {
    const { bytes, halves } = b.memory;
    const at = b.at[i];
    const off = b.l4[i];
    const proto = b.proto[i];
    if (proto === ipv4.PROTO_SCTP && !isFragment(b, i))
        return checkSctp(b, i, off);
    if ((proto !== ipv4.PROTO_TCP && proto !== ipv4.PROTO_UDP) || isFragment(b, i))
        return drop.DROP_PROTOCOL;
    if (vnet.isPartial(bytes, halves, at, off))
        return drop.DROP_NONE; // segments put together: the program knows that
    const field = proto === ipv4.PROTO_TCP ? l4.TCP_CHECKSUM : l4.UDP_CHECKSUM;
    const found = halves[(off + field) >> 1];
    if (proto === ipv4.PROTO_UDP && found === 0)
        return drop.DROP_NONE;
    const len = totalLength(b, i) - (off - ipAt(b, i));
    const pseudo = pseudoSum(b, i, proto, len);
    const inHead = Math.min(len, b.memory.headEnd(i) - off);
    let all = pseudo + sum(halves, bytes, off, inHead);
    if (len > inHead)
        all += sum(halves, bytes, b.memory.tailAt(b.tail[i]), len - inHead);
    if (fold(all) === 0xffff)
        return drop.DROP_NONE;
    if (found !== pseudo)
        return drop.DROP_BAD_CHECKSUM;
    vnet.setPartial(bytes, halves, at, off, field);
    return drop.DROP_NONE;
}
/** As `check`, of an SCTP packet. Nobody else looks at its checksum. A sender on this machine may have left it to the device: there is none in it then. */
function checkSctp(b, i, off) {
    const { bytes, words } = b.memory;
    const len = totalLength(b, i) - (off - ipAt(b, i));
    const inHead = Math.min(len, b.memory.headEnd(i) - off);
    const tail = len > inHead ? b.memory.tailAt(b.tail[i]) : 0;
    const right = sctp.compute(bytes, off, inHead, tail, len - inHead);
    if (sctp.checksum(words, off) === right)
        return drop.DROP_NONE;
    if (sctp.checksum(words, off) !== 0)
        return drop.DROP_BAD_CHECKSUM;
    sctp.setChecksum(words, off, right);
    return drop.DROP_NONE;
}
function toOwnAddress(b, i, state) {
    const { bytes, halves, words } = b.memory;
    const { addresses } = state;
    const ip = ipAt(b, i);
    const src = b.src[i];
    const own = state.ways.sourceTo(src, state.now);
    if (isRefused(own)) {
        b.drop(i, drop.DROP_NO_ROUTE);
        return;
    }
    const off = b.l4[i];
    const change = addresses.delta(b.dst[i], own);
    l4.updateUdpChecksum(halves, off, vnet.isPartial(bytes, halves, b.at[i], off), change, change);
    b.dst[i] = own;
    if (b.kind[i] === KIND_IPV6)
        addresses.copy(own, words, (ip >> 2) + ipv6.DST_WORD);
    else
        ipv4.setAddresses(words, halves, ip, src, own, change);
}
//# sourceMappingURL=accepted.js.map