/**
 * An address of either family as one int32, which is what the packet path and its tables handle. An IPv4 address is its raw word (`raw.ts`). An
 * IPv6 address is a *handle*: the number of its row in `table/addresses.ts`, in bits 8..31, above a byte of 0xf0..0xfe, which says what sort of
 * address it is. As an IPv4 address that would be one of class E, 240.0.0.0 to 254.255.255.255, which nobody has (RFC 1112 §4): packets with such
 * an address are not routed (`dataplane/flow-lookup.ts`), so no word means two things.
 */
/** Sorts of IPv6 addresses (RFC 4291 §2.4): the lowest byte of a handle. Of MAPPED ones no packet may come (RFC 4942 §2.2). */
export declare const GLOBAL = 240, LINK_LOCAL = 241, MULTICAST = 242, LOOPBACK = 243, UNSPECIFIED = 244, MAPPED = 245;
/** Rows that a handle can number. */
export declare const MAX_ROWS: number;
/** No address of either family: 0.0.0.0 is none that anything is kept of. */
export declare const NO_ADDRESS = 0;
/** Whether the word is a handle of an IPv6 address. 255.255.255.255 is none. */
export declare function isIpv6(word: number): boolean;
/** What sort of IPv6 address a handle stands for. */
export declare function sortOf(handle: number): number;
export declare function rowOf(handle: number): number;
export declare function handleOf(row: number, sort: number): number;
/** Whether several hosts may listen at the address, or none at all: IPv4 multicast and broadcast; IPv6 multicast. Network broadcasts are not known here. */
export declare function isGroup(word: number): boolean;
/** fe80::/10. Of IPv4 what is link-local goes by the host's routes. */
export declare function isLinkLocal(word: number): boolean;
/** 127.0.0.0/8, ::1. */
export declare function isLoopback(word: number): boolean;
/** 0.0.0.0, ::. */
export declare function isUnspecified(word: number): boolean;
/**
 * Nobody's own address, so that none may send from it: multicast, broadcast, and 0/8 but for 0.0.0.0, which who has no address yet has
 * (RFC 1812 §5.3.7); IPv6 multicast and mapped. What is of class E is dropped before (`dataplane/flow-lookup.ts`).
 */
export declare function isMartian(word: number): boolean;
