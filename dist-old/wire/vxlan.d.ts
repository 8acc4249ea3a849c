export declare const HEADER_SIZE = 8;
/** UDP destination port (IANA; §5). */
export declare const PORT = 4789;
/** A network's identifier has 24 bits; 0 is one, but no network of ours has it. */
export declare const MAX_VNI = 16777215;
/** Source ports are of the dynamic range (§5, RFC 6335 §6): the first, and how many bits of a hash pick one. */
export declare const FIRST_SOURCE_PORT = 49152, SOURCE_PORT_BITS = 14;
/** DROP_NONE if the `len` bytes at `off` start with a valid header, else the reason to drop. */
export declare function check(bytes: Uint8Array, off: number, len: number): number;
/** Network identifier, 0..2^24-1. */
export declare function vni(bytes: Uint8Array, off: number): number;
/** Writes all 8 bytes, reserved ones as zero. `id` is 0..2^24-1. */
export declare function emit(bytes: Uint8Array, off: number, id: number): void;
