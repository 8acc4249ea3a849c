export declare const MAX_TIMEOUT: number;
export declare const NONE = -1;
export declare class Ageing {
    private readonly rows;
    private readonly timeouts;
    /** The last `expire` left some for the next one. */
    behind: boolean;
    private readonly first;
    private readonly last;
    private tick;
    constructor(rows: Int32Array, timeouts: Int32Array);
    /** The row of this state that has been silent for longest, or -1. Not for states that are HELD. */
    oldest(state: number): number;
    /** Starts the row's time-out afresh, as its state says. */
    start(id: number, now: number): void;
    /** A packet has come: the time-out starts afresh. */
    refresh(id: number, now: number): void;
    /** Takes the row out, before its state changes. */
    stop(id: number): void;
    /**
     * Collects up to `out.length` rows whose time has come by `now` into `out`; the caller takes each out, or gives it a later deadline, before the next call.
     * Looks at `budget` rows of the wheel at most, so that a great many at once do not stop the packets; then the next call goes on.
     */
    expire(now: number, out: Int32Array, budget: number): number;
    private expireLists;
    private expireWheel;
    /** Puts the row into the bucket of its deadline. */
    private linkToBucket;
    /** Puts the row at the end of its state's list. */
    private linkToList;
}
