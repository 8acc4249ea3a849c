export declare class PairMap {
    private readonly seed;
    size: number;
    private a;
    private b;
    private value;
    private mask;
    /** `seed`: int32, random per process. */
    constructor(seed: number, slots?: number);
    /** The value, or -1. */
    get(a: number, b: number): number;
    /** Adds or replaces. `value` >= 0. */
    set(a: number, b: number, value: number): void;
    delete(a: number, b: number): void;
    clear(): void;
    private home;
    private find;
    private grow;
}
