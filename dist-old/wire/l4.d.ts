export declare const TCP_MIN_HEADER_SIZE = 20, UDP_HEADER_SIZE = 8;
export declare const TCP_FIN = 1, TCP_SYN = 2, TCP_RST = 4, TCP_ACK = 16;
/** Offsets of the sequence and the acknowledgment number. */
export declare const TCP_SEQUENCE = 4, TCP_ACKNOWLEDGMENT = 8;
/** Where the checksum lies in the header. */
export declare const TCP_CHECKSUM = 16, UDP_CHECKSUM = 6;
/** DROP_NONE if `len` bytes at `off` start with a TCP header that fits into them. */
export declare function checkTcp(bytes: Uint8Array, off: number, len: number): number;
/** DROP_NONE if `len` bytes at `off` hold a UDP header whose length is at most `longest`. */
export declare function checkUdp(bytes: Uint8Array, off: number, len: number, longest?: number): number;
/** Bytes of the datagram, its header among them. */
export declare function udpLength(bytes: Uint8Array, off: number): number;
/** Bytes, options included. */
export declare function tcpHeaderSize(bytes: Uint8Array, off: number): number;
/** Upper half of the sequence number, raw. */
export declare function tcpSequenceUpper(halves: Uint16Array, off: number): number;
/** Upper half of the acknowledgment number, raw. */
export declare function tcpAcknowledgmentUpper(halves: Uint16Array, off: number): number;
/** FIN, SYN, RST, ACK and the rest, as one byte. */
export declare function tcpFlags(bytes: Uint8Array, off: number): number;
/** The word with data offset and flags, for `dataplane/established.ts` (see the words in `ipv4.ts`). */
export declare const TCP_FLAGS_WORD = 3;
export declare function tcpHeaderSizeOf(flagsWord: number): number;
export declare function tcpFlagsOf(flagsWord: number): number;
/** The raw sequence number `n` bytes after a raw one. */
export declare function tcpNumberAfter(raw: number, n: number): number;
/**
 * Writes the header of a reset: raw ports and sequence number, no options; `pseudo`: sum of the pseudo header. One that answers a segment without ACK
 * acknowledges it (RFC 9293 §3.10.7.1): `flags` then has TCP_ACK.
 */
export declare function emitReset(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, off: number, ports: number, sequence: number, acknowledgment: number, flags: number, pseudo: number): void;
/** Raw ports word. */
export declare function ports(words: Int32Array, off: number): number;
export declare function setPorts(words: Int32Array, off: number, ports: number): void;
/** Applies deltas to the TCP checksum. A partial one covers the pseudo header alone, so only the addresses' delta counts. */
export declare function updateTcpChecksum(halves: Uint16Array, off: number, partial: boolean, addressDelta: number, allDelta: number): void;
/** The same for UDP, where 0 means "no checksum" and stays 0, and a result of 0 is sent as 0xffff (RFC 768). */
export declare function updateUdpChecksum(halves: Uint16Array, off: number, partial: boolean, addressDelta: number, allDelta: number): void;
