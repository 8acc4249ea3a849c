import { type MapFds } from "./program.js";
/** Bytes of a worker's ring buffer, a power of two: room for 5,000 small records, or 15 of the largest. */
export declare const RING_SIZE: number;
/**
 * The same for a raw socket of protocol SCTP and of a family, where the kernel has no SCTP sockets: it gets every SCTP packet for the host after the
 * same checks, of IPv4 with its header. So what is for a published port is looked up in `ports`.
 */
export declare function acceptRawProgram(rings: readonly number[], maps: MapFds, family: 4 | 6): Uint8Array;
/** `rings`: descriptors of the workers' ring buffers. `ipv6`: the kernel has it. */
export declare function acceptProgram(rings: readonly number[], maps: MapFds, { ipv6 }?: {
    ipv6?: boolean | undefined;
}): Uint8Array;
