/**
 * Fragments of what is to be routed. The first one has the ports and goes the way of any packet; here it is noted, and the later ones get
 * its flow and then new addresses alone. They are sent on one by one; nothing is put together, so what a receiver gets are the fragments that
 * the sender made.
 *
 * One that comes before the first is copied and waits for it (RFC 4787 REQ-14): then it goes through all stages once more (`engine/engine.ts`).
 * From an endpoint to the host it goes there as well: if the first one is of no flow, the host puts them together itself. In the
 * same way `steer` leaves to the host what it copies to us (`steer/steer-program.ts`).
 *
 * No byte of a datagram passes twice: with a fragment that covers a part of what another one has, all of it is refused from then on
 * (RFC 5722, RFC 1858). One that says the same bytes again is dropped, as the receiver would.
 *
 * Runs after `admit`, so that the flow may be as new as its first fragment in this very batch.
 */
import { DROPPED, KEPT, KIND_IPV4, KIND_IPV6, NO_FLOW, ROUTE } from "../mem/batch.js";
import { FRESH, REFUSED, UNTRACKED, WAITING } from "../table/fragments.js";
import { isIpv6 } from "../wire/address-word.js";
import * as drop from "../wire/drop.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import { UDP_CHECKSUM } from "../wire/l4.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { refuse } from "./flow-lookup.js";
import { toHostPort } from "./host-port.js";
import { fragmentAt, ipAt, isFragment, isLaterFragment, totalLength } from "./packet.js";
import { retire } from "./retire.js";
/** The longest payload of a datagram, in bytes. */
const MAX_PAYLOAD = 65535 - ipv4.MIN_HEADER_SIZE;
/** Offset of a TCP fragment that begins within the header of the first one, where it could change flags that were looked at already (RFC 1858 §4). */
const OVER_TCP_FLAGS = 8;
/** By answer of `cover`. */
const REASONS = Uint8Array.of(drop.DROP_NONE, drop.DROP_FRAGMENT_REPEATED, drop.DROP_FRAGMENT_OVERLAP);
/** Why `admit` opens no flow: then the rest of the datagram has none either. What was dropped for another reason may be forged, and says nothing. */
const OF_NO_FLOW = new Uint8Array(drop.DROP_REASONS);
for (const reason of [
    drop.DROP_NO_FLOW,
    drop.DROP_NOT_SYN,
    drop.DROP_SOURCE_REFUSED,
    drop.DROP_NO_ROUTE,
    drop.DROP_ISOLATED,
    drop.DROP_NOT_FOR_HOST,
    drop.DROP_TABLE_FULL,
    drop.DROP_NO_PORT,
    drop.DROP_LIMIT_CLIENT,
    drop.DROP_LIMIT_ENDPOINT,
    drop.DROP_LIMIT_PORT,
    drop.DROP_LIMIT_TARGET_PORTS,
    drop.DROP_SCTP_FRAGMENT,
    drop.DROP_UNTRANSLATABLE,
])
    OF_NO_FLOW[reason] = 1;
export function fragment(b, state) {
    for (let i = 0; i < b.count; i++) {
        if (b.proto[i] !== 0) {
            if (isFragment(b, i))
                noteFirst(b, i, state);
        }
        else if (b.egress[i] === ROUTE && isLaterFragment(b, i)) {
            follow(b, i, state);
        }
    }
}
/** Why packet `i`, which is of no flow yet, may open none, if it is the first of several fragments: then it would be dropped here. Else DROP_NONE. */
export function unfit(b, i, state) {
    const { fragments, newFlow, now } = state;
    if (!isFragment(b, i))
        return drop.DROP_NONE;
    if (lacksChecksum(b, i, newFlow.replySrc))
        return drop.DROP_UNTRANSLATABLE;
    if (b.proto[i] === ipv4.PROTO_SCTP)
        return drop.DROP_SCTP_FRAGMENT; // an INIT is never as long, and its ports may have to change
    readPlace(b, i);
    if (!hasSoundSize())
        return drop.DROP_IP_FRAGMENT;
    const slot = fragments.find(b.src[i], b.dst[i], place.datagram, now);
    if (slot === -1)
        return drop.DROP_NONE;
    const ref = fragments.ref(slot);
    return ref === REFUSED || (ref >= 0 && !fragments.isStale(slot, now)) ? drop.DROP_FRAGMENT_OVERLAP : drop.DROP_NONE;
}
/** A first fragment, that `admit` and the stages before it have seen. */
function noteFirst(b, i, state) {
    const { fragments, now } = state;
    const src = b.src[i];
    const dst = b.dst[i];
    readPlace(b, i);
    const { datagram } = place;
    let isOfFlow = b.egress[i] === ROUTE && b.flow[i] !== NO_FLOW;
    const wrong = isOfFlow ? wrongChecksum(b, i, state) : drop.DROP_NONE;
    if (wrong !== drop.DROP_NONE) {
        b.drop(i, wrong);
        isOfFlow = false;
    }
    if (!isOfFlow && (b.egress[i] === DROPPED ? OF_NO_FLOW[b.reason[i]] === 0 : !state.isLocal(dst)))
        return; // the latter: bridged
    if (isOfFlow && !hasSoundSize()) {
        b.drop(i, drop.DROP_IP_FRAGMENT);
        return;
    }
    const ref = isOfFlow ? b.flow[i] : UNTRACKED;
    let slot = fragments.find(src, dst, datagram, now);
    if (slot === -1) {
        slot = fragments.open(src, dst, datagram, ref, now);
        if (slot === -1)
            return;
        fragments.become(slot, ref, b.ports[i], now);
    }
    else {
        const before = fragments.ref(slot);
        const held = fragments.held(slot);
        fragments.setHeld(slot, -1);
        if (before === WAITING || before === UNTRACKED || (before !== REFUSED && fragments.isStale(slot, now)))
            fragments.become(slot, ref, b.ports[i], now);
        if (isOfFlow)
            state.held.release(held);
        else
            state.loseHeld(held);
    }
    if (!isOfFlow)
        return;
    if (fragments.ref(slot) === REFUSED)
        b.drop(i, drop.DROP_FRAGMENT_OVERLAP);
    else
        cover(b, i, state, slot);
    if (b.egress[i] === DROPPED)
        forgetUnsent(b, i, state);
}
/** Two datagrams with one number in one batch may both open a flow: that of the second one, of which nothing was sent, is none. */
function forgetUnsent(b, i, state) {
    const { conntrack } = state;
    const id = b.flow[i] >> 1;
    b.flow[i] = NO_FLOW;
    if (conntrack.packets(id, 0) > 0 || conntrack.packets(id, 1) > 0)
        return;
    for (let k = 0; k < b.count; k++)
        if (b.flow[k] >> 1 === id)
            return;
    retire(state, id);
}
/** A later fragment: it follows the first one, or waits for it. */
function follow(b, i, state) {
    const { fragments, now } = state;
    const src = b.src[i];
    const dst = b.dst[i];
    readPlace(b, i);
    const { datagram } = place;
    if (!hasSoundSize() || (place.proto === ipv4.PROTO_TCP && place.from === OVER_TCP_FLAGS)) {
        refuse(b, i, state, drop.DROP_IP_FRAGMENT);
        return;
    }
    let slot = fragments.find(src, dst, datagram, now);
    if (slot === -1)
        slot = fragments.open(src, dst, datagram, WAITING, now);
    if (slot !== -1 && fragments.ref(slot) === WAITING) {
        wait(b, i, state, slot, src, dst);
        return;
    }
    const ref = slot === -1 ? UNTRACKED : fragments.ref(slot);
    if (ref === REFUSED) {
        b.drop(i, drop.DROP_FRAGMENT_OVERLAP);
    }
    else if (ref < 0 || !isOf(b, i, state, ref, fragments.ports(slot))) {
        refuse(b, i, state, drop.DROP_IP_FRAGMENT);
    }
    else {
        b.flow[i] = ref;
        cover(b, i, state, slot);
    }
}
/** Keeps a copy; the frame itself goes to the host, if it may, or ends here. */
function wait(b, i, state, slot, src, dst) {
    const { fragments, held } = state;
    const goesOn = toHostPort(b, i, state, dst);
    const frame = held.hold(b, i, VNET, fragments.held(slot), src, goesOn);
    if (frame !== -1)
        fragments.setHeld(slot, frame);
    if (goesOn)
        return;
    if (frame === -1)
        b.drop(i, drop.DROP_IP_FRAGMENT);
    else
        b.egress[i] = KEPT;
}
function cover(b, i, state, slot) {
    const answer = state.fragments.cover(slot, place.from, place.to, !place.more, state.now);
    if (answer !== FRESH)
        b.drop(i, REASONS[answer]);
}
/** What `readPlace` found: which part of which datagram the fragment is, in bytes of its payload, and of what protocol it says to be. */
const place = { datagram: 0, from: 0, to: 0, more: false, proto: 0 };
function readPlace(b, i) {
    const { bytes, halves, words } = b.memory;
    const ip = ipAt(b, i);
    if (b.kind[i] === KIND_IPV6) {
        const at = fragmentAt(b, i);
        place.datagram = ipv6.identification(words, at);
        place.from = ipv6.fragmentOffset(halves, at);
        place.to = place.from + ip + totalLength(b, i) - at - ipv6.FRAGMENT_SIZE;
        place.more = ipv6.moreFragments(bytes, at);
        place.proto = bytes[at];
        return;
    }
    place.datagram = ipv4.datagram(bytes, halves, ip);
    place.from = ipv4.fragmentOffset(halves, ip);
    place.to = place.from + ipv4.totalLength(bytes, ip) - ipv4.headerSize(bytes, ip);
    place.more = ipv4.hasMoreFragments(halves, ip);
    place.proto = ipv4.protocol(bytes, ip);
}
/**
 * Why the checksum of a datagram's first fragment, which is of a flow, cannot become what it should be, or DROP_NONE. SCTP's is a CRC, whose correction
 * for another port depends on how long the packet is (`wire/sctp.ts`), and nobody knows that yet; with the same ports there is nothing to correct.
 */
function wrongChecksum(b, i, { conntrack }) {
    const id = b.flow[i] >> 1;
    const dir = b.flow[i] & 1;
    if (b.proto[i] === ipv4.PROTO_SCTP && conntrack.newPorts(id, dir) !== b.ports[i])
        return drop.DROP_SCTP_FRAGMENT;
    return lacksChecksum(b, i, conntrack.newDst(id, dir)) ? drop.DROP_UNTRANSLATABLE : drop.DROP_NONE;
}
/** Whether an IPv4 datagram without a checksum is to become IPv6, which has none without (RFC 7915 §4.5): for a part nobody can compute it. */
function lacksChecksum(b, i, newDst) {
    return (b.kind[i] === KIND_IPV4 && b.proto[i] === ipv4.PROTO_UDP && isIpv6(newDst) && b.memory.halves[(b.l4[i] + UDP_CHECKSUM) >> 1] === 0);
}
/** Whether a fragment has a payload, of whole units of 8 bytes but for the last one (RFC 791 §3.2, RFC 8200 §4.5), inside of what a datagram can be. */
function hasSoundSize() {
    const { from, to, more } = place;
    return to > from && to <= MAX_PAYLOAD && (!more || ((to - from) & 7) === 0);
}
/** Whether `ref` is still the first fragment's flow, by this port: its number may have been given to another. */
function isOf(b, i, { conntrack }, ref, ports) {
    const id = ref >> 1;
    const dir = ref & 1;
    return (conntrack.comesBy(ref, b.ingress[i]) &&
        (b.kind[i] === KIND_IPV6 || conntrack.protocol(id) === place.proto) && // of IPv6 the first fragment's alone counts (RFC 8200 §4.5)
        conntrack.tuple(id, dir, 0) === b.src[i] &&
        conntrack.tuple(id, dir, 1) === b.dst[i] &&
        conntrack.tuple(id, dir, 2) === ports);
}
//# sourceMappingURL=fragment.js.map