import * as ct from "../table/conntrack.js";
import * as sctp from "../wire/sctp.js";
import { ipAt, totalLength } from "./packet.js";
import { turn } from "./turn.js";
/** Whether packet `i`, of SCTP, may open an association. */
export function isOpening(b, i) {
    const { bytes, words } = b.memory;
    return sctp.isOpening(bytes, words, b.l4[i], totalLength(b, i) - (b.l4[i] - ipAt(b, i)));
}
/** Whether a chunk of this type is sent only by who has, or believes to have, an association. */
export function isTraffic(type) {
    return type === sctp.DATA || type === sctp.SACK || type === sctp.HEARTBEAT || type === sctp.HEARTBEAT_ACK || type === sctp.I_DATA;
}
export function trackSctp(b, i, state, id, dir) {
    const { conntrack, now } = state;
    const { bytes, halves } = b.memory;
    const off = b.l4[i];
    const type = sctp.chunkType(bytes, off);
    const old = conntrack.state(id);
    let next = old;
    if (type === sctp.INIT) {
        next = afterInit(b, i, old, dir);
        if (next === REFUSED_INIT)
            return;
        conntrack.setAcked(id, dir ^ 1, sctp.initiateTagUpper(halves, off));
    }
    else {
        if (!hasTag(conntrack, id, dir, old, bytes, halves, off, type)) {
            if (type !== sctp.COOKIE_ACK || dir === 0 || (old !== ct.ASSOCIATED && old !== ct.SHUTDOWN))
                return;
            next = ct.SCTP_TAKEN_UP; // both ends agree on a restart
        }
        else {
            next = nextState(old, type, dir);
        }
        if (type === sctp.INIT_ACK && next === ct.COOKIE_ECHOED)
            conntrack.setAcked(id, dir ^ 1, sctp.initiateTagUpper(halves, off));
        if (next === ct.SCTP_TAKEN_UP || old === ct.SCTP_TAKEN_UP)
            conntrack.setAcked(id, dir, sctp.tagUpper(halves, off));
    }
    conntrack.touch(id, dir, now);
    if (next !== old)
        turn(state, id, next, now);
}
/** Answer of `afterInit` for an INIT that changes nothing, and so does not keep the flow alive. */
const REFUSED_INIT = -1;
function afterInit(b, i, old, dir) {
    if (!isOpening(b, i))
        return REFUSED_INIT;
    if (dir === 0)
        return old === ct.ASSOCIATED || old === ct.SHUTDOWN ? REFUSED_INIT : ct.COOKIE_WAIT;
    return old === ct.COOKIE_WAIT ? ct.COOKIE_ECHOED : REFUSED_INIT; // both open (§5.2.1)
}
/** Whether the packet of direction `dir` has the tag that its receiver asks for. */
function hasTag(conntrack, id, dir, state, bytes, halves, off, type) {
    const reflected = (type === sctp.ABORT || type === sctp.SHUTDOWN_COMPLETE) && sctp.isReflected(bytes, off);
    const end = reflected ? dir ^ 1 : dir;
    if (!isKnown(state, end))
        return state === ct.SCTP_TAKEN_UP;
    return sctp.tagUpper(halves, off) === conntrack.acked(id, end);
}
/** Whether the tag of packets of direction `end` is known: after an INIT the one of its answers, then both. */
function isKnown(state, end) {
    if (state === ct.SCTP_TAKEN_UP)
        return false;
    return state !== ct.COOKIE_WAIT || end === 1;
}
/** State after a packet that begins with a chunk of `type`, but INIT, in direction `dir` (0: from the side that opened). */
export function nextState(state, type, dir) {
    if (type === sctp.ABORT || type === sctp.SHUTDOWN_COMPLETE)
        return ct.ENDED;
    switch (state) {
        case ct.COOKIE_WAIT:
            return type === sctp.INIT_ACK && dir === 1 ? ct.COOKIE_ECHOED : state;
        case ct.COOKIE_ECHOED:
            return type === sctp.COOKIE_ACK ? ct.ASSOCIATED : state;
        case ct.SCTP_TAKEN_UP:
            return dir === 1 ? ct.ASSOCIATED : state;
        case ct.ASSOCIATED:
            return type === sctp.SHUTDOWN || type === sctp.SHUTDOWN_ACK ? ct.SHUTDOWN : state;
        case ct.SHUTDOWN:
            return state;
        default: // ENDED: an ABORT that was forged its alleged sender knows nothing of
            return isTraffic(type) ? ct.SCTP_TAKEN_UP : state;
    }
}
//# sourceMappingURL=track-sctp.js.map