/**
 * Ethernet II header (IEEE 802.3 §3.1.1): destination (6 bytes), source (6), EtherType (2).
 * Frames lie at even offsets. An address is handled as two raw integers (`raw.ts`): `Hi` is bytes 0..1, `Lo` bytes 2..5.
 */
export declare const HEADER_SIZE = 14;
/** EtherTypes as raw halves. */
export declare const TYPE_IPV4 = 8, TYPE_ARP = 1544, TYPE_RARP = 13696, TYPE_IPV6 = 56710, 
/** Between the uplink's program and the engine: a packet of ours that the host has no way for. For local experiments (RFC 9542 §3). */
TYPE_RETURNED = 46472;
export declare const TAG_SIZE = 4;
/** Destination bytes 0..1, raw. */
export declare function dstHi(halves: Uint16Array, off: number): number;
/** Destination bytes 2..5, raw. */
export declare function dstLo(halves: Uint16Array, off: number): number;
/** Source bytes 0..1, raw. */
export declare function srcHi(halves: Uint16Array, off: number): number;
/** Source bytes 2..5, raw. */
export declare function srcLo(halves: Uint16Array, off: number): number;
/** EtherType, raw half. */
export declare function type(halves: Uint16Array, off: number): number;
/** `type` raw half. */
export declare function setType(halves: Uint16Array, off: number, type: number): void;
/** The same from the raw word that ends with it, of a frame at 2 mod 4. */
export declare function typeOf(lastWord: number): number;
/** Destination is a multicast or the broadcast address. */
export declare function isGroup(bytes: Uint8Array, off: number): boolean;
/** Destination is one of the sixteen addresses that a bridge never forwards (IEEE 802.1D-2004 §7.12.6): BPDU, PAUSE, LACP, LLDP and the like. */
export declare function isReservedGroup(halves: Uint16Array, off: number): boolean;
/** Whether the EtherType says that a VLAN tag follows. VLAN 0, a mere priority, is what a host takes for no tag at all. */
export declare function isTag(type: number): boolean;
/** Source is a group address, which no station may have. */
export declare function isSourceGroup(bytes: Uint8Array, off: number): boolean;
/** Writes both addresses; each as `Hi` (raw bytes 0..1) and `Lo` (raw bytes 2..5). */
export declare function setAddresses(halves: Uint16Array, off: number, dstHi: number, dstLo: number, srcHi: number, srcLo: number): void;
/** As `setAddresses`, for frames at 2 mod 4, as all in packet memory are: four stores instead of six. */
export declare function setAddressesAligned(halves: Uint16Array, words: Int32Array, off: number, dstHi: number, dstLo: number, srcHi: number, srcLo: number): void;
/** Raw `Hi` of a MAC address given as six bytes. */
export declare function macHi(mac: Uint8Array): number;
/** Raw `Lo` of a MAC address given as six bytes. */
export declare function macLo(mac: Uint8Array): number;
/** "02:42:ac:11:00:04" from `Hi` and `Lo`. */
export declare function formatMac(hi: number, lo: number): string;
/** The same from six bytes; "" from none. */
export declare function macText(mac: Uint8Array): string;
/** Six bytes of "02:42:ac:11:00:04", or null. */
export declare function parseMac(text: string): Uint8Array | null;
