/**
 * ICMP (RFC 792): type, code, checksum (16), then for queries identifier and sequence number, for errors 4 bytes and the datagram that
 * caused them: its IP header and at least 8 bytes more. Offsets are 4-aligned, so the inner header is too.
 *
 * Queries (RFC 5508 §2): echo, timestamp, and the obsolete information and address mask (RFC 950). A request and its reply have one identifier.
 */
import { sum, update } from "./checksum.js";
import { rawHalf } from "./raw.js";
export const HEADER_SIZE = 8;
export const ECHO_REPLY = 0, UNREACHABLE = 3, REDIRECT = 5, ECHO = 8, ROUTER_ADVERTISEMENT = 9, TIME_EXCEEDED = 11, PARAMETER_PROBLEM = 12, TIMESTAMP = 13, ADDRESS_MASK_REPLY = 18;
/** Codes of UNREACHABLE (RFC 1812 §5.2.7.1): no route; not there; too long, with the MTU (RFC 1191); administratively prohibited, which is what a NAT without room says (RFC 5508 REQ-8). */
export const NET_UNREACHABLE = 0, HOST_UNREACHABLE = 1, PORT_UNREACHABLE = 3, FRAGMENTATION_NEEDED = 4, PROHIBITED = 13;
const CHECKSUM = 2, IDENTIFIER = 4, SEQUENCE = 6;
export function type(bytes, off) {
    return bytes[off];
}
/** A request or a reply of one of the queries. From 13 on the odd types are requests, and each is followed by its reply. */
export function isQuery(bytes, off) {
    const t = bytes[off];
    return t === ECHO || t === ECHO_REPLY || (t >= TIMESTAMP && t <= ADDRESS_MASK_REPLY);
}
/** Of a query message: whether it asks. */
export function isRequest(bytes, off) {
    const t = bytes[off];
    return t === ECHO || (t & 1) === 1;
}
/** Which of the queries a message is of, whether it asks or answers: 0 echo, 1 timestamp, 2 information, 3 address mask. */
export function query(bytes, off) {
    const t = bytes[off];
    return t < TIMESTAMP ? 0 : (t - TIMESTAMP + 2) >> 1;
}
/** An error that quotes the datagram that caused it. */
export function isError(bytes, off) {
    const t = bytes[off];
    return t === UNREACHABLE || t === TIME_EXCEEDED || t === PARAMETER_PROBLEM;
}
/** What only a router says: redirect (RFC 792) and router advertisement (RFC 1256). */
export function isOfRouter(bytes, off) {
    const t = bytes[off];
    return t === REDIRECT || t === ROUTER_ADVERTISEMENT;
}
/** Identifier of a query message, raw half. */
export function identifier(halves, off) {
    return halves[(off + IDENTIFIER) >> 1];
}
/** Writes the identifier (raw half) and applies the delta to the checksum, which covers the ICMP message alone. */
export function setIdentifier(halves, off, id, delta) {
    halves[(off + IDENTIFIER) >> 1] = id;
    updateChecksum(halves, off, delta);
}
export function updateChecksum(halves, off, delta) {
    const c = (off + CHECKSUM) >> 1;
    halves[c] = update(halves[c], delta);
}
export function checksumOk(bytes, halves, off, len) {
    return sum(halves, bytes, off, len) === 0xffff;
}
/** MTU of "fragmentation needed" (RFC 1191 §4), bytes; 0: who says it is older than that. */
export function mtu(halves, off) {
    return rawHalf(halves[(off + 6) >> 1]);
}
/** Where an error says which byte a "parameter problem" is about. */
export const POINTER_AT = 4;
/** The longest usual MTU below a packet's length (RFC 1191 §7.1). */
export function plateauBelow(total) {
    for (const size of PLATEAUS)
        if (size < total)
            return size;
    return PLATEAUS[PLATEAUS.length - 1];
}
const PLATEAUS = [32_000, 17_914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68];
/** Writes the 8 bytes of an error header for a message of `len` bytes whose quoted datagram is in place already; `rest`: its second word, host order. */
export function emitError(bytes, halves, off, len, kind, code, rest) {
    const h = off >> 1;
    bytes[off] = kind;
    bytes[off + 1] = code;
    halves[h + 1] = 0;
    halves[h + 2] = rawHalf(rest >>> 16);
    halves[h + 3] = rawHalf(rest & 0xffff);
    halves[h + 1] = ~sum(halves, bytes, off, len) & 0xffff;
}
/** Writes an echo request of `len` bytes (8 or more) whose data is zero; `id` and `sequence` are 0..65535. */
export function emitEcho(bytes, halves, off, len, id, sequence) {
    bytes.fill(0, off, off + len);
    bytes[off] = ECHO;
    halves[(off + IDENTIFIER) >> 1] = rawHalf(id);
    halves[(off + SEQUENCE) >> 1] = rawHalf(sequence);
    halves[(off + CHECKSUM) >> 1] = ~sum(halves, bytes, off, len) & 0xffff;
}
//# sourceMappingURL=icmp.js.map