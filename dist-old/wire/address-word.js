/**
 * An address of either family as one int32, which is what the packet path and its tables handle. An IPv4 address is its raw word (`raw.ts`). An
 * IPv6 address is a *handle*: the number of its row in `table/addresses.ts`, in bits 8..31, above a byte of 0xf0..0xfe, which says what sort of
 * address it is. As an IPv4 address that would be one of class E, 240.0.0.0 to 254.255.255.255, which nobody has (RFC 1112 §4): packets with such
 * an address are not routed (`dataplane/flow-lookup.ts`), so no word means two things.
 */
/** Sorts of IPv6 addresses (RFC 4291 §2.4): the lowest byte of a handle. Of MAPPED ones no packet may come (RFC 4942 §2.2). */
export const GLOBAL = 0xf0, LINK_LOCAL = 0xf1, MULTICAST = 0xf2, LOOPBACK = 0xf3, UNSPECIFIED = 0xf4, MAPPED = 0xf5;
const SORT_MASK = 0xff, ROW_SHIFT = 8;
/** Rows that a handle can number. */
export const MAX_ROWS = 1 << 24;
/** No address of either family: 0.0.0.0 is none that anything is kept of. */
export const NO_ADDRESS = 0;
/** Whether the word is a handle of an IPv6 address. 255.255.255.255 is none. */
export function isIpv6(word) {
    return (word & 0xf0) === 0xf0 && (word & SORT_MASK) !== 0xff;
}
/** What sort of IPv6 address a handle stands for. */
export function sortOf(handle) {
    return handle & SORT_MASK;
}
export function rowOf(handle) {
    return handle >>> ROW_SHIFT;
}
export function handleOf(row, sort) {
    return (row << ROW_SHIFT) | sort;
}
/** Whether several hosts may listen at the address, or none at all: IPv4 multicast and broadcast; IPv6 multicast. Network broadcasts are not known here. */
export function isGroup(word) {
    return isIpv6(word) ? sortOf(word) === MULTICAST : (word & SORT_MASK) >= 224;
}
/** fe80::/10. Of IPv4 what is link-local goes by the host's routes. */
export function isLinkLocal(word) {
    return isIpv6(word) && sortOf(word) === LINK_LOCAL;
}
/** 127.0.0.0/8, ::1. */
export function isLoopback(word) {
    return (word & SORT_MASK) === 127 || (word & SORT_MASK) === LOOPBACK;
}
/** 0.0.0.0, ::. */
export function isUnspecified(word) {
    return word === 0 || (word & SORT_MASK) === UNSPECIFIED;
}
/**
 * Nobody's own address, so that none may send from it: multicast, broadcast, and 0/8 but for 0.0.0.0, which who has no address yet has
 * (RFC 1812 §5.3.7); IPv6 multicast and mapped. What is of class E is dropped before (`dataplane/flow-lookup.ts`).
 */
export function isMartian(word) {
    if (isIpv6(word))
        return sortOf(word) === MULTICAST || sortOf(word) === MAPPED;
    return (word & SORT_MASK) >= 224 || ((word & SORT_MASK) === 0 && word !== 0);
}
//# sourceMappingURL=address-word.js.map