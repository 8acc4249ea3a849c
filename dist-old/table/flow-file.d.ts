/**
 * A worker's flows as a file that outlives the process, for the next one to go on with (`dataplane/adopt.ts`). The file is the memory of the
 * tables, mapped: nothing is written twice, and what a SIGKILL leaves is the state of the last packet.
 *
 * Layout, in the machine's byte order, which is little-endian wherever this runs: a page of header; kind and addresses of each port
 * (`ports.ts`), by which a row's port numbers are known again; `device` of each row (`conntrack.ts`); from the next page on the rows; from the next
 * on the words of IPv6 addresses (`addresses.ts`), which rows and ports name by handles.
 * The rest of the tables, hash slots, lists and port mappings, is made anew from the rows.
 *
 * Whoever reads a file trusts none of it. The header has a checksum, and says which boot, network namespace and layout it is of. A
 * row may be torn, since the process may have died while it wrote one: the checksum deltas that it carries tell
 * whether its addresses and ports belong together.
 */
import { type AddressMemory } from "./addresses.js";
/** Whose flows they are. */
export interface FlowFileOwner {
    /** Which kind of instance: only one of the same kind goes on with them. */
    role: number;
    /** Four words that each boot of the machine has others of. */
    boot: Int32Array;
    /** Inode of the network namespace. */
    netns: number;
}
/** What the tables need of memory that outlives them. */
export interface FlowMemory {
    rows: Int32Array;
    device: Int32Array;
    portKind: Uint8Array;
    portAddress: Int32Array;
    portAddress6: Int32Array;
    /** How many rows there is room for now, once there is room for `count`; less than that: there is none. */
    reserve(count: number): number;
    addresses: AddressMemory;
}
export declare function flowFileSize(capacity: number): number;
/** Where the words of IPv6 addresses begin. */
export declare function addressesAt(capacity: number): number;
export declare function addressBytes(count: number): number;
/** Where the rows begin; what comes before must be there from the start. */
export declare function rowsAt(capacity: number): number;
export declare function rowBytes(count: number): number;
export declare class FlowFile {
    readonly capacity: number;
    readonly rows: Int32Array;
    readonly device: Int32Array;
    readonly portKind: Uint8Array;
    readonly portAddress: Int32Array;
    readonly portAddress6: Int32Array;
    /** Of IPv6 addresses, four a row. */
    readonly addressWords: Int32Array;
    private readonly header;
    /** `buffer`: flowFileSize(capacity) bytes. */
    constructor(buffer: ArrayBuffer, capacity: number);
    get worker(): number;
    get workers(): number;
    /** Seconds by state. */
    get timeouts(): Int32Array;
    /** Makes the file one that `read` takes. */
    begin(owner: FlowFileOwner, worker: number, workers: number, timeouts: Int32Array): void;
}
/** Whether the first page, or more, of a file is that of a file of this boot and network namespace that can be read; else why not. */
export type HeaderVerdict = {
    capacity: number;
    role: number;
    sameHost: true;
} | {
    sameHost: false;
} | {
    refused: "it is none" | "another version" | "damaged" | "of an earlier boot";
};
export declare function checkHeader(page: Int32Array, owner: Pick<FlowFileOwner, "boot" | "netns">): HeaderVerdict;
/** Words of the header that `checkHeader` looks at, in bytes. */
export declare const HEADER_BYTES: number;
