export declare const HEADER_SIZE = 8;
export declare const ECHO_REPLY = 0, UNREACHABLE = 3, REDIRECT = 5, ECHO = 8, ROUTER_ADVERTISEMENT = 9, TIME_EXCEEDED = 11, PARAMETER_PROBLEM = 12, TIMESTAMP = 13, ADDRESS_MASK_REPLY = 18;
/** Codes of UNREACHABLE (RFC 1812 §5.2.7.1): no route; not there; too long, with the MTU (RFC 1191); administratively prohibited, which is what a NAT without room says (RFC 5508 REQ-8). */
export declare const NET_UNREACHABLE = 0, HOST_UNREACHABLE = 1, PORT_UNREACHABLE = 3, FRAGMENTATION_NEEDED = 4, PROHIBITED = 13;
export declare function type(bytes: Uint8Array, off: number): number;
/** A request or a reply of one of the queries. From 13 on the odd types are requests, and each is followed by its reply. */
export declare function isQuery(bytes: Uint8Array, off: number): boolean;
/** Of a query message: whether it asks. */
export declare function isRequest(bytes: Uint8Array, off: number): boolean;
/** Which of the queries a message is of, whether it asks or answers: 0 echo, 1 timestamp, 2 information, 3 address mask. */
export declare function query(bytes: Uint8Array, off: number): number;
/** An error that quotes the datagram that caused it. */
export declare function isError(bytes: Uint8Array, off: number): boolean;
/** What only a router says: redirect (RFC 792) and router advertisement (RFC 1256). */
export declare function isOfRouter(bytes: Uint8Array, off: number): boolean;
/** Identifier of a query message, raw half. */
export declare function identifier(halves: Uint16Array, off: number): number;
/** Writes the identifier (raw half) and applies the delta to the checksum, which covers the ICMP message alone. */
export declare function setIdentifier(halves: Uint16Array, off: number, id: number, delta: number): void;
export declare function updateChecksum(halves: Uint16Array, off: number, delta: number): void;
export declare function checksumOk(bytes: Uint8Array, halves: Uint16Array, off: number, len: number): boolean;
/** MTU of "fragmentation needed" (RFC 1191 §4), bytes; 0: who says it is older than that. */
export declare function mtu(halves: Uint16Array, off: number): number;
/** Where an error says which byte a "parameter problem" is about. */
export declare const POINTER_AT = 4;
/** The longest usual MTU below a packet's length (RFC 1191 §7.1). */
export declare function plateauBelow(total: number): number;
/** Writes the 8 bytes of an error header for a message of `len` bytes whose quoted datagram is in place already; `rest`: its second word, host order. */
export declare function emitError(bytes: Uint8Array, halves: Uint16Array, off: number, len: number, kind: number, code: number, rest: number): void;
/** Writes an echo request of `len` bytes (8 or more) whose data is zero; `id` and `sequence` are 0..65535. */
export declare function emitEcho(bytes: Uint8Array, halves: Uint16Array, off: number, len: number, id: number, sequence: number): void;
