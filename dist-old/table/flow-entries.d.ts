import type { Addresses } from "./addresses.js";
export declare class FlowEntries {
    readonly capacity: number;
    private readonly addresses?;
    /** Words: source, destination (one or four each), ports, protocol. */
    readonly keys: Int32Array;
    readonly keyBytes: Uint8Array;
    readonly values: Int32Array;
    readonly valueBytes: Uint8Array;
    readonly valueHalves: Uint16Array;
    /** Set it back to 0 when they are given on. */
    count: number;
    private readonly keyWords;
    private readonly valueWords;
    /** `capacity`: entries at a time. `addresses`: of IPv6 entries, where their addresses' handles are from. `valueSize`: in bytes. */
    constructor(capacity: number, addresses?: Addresses | undefined, valueSize?: number);
    get isFull(): boolean;
    /** Adds a key with a value of zeros; answers where the value lies, in bytes. Addresses are words (`wire/address-word.ts`). */
    add(src: number, dst: number, ports: number, proto: number): number;
    /** The same without a value. */
    addKey(src: number, dst: number, ports: number, proto: number): void;
}
