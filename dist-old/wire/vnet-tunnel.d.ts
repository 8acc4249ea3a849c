export declare const HEADER_SIZE = 24;
/**
 * Of the packet with the header at `from`: writes at `to` the header (`vnet.ts`) of the frame inside, which begins `overhead` bytes behind the outer
 * Ethernet header. DROP_NONE or the reason to drop. Offsets are even; the two headers do not overlap.
 */
export declare function unwrap(bytes: Uint8Array, halves: Uint16Array, from: number, to: number, overhead: number): number;
/**
 * The opposite: of the frame with the header at `from`, writes at `to` the header of the packet that has it inside. `headers`: bytes of its own headers
 * up to the payload, of one with segmentation; `outer`: bytes from the outer Ethernet header to the UDP header; `ipv6`: the outer packet is. `checksum`:
 * segments get an outer one.
 */
export declare function wrap(bytes: Uint8Array, halves: Uint16Array, from: number, to: number, overhead: number, outer: number, headers: number, ipv6: boolean, checksum: boolean): void;
