/**
 * How much of what there is a limited amount of one address, endpoint or published port may have, so that what is full hurts who filled it.
 *
 * - New flows a second, by address of a client, by endpoint, and by published port: at most so many, answered or not.
 * - Flows that are not CLOSED (`table/flow-row.ts`), by the same: at most so many; or, where no number is given, as many as the table has room for,
 *   but *the last eighth of it is for those who have less than half*. Who is at the limit gives up a flow that is UNPROVEN, if there is one
 *   (`make-room.ts`), so nobody can be kept out by flows opened in his name.
 * - Source ports to one target, by address of who opens the flows: the same rule of half and the last eighth (RFC 6888 REQ-4).
 *
 * Of IPv6 the address of a client is its network of 64 bits, in which it may have any (`Addresses.holder`).
 * Programs of the host are no clients: no limit by address holds for them. A published port is its number and protocol, on whatever address.
 * With several workers each has its part of every number.
 *
 * Addresses may be forged, so there may be any number of them: they are counted in sketches of fixed size (`table/tally.ts`).
 */
import type { Addresses } from "../table/addresses.js";
import { type Conntrack, type NewFlow } from "../table/conntrack.js";
import type { LimitOptions } from "../table/limit-options.js";
import { type Ports } from "../table/ports.js";
import type { RandomInt32 } from "../table/random.js";
import { type IpAddress } from "../wire/ip-address.js";
/** What is in the way of a flow. */
export declare const NO_LIMIT = 0, LIMIT_CLIENT = 1, LIMIT_ENDPOINT = 2, LIMIT_PORT = 3;
export declare class Limits {
    private readonly options;
    private readonly conntrack;
    private readonly addresses;
    private readonly ports;
    private readonly sourcePorts;
    private readonly flowsByClient;
    private readonly flowsByPort;
    private readonly flowsByEndpoint;
    private readonly newByClient;
    private readonly newByPort;
    private readonly newByEndpoint;
    /** Source ports in use towards (target, our address, service), and by (target, client, service). */
    private readonly portsToTarget;
    private readonly portsByClient;
    /** The client of the last refusal: its word, which says the family, and of IPv6 its address. */
    private clientFamily;
    private readonly clientWords;
    /** Who was at each LIMIT_* last: holder, port number, service; -1: nobody yet. */
    private readonly last;
    /** `sourcePorts`: how many there are towards one target. */
    constructor(options: LimitOptions, conntrack: Conntrack, addresses: Addresses, ports: Ports, sourcePorts: number, random: RandomInt32);
    /** Another second has begun. */
    tick(): void;
    /** Counts one more new flow in this second, or says whose limit that would exceed. */
    countNew(flow: NewFlow): number;
    /** Whose limit one more flow would exceed. */
    exceeded(flow: NewFlow): number;
    /** Whether flow `id` counts for the limit that is in the way of `flow`. */
    sharesLimit(limit: number, flow: NewFlow, id: number): boolean;
    /** The flow was refused, since that would have exceeded this limit. */
    refuse(limit: number, flow: NewFlow): void;
    /** Address of the client that was refused last. */
    get lastClient(): IpAddress;
    /** Its handle may soon be another's. */
    private noteClient;
    /** Who was at this limit last, as `refuse` notes it; -1: nobody yet. */
    lastRefused(limit: number): number;
    /** Whether the opener of the flow may have one more source port to its target. */
    mayTakePort({ proto, src, replySrc, replyDst, replyPorts }: NewFlow): boolean;
    /** Flows that this address has opened and that are not CLOSED. */
    flowsOf(address: number): number;
    /** Flow `id` counts from now on. */
    hold(id: number): void;
    /** Flow `id` counts no longer. */
    release(id: number): void;
    private isFull;
    private count;
}
/** A raw port with its protocol; ICMP has none. */
export declare function serviceOf(proto: number, port: number): number;
