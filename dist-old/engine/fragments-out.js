/**
 * Sends a datagram that is longer than its way out takes, in fragments (RFC 791 §3.2, RFC 1812 §5.2.1; RFC 8200 §4.5). They are made one after the
 * other where the datagram lies, behind its header, and each is sent before the next one is written over it. So no memory is needed. A fragment is as
 * long as a frame's head at most, since in a tail nothing can be sent from its middle.
 *
 * Of IPv6 it may be a fragment already; else it gets the fragment header right before layer 4, and begins so much earlier in its headroom.
 */
import { fragmentAt, ipAt, totalLength } from "../dataplane/packet.js";
import { KIND_IPV6 } from "../mem/batch.js";
import * as checksum from "../wire/checksum.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as vnet from "../wire/vnet.js";
/**
 * Frame `i` in fragments of `mtu` bytes of IP or less; `send` is called with each in its place. `random`: for the number of an IPv6 datagram.
 * Precondition: it has no offload but a partial checksum.
 */
export function sendInFragments(b, i, mtu, random, send) {
    if (b.kind[i] === KIND_IPV6)
        sendInFragments6(b, i, mtu, random, send);
    else
        sendInFragments4(b, i, mtu, send);
}
function sendInFragments4(b, i, mtu, send) {
    const { bytes, halves } = b.memory;
    const ip = ipAt(b, i);
    const size = ipv4.headerSize(bytes, ip);
    const data = ipv4.totalLength(bytes, ip) - size;
    const place = ipv4.fragmentPlace(halves, ip);
    completeChecksum(b, i, data);
    const room = roomFor(b, i, mtu, ip, size);
    if (room <= 0)
        return;
    for (let done = 0; done < data; done += room) {
        const length = Math.min(room, data - done);
        if (done > 0)
            moveData(b, i, ip + size, done, length);
        ipv4.setFragment(bytes, halves, ip, size + length, place, done, done + length < data);
        b.len[i] = eth.HEADER_SIZE + size + length;
        send();
        if (done === 0)
            ipv4.dropOptionsOfFirst(bytes, ip, size);
    }
}
function sendInFragments6(b, i, mtu, random, send) {
    const { bytes, halves } = b.memory;
    const present = fragmentAt(b, i);
    if (present === -1) {
        completeChecksum(b, i, totalLength(b, i) - (b.l4[i] - ipAt(b, i)));
        putFragmentHeader(b, i, random());
    }
    const ip = ipAt(b, i);
    const header = present === -1 ? b.l4[i] - ipv6.FRAGMENT_SIZE : present;
    const size = header + ipv6.FRAGMENT_SIZE - ip;
    const data = totalLength(b, i) - size;
    const from = ipv6.fragmentOffset(halves, header);
    const more = ipv6.moreFragments(bytes, header);
    vnet.emit(halves, b.at[i]);
    const room = roomFor(b, i, mtu, ip, size);
    if (room <= 0)
        return;
    for (let done = 0; done < data; done += room) {
        const length = Math.min(room, data - done);
        if (done > 0)
            moveData(b, i, ip + size, done, length);
        ipv6.setFragment(halves, header, from + done, more || done + length < data);
        ipv6.setPayloadLength(halves, ip, size - ipv6.HEADER_SIZE + length);
        b.len[i] = eth.HEADER_SIZE + size + length;
        send();
    }
}
/** Moves what is before layer 4 to the front, and puts a fragment header of a whole datagram behind it. */
function putFragmentHeader(b, i, id) {
    const { bytes, halves, words } = b.memory;
    const at = b.at[i];
    const off = b.l4[i];
    const payload = totalLength(b, i) - ipv6.HEADER_SIZE + ipv6.FRAGMENT_SIZE;
    bytes.copyWithin(at - ipv6.FRAGMENT_SIZE, at, off);
    b.at[i] = at - ipv6.FRAGMENT_SIZE;
    b.moved = true;
    const ip = ipAt(b, i);
    const header = off - ipv6.FRAGMENT_SIZE;
    const proto = ipv6.setLastNextHeader(bytes, ip, header, ipv6.FRAGMENT);
    ipv6.emitFragment(bytes, halves, words, header, proto, 0, 0);
    words[(header + 4) >> 2] = id;
    ipv6.setPayloadLength(halves, ip, payload);
}
/** Bytes of data that a fragment has room for, whole units of 8. */
function roomFor(b, i, mtu, ip, size) {
    return (Math.min(mtu - size, b.memory.headEnd(i) - ip - size) >> 3) << 3;
}
/** The bytes from `done` on of what lies at `to`, over the first ones. */
function moveData(b, i, to, done, length) {
    const { bytes } = b.memory;
    const end = b.memory.headEnd(i);
    const from = to + done;
    const inHead = Math.max(0, Math.min(length, end - from));
    bytes.copyWithin(to, from, from + inHead);
    if (inHead === length)
        return;
    const tail = b.memory.tailAt(b.tail[i]) + Math.max(0, from - end);
    bytes.copyWithin(to + inHead, tail, tail + length - inHead);
}
/** Of a datagram in fragments nobody else can. */
function completeChecksum(b, i, data) {
    const { bytes, halves } = b.memory;
    const at = b.at[i];
    const off = b.l4[i];
    if (vnet.isPartial(bytes, halves, at, off)) {
        const inHead = Math.min(data, b.memory.headEnd(i) - off);
        let all = checksum.sum(halves, bytes, off, inHead);
        if (data > inHead)
            all += checksum.sum(halves, bytes, b.memory.tailAt(b.tail[i]), data - inHead);
        const whole = ~checksum.fold(all) & 0xffff;
        halves[(off + vnet.checksumField(halves, at)) >> 1] = whole === 0 ? 0xffff : whole;
    }
    vnet.emit(halves, at);
}
//# sourceMappingURL=fragments-out.js.map