export interface Rate {
    /** Bits a second, from 1. */
    rate: number;
    /** Bits that may go at once after a silence, from 1. */
    burst: number;
}
/** As a container runtime says it: `ingress` is what goes to the endpoint, `egress` what it sends. Undefined: no limit. */
export interface Bandwidth {
    ingress?: Rate;
    egress?: Rate;
}
/** What ports have used of theirs (`dataplane/shaper.ts`), for all workers: a float64 a port and direction. */
export declare function createBuckets(): SharedArrayBuffer;
