/**
 * Datagrams in fragments: which flow the later ones belong to, as the first one told, which alone has ports; and which bytes have been seen,
 * so that no fragment covers what another one has. Key: source, destination, identification and protocol (RFC 791 §3.2).
 *
 * Theory of operation. A datagram is WAITING while its first fragment has not come; then it is of a flow (`ref` >= 0), or UNTRACKED, or REFUSED
 * once two of its fragments overlap. When all its bytes have been seen it is forgotten at once, so that few are known at a time.
 *
 * Nobody's fragments push out another's (RFC 4787 REQ-14a). The table is in sets of WAYS datagrams, picked by source address. In a full
 * set those go first that are of no flow; then the oldest of the source that has most of them. Of no flow, a datagram takes no place of one
 * that is of a flow.
 *
 * Memory taken up front: 44 bytes a datagram, and 1 KiB for a bit every 8 bytes of it. Time in seconds, passed in.
 */
/** Values of `ref` that are no flow. FREE: the slot is. */
export declare const WAITING = -1, UNTRACKED = -2, REFUSED = -3;
/** Answers of `cover`: the bytes are new; all of them were there; some were there, or they contradict what is known of the datagram's end. */
export declare const FRESH = 0, REPEATED = 1, OVERLAPS = 2;
export declare class Fragments {
    private readonly seed;
    private readonly drop;
    private readonly slots;
    private readonly bits;
    /** How many are WAITING. */
    private waiting;
    private opened;
    /** `seed`: int32, random per process, so that who shares a set is hard to know. `drop`: what was held for the slot whose newest frame this is has no use. */
    constructor(seed: number, drop?: (held: number) => void);
    /** Slot of the datagram, or -1. `datagram`: identification and protocol (`ipv4.datagram`). Addresses raw. */
    find(src: number, dst: number, datagram: number, now: number): number;
    /** Slot for a datagram that is not known yet; `ref`: its flow, or one of the values above. -1: there is none for one without a flow. */
    open(src: number, dst: number, datagram: number, ref: number, now: number): number;
    /** The first fragment has come (again): the datagram is `ref`'s, with these raw ports. */
    become(slot: number, ref: number, ports: number, now: number): void;
    /** Forgets the datagrams of flows: some have ended, and what has the addresses and ports of one of them next is another one. */
    forgetFlows(): void;
    /** Nothing was heard of it for some time, so that its number may stand for another one by now. */
    isStale(slot: number, now: number): boolean;
    ref(slot: number): number;
    /** Raw ports of the first fragment. */
    ports(slot: number): number;
    /** Newest frame that waits, or -1. */
    held(slot: number): number;
    setHeld(slot: number, frame: number): void;
    /** Notes bytes `from` (a multiple of 8) up to `to` of the datagram's payload, after which there are more or, `last`, none. Forgets a datagram that is complete. */
    cover(slot: number, from: number, to: number, last: boolean, now: number): number;
    /** Forgets datagrams whose first fragment has not come in time. Once a second. */
    expire(now: number): void;
    /** Whether `expire` has something to wait for. */
    get isWaiting(): boolean;
    private start;
    private free;
    /** A free slot of the set, made so if need be. `withoutFlow`: none that is of a flow is to go for it. */
    private room;
    private isOlder;
    /** In a full set, the oldest datagram of the source that has most of them there. */
    private ofWhoHasMost;
    /** How many of the units `from` to `to` have been seen. */
    private count;
    private mark;
    /** First slot of the set. */
    private setOf;
}
