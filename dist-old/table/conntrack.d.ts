import type { FlowMemory } from "./flow-file.js";
import { type NewFlow } from "./flow-row.js";
import { TupleIndex } from "./tuple-index.js";
export { MAX_TIMEOUT } from "./ageing.js";
export * from "./flow-row.js";
export declare class Conntrack extends TupleIndex {
    readonly capacity: number;
    private readonly kept?;
    /** The same memory: half word `(row + ACKED) * 2 + dir` is an acknowledgment number's. */
    readonly rowHalves: Uint16Array;
    readonly timeouts: Int32Array;
    /** Of each row: interface index that the host's kernel accepted the client's last packet from that it saw. */
    readonly device: Int32Array;
    used: number;
    created: number;
    /** Flows whose two ends are of different families. */
    across: number;
    /** How many flows are in each state. */
    readonly population: Int32Array;
    private closings;
    private readonly ageing;
    private free;
    private fresh;
    private reserved;
    /** `capacity`: entries, at most 2^20; `seed`: int32, random per process; `timeouts`: seconds, by state; `kept`: memory, of zeros; default: its own. */
    constructor(capacity: number, seed: number, timeouts?: Int32Array, kept?: FlowMemory | undefined);
    /** The arrays that every packet reads, at places all over them: they gain from huge pages (`engine/huge-pages.ts`). */
    get memory(): Int32Array[];
    /** Adds a flow; returns its row number, or -1 when the table is full. Neither tuple may be in the table. `now` in seconds. */
    insert(flow: NewFlow, now: number): number;
    /** Whether there is another row that was never used. */
    private hasFresh;
    /** Takes entry `id` out. */
    remove(id: number): void;
    /** Whether `id` is a live entry. */
    isLive(id: number): boolean;
    /** One past the highest row ever used: the end for who walks all entries. */
    get end(): number;
    protocol(id: number): number;
    state(id: number): number;
    deadline(id: number): number;
    /** When the last packet came, in seconds. */
    lastSeen(id: number): number;
    /** Counts a packet of direction `dir` and starts the state's time-out afresh. */
    touch(id: number, dir: number, now: number): void;
    packets(id: number, dir: number): number;
    /** Changes the state and starts its time-out. What that means for ports and limits: `dataplane/turn.ts`. */
    setState(id: number, state: number, now: number): void;
    /** Flows that are HELD: those that do not make room for others as a matter of course. */
    get held(): number;
    /** Opened to a published port: the target's address is not the one that was asked for. */
    isPublished(id: number): boolean;
    /** Whether the target sees another source address than that of who opened the flow. */
    hasOtherSource(id: number): boolean;
    /** Tuple of direction `dir`: what = 0 source, 1 destination, 2 ports. */
    tuple(id: number, dir: number, what: number): number;
    /** What a packet of direction `dir` gets: source, destination and ports of the other direction's tuple turned round. */
    newSrc(id: number, dir: number): number;
    newDst(id: number, dir: number): number;
    newPorts(id: number, dir: number): number;
    addressDelta(id: number, dir: number): number;
    allDelta(id: number, dir: number): number;
    /** Where packets of direction `dir` go: port | EGRESS_* bits. */
    egress(id: number, dir: number): number;
    /** Sets EGRESS_* bits of direction `dir`, and takes others away. */
    mark(id: number, dir: number, set: number, clear: number): void;
    /** Whether packets of the reference's tuple come by `port`: by the one that those of the other direction leave by. */
    comesBy(ref: number, port: number): boolean;
    /** Upper half, raw, of the acknowledgment number that direction `dir` has sent last. */
    acked(id: number, dir: number): number;
    setAcked(id: number, dir: number, upperHalf: number): void;
    /** Port mapping that the flow holds (`table/nat-pool.ts`), or -1. */
    mapping(id: number): number;
    setMapping(id: number, mapping: number): void;
    /** The flow holds no mapping any more: it is CLOSED, from now on. */
    close(id: number): void;
    /** How many flows were closed since this one, itself among them: seconds are too long to tell which was first. */
    closedSince(id: number): number;
    /** Of the flows in `state`, which must not be HELD, the one that has been silent for longest; -1: there is none. */
    oldest(state: number): number;
    /** The flow after `id` in the order of `oldest`, of the same state; -1: there is none. */
    next(id: number): number;
    /**
     * Collects up to `out.length` flows whose time has come by `now` into `out`; the caller removes each (`remove`), or gives it a later deadline
     * (`setState`), before the next call. Looks at about `budget` at most; `behind` says whether it left some.
     */
    expire(now: number, out: Int32Array, budget: number): number;
    /** The last `expire` left some for the next one. */
    get behind(): boolean;
}
