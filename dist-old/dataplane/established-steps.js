/**
 * What the passes over established flows share (`established.ts`, `established6.ts`, `established-across.ts`). They are closures apart, so that V8
 * compiles each for its own family, and most of their steps are written out in each: as functions they cost 1 to 5 % (decision 0110).
 */
import { ASSURED, ESTABLISHED, stateWord } from "../table/conntrack.js";
import { ENDPOINT } from "../table/ports.js";
import * as eth from "../wire/ethernet.js";
import { PROTO_TCP, PROTO_UDP } from "../wire/ipv4.js";
import { TCP_FIN, TCP_RST, TCP_SYN } from "../wire/l4.js";
/** State words of flows whose packets need no other stage; the bits of their families are not in them. */
export const TCP_ESTABLISHED = stateWord(PROTO_TCP, ESTABLISHED), UDP_ASSURED = stateWord(PROTO_UDP, ASSURED);
/** Flags of segments that change a flow's state. */
export const TURNING = TCP_SYN | TCP_FIN | TCP_RST;
/** Whether a frame of an endpoint is addressed to the gateway, and from the endpoint's own MAC. */
export function isToGateway({ ports, networks }, halves, port, frame) {
    const own = ports.network[port];
    return (ports.kind[port] === ENDPOINT &&
        eth.dstLo(halves, frame) === networks.macLo[own] &&
        eth.dstHi(halves, frame) === networks.macHi[own] &&
        eth.srcLo(halves, frame) === ports.macLo[port] &&
        eth.srcHi(halves, frame) === ports.macHi[port]);
}
//# sourceMappingURL=established-steps.js.map