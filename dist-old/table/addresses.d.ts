import { type IpAddress } from "../wire/ip-address.js";
import type { RandomInt32 } from "./random.js";
/** How many addresses a table is for that so many flows go with: two of each may be its own. */
export declare function addressCapacity(flows: number): number;
/** Memory for the words of a table, which may outlive it (`flow-file.ts`). */
export interface AddressMemory {
    /** Four a row, of zeros. */
    words: Int32Array;
    /** How many rows there is room for now, once there is room for `count`; less than that: there is none. */
    reserve(count: number): number;
}
export declare class Addresses {
    private readonly kept?;
    /** Four raw words a row. Row 0 is none. */
    readonly words: Int32Array;
    /** Addresses in the table. */
    used: number;
    /** Something may have to be taken out: see `sweep`. */
    stale: boolean;
    private readonly slots;
    private readonly holds;
    private readonly next;
    private readonly mask;
    private readonly rowMask;
    private readonly capacity;
    private readonly m0;
    private readonly m1;
    private readonly m2;
    private readonly m3;
    private free;
    private fresh;
    private idle;
    private reserved;
    /** `capacity`: addresses at a time. `random`: so that collisions are hard to aim. `kept`: memory for them, and row 0; default: its own. */
    constructor(capacity: number, random: RandomInt32, kept?: AddressMemory | undefined);
    /** Hash of the address whose four raw words begin at `from[at]`. */
    hash(from: Int32Array, at: number): number;
    /** Handle of the address whose four raw words begin at `from[at]`, or NO_ADDRESS. */
    find(from: Int32Array, at: number): number;
    /**
     * Looks up `count` addresses at once, so that their cache misses overlap: address k is at `from[wheres[k]]`, and its handle, or NO_ADDRESS, becomes
     * `handles[k]`.
     */
    findAll(from: Int32Array, wheres: Int32Array, count: number, handles: Int32Array): void;
    /** The same, and it is put in if need be: until the next `sweep`, if nobody holds it. NO_ADDRESS when the table is full. */
    intern(from: Int32Array, at: number): number;
    /** Whether there is another row that was never used. */
    private hasFresh;
    /** One more thing needs the word to mean what it means. Of IPv4 addresses nothing is kept. */
    hold(address: number): void;
    /** One thing less. */
    release(address: number): void;
    /** Takes out what nobody holds. Between two batches only. */
    sweep(): void;
    /** The word of an address of the configuration, held; NO_ADDRESS when the table is full. Give it back with `release`. */
    take(address: IpAddress): number;
    /** For people. */
    toIp(address: number): IpAddress;
    text(address: number): string;
    /** Folded sum of the address's halves (`wire/checksum.ts`), of either family. */
    sum(address: number): number;
    /** Delta of exchanging one address for another, maybe of the other family. */
    delta(before: number, after: number): number;
    /** Copies the address's four words to `to[at]`. Precondition: it is a handle. */
    copy(address: number, to: Int32Array, at: number): void;
    /** Whether the four raw words at `from[at]` are the address's. */
    isAt(address: number, from: Int32Array, at: number): boolean;
    /** Whether two IPv6 addresses are of one network of 64 bits, which is what a link has (RFC 4291 §2.5.1). */
    sameNetwork(a: number, b: number): boolean;
    /**
     * What limits by address go by: one who has an IPv6 address has a network of 64 bits to choose from (RFC 4291 §2.5.1), so that network counts,
     * as a hash. Of IPv4 it is the address.
     */
    holder(address: number): number;
    /** One word that stands for the address in the choice of a worker (`wire/spread.ts`). */
    spread(address: number): number;
    private vacate;
}
/** The address's raw words: one or four. */
export declare function rawWords(address: IpAddress): Int32Array;
