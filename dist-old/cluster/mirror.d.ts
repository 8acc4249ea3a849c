/**
 * What is in the store under one prefix, kept up to date: listed, then watched. Whatever is wrong with the watch, all is listed again and compared
 * with what was known, and the differences are told as changes. While the store is not reached, what was known last stays.
 *
 * A watch can fall silent without an end: its connection hangs, its member has lost the others. So when nothing was heard for a while, somebody
 * puts the beacon, a key that all watch. Who put it and does not hear of it has a dead watch. As all hear of it, the others need not put it: in a
 * cluster where nothing happens it is one write every few seconds, however many nodes there are. The gateway of etcd has no way to ask for
 * progress (`docs/decisions/0131-a-beacon.md`).
 */
import { TsproxyError } from "../errors.js";
import { type ClusterStore, type StoreEvent } from "./store.js";
export interface MirrorOptions {
    readonly prefix: string;
    /** Under the prefix. */
    readonly beacon: {
        readonly key: string;
        readonly value: string;
    };
    /** Silence after which the beacon is put, and how long it may then take to be heard. */
    readonly quietMs: number;
    readonly graceMs: number;
    /** 0 to 1. */
    readonly random: () => number;
    /** What is different now, of one or several revisions; the beacon is not told. */
    readonly onChange: (changes: readonly StoreEvent[]) => void;
    /** The store was reached, at first or again. */
    readonly onFresh: () => void;
}
export declare class Mirror {
    private readonly store;
    private readonly options;
    /** Everything up to this revision is known; 0: nothing yet. */
    revision: number;
    /** Why it may be out of date; undefined: it is not, as far as is known. */
    problem: TsproxyError | undefined;
    private readonly entries;
    private readonly waiting;
    private readonly closing;
    private endWatch;
    constructor(store: ClusterStore, options: MirrorOptions);
    /** Goes on until `close`. */
    start(): void;
    close(): void;
    /** Resolves when everything is known that was in the store when this was called. Throws TSP_ERR_STORE when it is not reached. */
    sync(): Promise<void>;
    /** Resolves when everything up to that revision is known. */
    reached(revision: number, timeoutMs: number): Promise<void>;
    /** As `reached`, for who has changed something: it is done, whether or not that is seen here in time. */
    seen(revision: number): Promise<void>;
    private run;
    /** Takes over a whole listing: what is not in it is gone. */
    private adopt;
    /** Watches until that is over; answers why. */
    private follow;
    /** Nothing was heard for long: is there nothing, or is the watch dead? */
    private tryWatch;
    private beat;
    private take;
    private wake;
    private sleep;
}
