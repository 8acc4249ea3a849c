export declare const HEADER_SIZE = 12;
/** Types of chunks (RFC 9260 §3.2; I-DATA: RFC 8260 §2.1). */
export declare const DATA = 0, INIT = 1, INIT_ACK = 2, SACK = 3, HEARTBEAT = 4, HEARTBEAT_ACK = 5, ABORT = 6, SHUTDOWN = 7, SHUTDOWN_ACK = 8, COOKIE_ACK = 11, SHUTDOWN_COMPLETE = 14, I_DATA = 64;
/** DROP_NONE if `len` bytes at `off` hold a common header and a first chunk of at most `longest` bytes with it, else the reason to drop. */
export declare function check(bytes: Uint8Array, off: number, len: number, longest?: number): number;
/** Type of the first chunk. What opens, accepts or ends an association comes first: INIT and SHUTDOWN COMPLETE alone, INIT ACK too (§6.10). */
export declare function chunkType(bytes: Uint8Array, off: number): number;
/** Whether the first chunk, an ABORT or SHUTDOWN COMPLETE, has the sender's own tag. */
export declare function isReflected(bytes: Uint8Array, off: number): boolean;
/** Whether the packet may open an association: one INIT, alone, without a tag (§8.5.1). */
export declare function isOpening(bytes: Uint8Array, words: Int32Array, off: number, len: number): boolean;
/** First half of the verification tag, raw. */
export declare function tagUpper(halves: Uint16Array, off: number): number;
/** First half of the tag that an INIT or INIT ACK asks the other end to use, raw. */
export declare function initiateTagUpper(halves: Uint16Array, off: number): number;
/** The checksum as a raw word. */
export declare function checksum(words: Int32Array, off: number): number;
export declare function setChecksum(words: Int32Array, off: number, checksum: number): void;
/** What the checksum of a packet is to be, whose first `len` bytes are at `off` and the other `more` at `tail`. */
export declare function compute(bytes: Uint8Array, off: number, len: number, tail: number, more: number): number;
/** The tag that an INIT asks the other end to use, raw. */
export declare function initiateTag(words: Int32Array, off: number): number;
export declare const ABORT_SIZE: number;
/** Writes a packet with an ABORT (§3.3.7) of ABORT_SIZE bytes: raw ports and tag. */
export declare function emitAbort(bytes: Uint8Array, words: Int32Array, off: number, ports: number, tag: number): void;
/** Writes the raw ports word, and corrects the checksum of a packet of `len` bytes by it. */
export declare function setPorts(words: Int32Array, off: number, ports: number, len: number): void;
