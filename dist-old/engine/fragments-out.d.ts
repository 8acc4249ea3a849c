import { type Batch } from "../mem/batch.js";
/**
 * Frame `i` in fragments of `mtu` bytes of IP or less; `send` is called with each in its place. `random`: for the number of an IPv6 datagram.
 * Precondition: it has no offload but a partial checksum.
 */
export declare function sendInFragments(b: Batch, i: number, mtu: number, random: () => number, send: () => void): void;
