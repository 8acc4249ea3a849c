export declare class TupleIndex {
    private readonly seed;
    /** All rows. Written by `Conntrack`, and by `dataplane/established.ts` as its `touch` does. */
    readonly rows: Int32Array;
    protected readonly slots: Int32Array;
    private readonly mask;
    private readonly refMask;
    /** `capacity`: entries, at most 2^20; `seed`: int32, random per process; `rows`: memory for them, of zeros. */
    constructor(capacity: number, seed: number, rows?: Int32Array);
    /** Hash of a tuple; pass it on to `find` and `insert`. */
    hash(src: number, dst: number, ports: number, proto: number): number;
    /** Reference (row * 2 + direction) of the tuple, or -1. Direction 0: it is the original tuple, 1: the reply tuple. */
    find(hash: number, src: number, dst: number, ports: number, proto: number): number;
    /**
     * Looks up `count` hashes at once, so that their cache misses overlap: one after the other, as `find` does it, each would wait for the last
     * (bench: `memory`, 1,000,000 flows). Of hash k, `refs[k]` becomes the first reference whose slot has its upper bits, or -1, and `states[k]`
     * the entry's state word; whether it is the very tuple is to be asked (`isTuple`). Where it is not, which is rare, `find` knows.
     */
    findAll(hashes: Int32Array, count: number, refs: Int32Array, states: Int32Array): void;
    /** Whether the tuple of reference `ref` has these addresses and ports; its protocol is in the state word. */
    isTuple(ref: number, src: number, dst: number, ports: number): boolean;
    /** As `find`, hashing too: for the slow path. */
    lookup(src: number, dst: number, ports: number, proto: number): number;
    /** Appends the reference to its probe sequence. */
    protected occupy(hash: number, ref: number): void;
    /** Frees the reference's slot and moves later ones of the cluster up, so that no probe is cut short. */
    protected vacate(hash: number, ref: number): void;
    private homeOf;
}
