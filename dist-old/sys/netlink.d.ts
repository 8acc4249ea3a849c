import { TsproxyError } from "../errors.js";
export declare const NETLINK_ROUTE = 0;
export declare const NLM_F_REPLACE = 256;
export declare const NLM_F_EXCL = 512;
export declare const NLM_F_CREATE = 1024;
/** Sends the requester the notification of the change too. */
export declare const NLM_F_ECHO = 8;
export declare const NLM_F_DUMP = 768;
export declare const NLMSG_ERROR = 2;
export interface NetlinkMessage {
    type: number;
    flags: number;
    sequence: number;
    payload: Uint8Array;
}
export type Attributes = Map<number, Uint8Array>;
/** What the kernel said to one request. */
export interface Reply {
    messages: NetlinkMessage[];
    /** 0, or the positive errno. */
    errno: number;
    /** The kernel's explanation (extended acknowledgement), or "". */
    detail: string;
    /** The table changed during the dump, which may lack or repeat entries. */
    interrupted: boolean;
}
export declare const readU16: (bytes: Uint8Array, off: number) => number;
export declare const readU32: (bytes: Uint8Array, off: number) => number;
export declare const readI32: (bytes: Uint8Array, off: number) => number;
/** A string attribute, with or without its NUL; "" when there is none. */
export declare const readString: (bytes: Uint8Array | undefined) => string;
/** A kernel struct: one digit per field, its width in bytes. `pack("1124", family, 0, type, index)`. */
export declare function pack(widths: string, ...values: number[]): Uint8Array;
export declare const u32: (value: number) => Uint8Array;
export declare const text: (value: string) => Uint8Array;
/** One attribute with its padding. */
export declare function attribute(type: number, value: Uint8Array): Uint8Array;
export declare const nested: (type: number, ...attributes: Uint8Array[]) => Uint8Array;
/** A whole message; `body`: the fixed struct, then attributes, all of them padded to 4 bytes already. */
export declare function message(type: number, flags: number, sequence: number, ...body: Uint8Array[]): Uint8Array;
/** The attributes from `off` on, by type; of a repeated type the last. Stops at one whose length does not fit. */
export declare function parseAttributes(bytes: Uint8Array, off?: number): Attributes;
/** The messages of one datagram. Stops at one whose length does not fit. */
export declare function parseMessages(bytes: Uint8Array): NetlinkMessage[];
/** `NLMSG_ERROR` (an errno of 0 acknowledges) and `NLMSG_DONE` both hold a negative errno, and may explain it. */
export declare function parseEnd({ type, flags, payload }: NetlinkMessage): {
    errno: number;
    detail: string;
};
/** The error for a request that the kernel refused; `what` was tried, as in "add address 172.17.0.1/16 to tsp0". */
export declare function requestError(what: string, errno: number, detail: string): TsproxyError;
/** Receives whole datagrams from a netlink socket, however long. */
export declare class DatagramReader {
    private readonly fd;
    private buf;
    constructor(fd: number);
    /** A copy of the next datagram, or -errno. `flags`: MSG_*. */
    next(flags?: number): Uint8Array | number;
}
/** A netlink socket for requests, in namespace `nsFd` (-1: the caller's). All calls are synchronous. `protocol`: NETLINK_*. */
export declare class NetlinkSocket {
    private readonly fd;
    private readonly reader;
    private sequence;
    constructor(nsFd?: number, protocol?: number);
    close(): void;
    /** Sends one request and answers what the kernel said, be it an error. */
    transact(type: number, flags: number, ...body: Uint8Array[]): Reply;
    /** As `transact`; throws when the kernel refused. */
    request(what: () => string, type: number, flags: number, ...body: Uint8Array[]): NetlinkMessage[];
    /** A request of which an errno in `gone` means that there was nothing to delete. */
    remove(what: () => string, gone: number[], type: number, ...body: Uint8Array[]): boolean;
    /** All entries of a table, as one consistent state. */
    dump(what: string, type: number, ...body: Uint8Array[]): NetlinkMessage[];
    private exchange;
}
