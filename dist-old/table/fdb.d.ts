export declare const AGEING_SEC = 300;
/** Upper part of a key: raw MAC bytes 0..1 and the number of the network (0..255), so that networks are apart. */
export declare function fdbKey(hi: number, network: number): number;
export declare class Fdb {
    private readonly seed;
    used: number;
    /** Times that a source could not be learned because the table was full. */
    full: number;
    private readonly hi;
    private readonly lo;
    private readonly port;
    private readonly seen;
    private readonly mask;
    private swept;
    /** `slots`: a power of two; half of them can be used. `seed`: int32, random per process, so that collisions are hard to aim. */
    constructor(slots: number, seed: number);
    /** Port of the MAC, or -1. */
    lookup(hi: number, lo: number): number;
    /** Learns the MAC, or moves it to this port. False when the table is full or the address is another port's static one. */
    learn(hi: number, lo: number, port: number, now: number): boolean;
    /** Adds an address that the configuration knows, even when learned ones have filled their half: there are far fewer than slots. */
    addStatic(hi: number, lo: number, port: number): void;
    /** Forgets all addresses behind a port, static ones too. */
    flushPort(port: number): void;
    /** Ages out entries in the next `slots` slots; call it every second with a share of the table. */
    age(now: number, slots: number): void;
    get slots(): number;
    /** Calls `visit` for each entry; `ageSec` is -1 for a static one. For people, not for the packet path. */
    forEach(now: number, visit: (hi: number, lo: number, port: number, ageSec: number) => void): void;
    private home;
    private find;
    /** Frees slot `hole` and moves later entries of the cluster up, so that no probe is cut short. */
    private removeAt;
}
