/** ICMPv6 types. The first and the last one of discovery. */
export declare const ROUTER_SOLICITATION = 133, ROUTER_ADVERTISEMENT = 134, NEIGHBOR_SOLICITATION = 135, NEIGHBOR_ADVERTISEMENT = 136, REDIRECT = 137;
/** The address that a message about a neighbor is about, and its end. */
export declare const TARGET = 8, DISCOVERY_SIZE: number;
/** Of an advertisement that `makeAdvertisement` writes. */
export declare const ADVERTISEMENT_SIZE: number;
/** Hop limit of every message: none has passed a router (§7.1). */
export declare const HOP_LIMIT = 255;
/** Flags of an advertisement: from a router, asked for, to replace what is known. */
export declare const ROUTER = 128, SOLICITED = 64, OVERRIDE = 32;
export declare function isDiscovery(type: number): boolean;
/**
 * Whether the options of the message of `len` bytes at `off` name no other link-layer address than this one, and are whole (§6.1.1). Options begin at
 * `first`, counted from the message.
 */
export declare function namesOnly(bytes: Uint8Array, halves: Uint16Array, off: number, first: number, len: number, macHi: number, macLo: number): boolean;
/**
 * Writes an advertisement of ADVERTISEMENT_SIZE bytes over the solicitation at `off`, whose target stays: the target has this MAC. The header of the
 * packet, at `ip`, must be written before: the checksum covers its addresses.
 */
export declare function makeAdvertisement(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, ip: number, off: number, flags: number, macHi: number, macLo: number): void;
