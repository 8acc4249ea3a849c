import { isGroup, isUnspecified } from "../wire/address-word.js";
import * as icmp from "../wire/icmp.js";
import * as ipv4 from "../wire/ipv4.js";
import * as l4 from "../wire/l4.js";
import { swapPorts } from "../wire/raw.js";
import * as sctp from "../wire/sctp.js";
import { answer, mayAnswer } from "./icmp-answer.js";
import { ipAt, pseudoSum, totalLength } from "./packet.js";
import { turnRound } from "./tcp-reset.js";
/** Turns frame `i` into the refusal; false, and nothing is changed, where there is to be none. */
export function refuseOpening(b, i, state) {
    const proto = b.proto[i];
    if (proto === ipv4.PROTO_UDP)
        return answer(b, i, state, icmp.UNREACHABLE, icmp.PORT_UNREACHABLE);
    if (isGroup(b.dst[i]) || isGroup(b.src[i]) || isUnspecified(b.src[i]) || !mayAnswer(state, b.ingress[i]))
        return false;
    state.icmpErrors++;
    state.icmpErrorsTo[b.ingress[i]]++;
    if (proto === ipv4.PROTO_TCP)
        reset(b, i, state);
    else
        abort(b, i, state);
    return true;
}
/** Frame `i` is a SYN without ACK. */
function reset(b, i, state) {
    const { bytes, halves, words } = b.memory;
    const old = b.l4[i];
    const data = totalLength(b, i) - (old - ipAt(b, i)) - l4.tcpHeaderSize(bytes, old);
    const ports = swapPorts(l4.ports(words, old));
    const acknowledgment = l4.tcpNumberAfter(words[(old + l4.TCP_SEQUENCE) >> 2], 1 + data);
    const off = turnRound(b, i, state, l4.TCP_MIN_HEADER_SIZE);
    const pseudo = pseudoSum(b, i, ipv4.PROTO_TCP, l4.TCP_MIN_HEADER_SIZE);
    l4.emitReset(bytes, halves, words, off, ports, 0, acknowledgment, l4.TCP_RST | l4.TCP_ACK, pseudo);
}
/** Frame `i` is an INIT. */
function abort(b, i, state) {
    const { bytes, words } = b.memory;
    const old = b.l4[i];
    const ports = swapPorts(l4.ports(words, old));
    const tag = sctp.initiateTag(words, old);
    sctp.emitAbort(bytes, words, turnRound(b, i, state, sctp.ABORT_SIZE), ports, tag);
}
//# sourceMappingURL=refuse-opening.js.map