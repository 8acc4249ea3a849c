/**
 * A record of the ring buffer through which packets come that the host's kernel has accepted for a held port. The program on the held
 * socket writes it (`steer/accept-program.ts`), `native/io.c` reads it (`struct record`).
 *
 * u32 interface index that the packet came in at, u32 length of the first part, u32 length of the second, u32 unused; then the parts,
 * which together are a frame as a TAP has it: virtio-net header, Ethernet header and IP header, with room for the longest; and from
 * REST_AT on what follows the IP header.
 */
export declare const IFINDEX_AT = 0, HEAD_LENGTH_AT = 4, REST_LENGTH_AT = 8, HEAD_AT = 16, REST_AT: number;
