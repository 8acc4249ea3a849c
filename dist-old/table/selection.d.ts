/**
 * Which of several targets a new flow goes to: by turns, or for as long as a client keeps coming the one that it had before (affinity).
 *
 * One for each published mapping, in memory that all workers share, so that turns are taken and clients are known whichever worker a flow comes to
 * (`wire/spread.ts`). It is asked once a flow.
 *
 * By turns one atomic addition is all. Affinity is a hash table of fixed size: CLIENTS entries in buckets of WAYS, each a client, its target, and the
 * second of its last new flow. In a full bucket who has been away for longest makes room, and is a new client when he comes again. A word is locked
 * meanwhile; a worker that waits for too long, as the other was put to sleep in between, takes the turn and remembers nothing.
 *
 * Memory, int32 words: turn, lock, seed, seconds of affinity (0: none); then the clients, the targets and the seconds of all entries, a target of 0
 * being a free entry.
 */
/** What becomes of flows to a target: new ones go there; it has what it has; what loses nothing goes elsewhere; all end. */
export declare const TAKES = 0, DRAINS = 1, DOWN = 2, OUT = 3;
export declare const CLIENTS: number;
/** What a target is known by here: 1..2^31-1, never another target's while the mapping is published. */
export interface Selectable {
    readonly id: number;
}
/** `affinitySec`: 0 for none; up to a day is meant. `seed`: random, so that nobody can aim at a bucket. */
export declare function selectionMemory(affinitySec: number, seed: number): SharedArrayBuffer;
export declare class Selection {
    private readonly words;
    private readonly affinitySec;
    constructor(memory: SharedArrayBuffer);
    /** The word that stands for an IPv6 client: for its network of 64 bits, in which it may have any address. Takes the address's first two words. */
    clientOfIpv6(word0: number, word1: number): number;
    /**
     * Index in `takers`, of which there is at least one, of the target for a new flow of `client`: an IPv4 address as a raw word, or `clientOfIpv6`.
     * `now`: monotonic seconds, the same for all workers.
     */
    pick(client: number, takers: readonly Selectable[], now: number): number;
    /** The client has a flow to target `id`, whose last packet came at `when`: later ones are to go there too. */
    note(client: number, id: number, when: number): void;
    private turn;
    private lock;
    /** Word of the client's entry, or of the one that it is to have. */
    private find;
    /** Target of the entry; 0: it is free, or its time is over. */
    private targetAt;
    private enter;
}
