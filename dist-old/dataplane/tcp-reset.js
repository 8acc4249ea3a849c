/**
 * Answers a segment of a connection that nobody knows with a reset (RFC 9293 §3.10.7.1), so that its sender does not hang. No more than so many a
 * second: the sender's address may be forged, and the answer then goes to who has it.
 */
import { KIND_IPV6, NO_FLOW } from "../mem/batch.js";
import { isGroup, isUnspecified } from "../wire/address-word.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { mayAnswer } from "./icmp-answer.js";
import { ipAt, pseudoSum } from "./packet.js";
const TTL = 64;
/** Turns frame `i`, which `parse` has seen, into the reset; false, and nothing is changed, where there is to be none. */
export function reset(b, i, state) {
    const { bytes, halves, words } = b.memory;
    if (b.proto[i] !== ipv4.PROTO_TCP || state.awaitsFormer || !mayAnswer(state, b.ingress[i]))
        return false;
    const old = b.l4[i];
    // Nothing answers a reset, and who opens a connection is answered by who knows whether it may.
    if ((l4.tcpFlags(bytes, old) & (l4.TCP_RST | l4.TCP_ACK)) !== l4.TCP_ACK)
        return false;
    const sender = b.src[i];
    if (isGroup(b.dst[i]) || isGroup(sender) || isUnspecified(sender))
        return false;
    state.icmpErrors++;
    state.icmpErrorsTo[b.ingress[i]]++;
    const ports = swapPorts(l4.ports(words, old));
    const expected = words[(old + l4.TCP_ACKNOWLEDGMENT) >> 2];
    const off = turnRound(b, i, state, l4.TCP_MIN_HEADER_SIZE);
    const pseudo = pseudoSum(b, i, ipv4.PROTO_TCP, l4.TCP_MIN_HEADER_SIZE);
    l4.emitReset(bytes, halves, words, off, ports, expected, 0, l4.TCP_RST, pseudo);
    return true;
}
/** Makes frame `i` one of the same protocol the other way, with `size` bytes of layer 4, to be written; answers where they begin. */
export function turnRound(b, i, state, size) {
    const off = putIpHeader(b, i, state, size);
    vnet.emit(b.memory.halves, b.at[i]);
    b.len[i] = eth.HEADER_SIZE + off - ipAt(b, i) + size;
    b.flow[i] = NO_FLOW;
    b.egress[i] = b.ingress[i];
    b.mark[i] = 0;
    b.routed[i] = 1;
    return off;
}
function putIpHeader(b, i, { addresses }, size) {
    const { bytes, halves, words } = b.memory;
    const ip = ipAt(b, i);
    const proto = b.proto[i];
    if (b.kind[i] !== KIND_IPV6) {
        ipv4.emit(bytes, halves, words, ip, ipv4.MIN_HEADER_SIZE + size, TTL, proto, b.dst[i], b.src[i]);
        return ip + ipv4.MIN_HEADER_SIZE;
    }
    ipv6.emit(bytes, halves, words, ip, size, proto, TTL);
    addresses.copy(b.dst[i], words, (ip >> 2) + ipv6.SRC_WORD);
    addresses.copy(b.src[i], words, (ip >> 2) + ipv6.DST_WORD);
    return ip + ipv6.HEADER_SIZE;
}
//# sourceMappingURL=tcp-reset.js.map