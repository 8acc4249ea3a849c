/**
 * Gives each packet of a flow the addresses and ports of its translation, corrects the checksums by the flow's deltas (RFC 1624), and
 * picks the egress port. Where the flow's other end is of the other family, the packet becomes one of that (`translate.ts`). A partial checksum (NEEDS_CSUM) stays partial, a segmentation-offload frame stays whole.
 */
import { KIND_IPV4, KIND_IPV6, MARK_MAY_FRAGMENT, NO_FLOW, ROUTE } from "../mem/batch.js";
import { EGRESS_KEEP_TTL, EGRESS_PORT } from "../table/conntrack.js";
import { isIpv6 } from "../wire/address-word.js";
import { fold, sum } from "../wire/checksum.js";
import { DROP_NONE } from "../wire/drop.js";
import { HEADER_SIZE as ETHERNET } from "../wire/ethernet.js";
import * as icmp from "../wire/icmp.js";
import * as icmpv6 from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import * as sctp from "../wire/sctp.js";
import * as vnet from "../wire/vnet.js";
import { ipAt, pseudoSum, totalLength } from "./packet.js";
import { translate } from "./translate.js";
/** A frame of the host's own up to this long fits into one packet on any way out, in bytes. */
export const FITS = 1280;
export function rewrite(b, state) {
    const { bytes, halves, words } = b.memory;
    const { addresses: table, conntrack } = state;
    for (let i = 0; i < b.count; i++) {
        const ref = b.flow[i];
        if (ref === NO_FLOW || b.egress[i] !== ROUTE)
            continue;
        const id = ref >> 1;
        const dir = ref & 1;
        const off = b.l4[i];
        const addresses = conntrack.addressDelta(id, dir);
        const all = conntrack.allDelta(id, dir);
        const before = b.at[i];
        const partial = vnet.isPartial(bytes, halves, before, off);
        const newSrc = conntrack.newSrc(id, dir);
        const newDst = conntrack.newDst(id, dir);
        // What the kernel has put together is whole as long as it is here; and of what became IPv6 we are the sender.
        let whole = b.device[i] !== 0 && b.proto[i] === ipv4.PROTO_UDP;
        const isOther = isIpv6(newDst) !== (b.kind[i] === KIND_IPV6);
        if (isOther && b.kind[i] === KIND_IPV4)
            whole ||= ipv4.mayFragment(halves, ipAt(b, i));
        let withoutSum = false; // a datagram without a checksum becomes IPv6
        if (isOther) {
            withoutSum = b.proto[i] === ipv4.PROTO_UDP && b.kind[i] === KIND_IPV4 && !partial && halves[(off + l4.UDP_CHECKSUM) >> 1] === 0;
            const reason = translate(b, i, state, newSrc, newDst);
            if (reason !== DROP_NONE) {
                b.drop(i, reason);
                continue;
            }
        }
        else if (b.kind[i] === KIND_IPV6) {
            const w = (b.at[i] + vnet.HEADER_SIZE + ETHERNET) >> 2;
            table.copy(newSrc, words, w + ipv6.SRC_WORD);
            table.copy(newDst, words, w + ipv6.DST_WORD);
        }
        else {
            ipv4.setAddresses(words, halves, b.at[i] + vnet.HEADER_SIZE + ETHERNET, newSrc, newDst, addresses);
        }
        const at = b.at[i];
        const ports = conntrack.newPorts(id, dir);
        const proto = b.proto[i]; // 0: a later fragment, which has an IP header alone
        if (proto === ipv4.PROTO_TCP) {
            l4.setPorts(words, off, ports);
            l4.updateTcpChecksum(halves, off, partial, addresses, all);
            if (vnet.isGso(bytes, at))
                vnet.setHdrLen(halves, at, off + l4.tcpHeaderSize(bytes, off) - at - vnet.HEADER_SIZE);
        }
        else if (proto === ipv4.PROTO_UDP) {
            l4.setPorts(words, off, ports);
            l4.updateUdpChecksum(halves, off, partial, addresses, all);
            if (withoutSum)
                putUdpChecksum(b, i);
            if (at !== before && vnet.isGso(bytes, at))
                vnet.setHdrLen(halves, at, off + l4.UDP_HEADER_SIZE - at - vnet.HEADER_SIZE);
        }
        else if (proto === ipv4.PROTO_SCTP) {
            sctp.setPorts(words, off, ports, totalLength(b, i) - (off - ipAt(b, i)));
        }
        else if (proto === ipv4.PROTO_ICMP || proto === icmpv6.PROTO_ICMPV6) {
            icmp.setIdentifier(halves, off, ports & 0xffff, all);
        }
        const egress = conntrack.egress(id, dir);
        // From a program on this host, by lo, whose packets are large: the way out is the first to need fragments, and the sender's kernel allows them.
        const isLarge = (egress & EGRESS_KEEP_TTL) !== 0 || (isOther && whole);
        if (isLarge && b.kind[i] === KIND_IPV4 && proto === ipv4.PROTO_UDP && b.len[i] > FITS)
            ipv4.allowFragments(halves, at + vnet.HEADER_SIZE + ETHERNET);
        b.egress[i] = egress & EGRESS_PORT;
        b.mark[i] = whole && b.kind[i] === KIND_IPV6 && !vnet.isGso(bytes, at) ? egress | MARK_MAY_FRAGMENT : egress;
        b.routed[i] = 1;
    }
}
/** IPv6 knows no datagram without a checksum (RFC 8200 §8.1), so one that was IPv4 gets it (RFC 7915 §4.5). */
function putUdpChecksum(b, i) {
    const { bytes, halves } = b.memory;
    const off = b.l4[i];
    const len = l4.udpLength(bytes, off);
    const inHead = Math.min(len, b.memory.headEnd(i) - off);
    let all = pseudoSum(b, i, ipv4.PROTO_UDP, len) + sum(halves, bytes, off, inHead);
    if (len > inHead)
        all += sum(halves, bytes, b.memory.tailAt(b.tail[i]), len - inHead);
    halves[(off + l4.UDP_CHECKSUM) >> 1] = ~fold(all) & 0xffff || 0xffff;
}
//# sourceMappingURL=rewrite.js.map