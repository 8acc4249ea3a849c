/**
 * Who has which source port (or ICMP identifier) when what inside endpoints send is masqueraded.
 *
 * A *mapping* gives an inside endpoint (protocol, address, port) an outside port on an outside address. It is endpoint-independent
 * (RFC 4787 REQ-1, RFC 5382 REQ-1): all flows of the inside endpoint share it, counted, and while ports are left each port is one endpoint's.
 * With the last flow its port is free for others. Ports of an outside address and protocol are a ring (`port-ring.ts`).
 *
 * A mapping says whose a port is; it does not make a flow unique. That is asked of conntrack, flow by flow (`dataplane/source-port.ts`): when
 * no port is left, and for flows that have no use for a mapping, a port serves any number of flows that differ in their destination (RFC 7857 §3).
 *
 * No inside address keeps more than half of the ports when others want them (RFC 6888 REQ-4): one that has none yet may take them away. The
 * flows that they serve go on.
 *
 * Addresses are words (`wire/address-word.ts`); inside ones are held by their flows.
 *
 * Nobody says here that an address has left the host; past RINGS_KEPT rings, a new one takes the place of one that has all its ports.
 */
import type { Addresses } from "./addresses.js";
import type { RandomInt32 } from "./random.js";
export declare class NatPool {
    private readonly first;
    private readonly last;
    private readonly seed;
    private readonly random;
    private readonly worker;
    private readonly workers;
    private readonly addresses?;
    /** Ports in use. */
    used: number;
    private readonly rings;
    private readonly slots;
    /** Ports `first`..`last` of each outside address, of them those that lead back to this worker; `seed` int32. */
    constructor(first: number, last: number, seed: number, random: RandomInt32, worker?: number, workers?: number, addresses?: Addresses | undefined);
    /**
     * The mapping of the inside endpoint on `outside`, made if need be; one more flow holds it. -1: there is no port left, not even of an address
     * that has too many. Addresses and `port` raw.
     */
    acquire(proto: number, inside: number, port: number, outside: number): number;
    /** The mapping of the inside endpoint, if it is, or can be, this very port of `outside` (raw); one more flow holds it. Else -1. */
    reacquire(proto: number, inside: number, port: number, outside: number, outsidePort: number): number;
    /** Whether but one flow holds the mapping. */
    isNew(id: number): boolean;
    /** One flow of the inside endpoint less holds the mapping, if it is that endpoint's still; with the last one its port is free again. */
    release(id: number, inside: number, port: number): void;
    /** Outside port of a mapping or candidate, raw. */
    portOf(id: number): number;
    /** A port of the one address, other than `inside`, that has more than half of them all; -1: there is none. By a vote of random ports (Boyer and Moore's). */
    private tooMuch;
    private assign;
    /** Index of the ring, made with the first flow that needs it; -1: there are too many. */
    private ringOf;
    private addRing;
    private home;
    /** Slot of the mapping, or the empty one where it would go. */
    private find;
    /** Takes out the mapping of this inside endpoint. */
    private vacate;
}
