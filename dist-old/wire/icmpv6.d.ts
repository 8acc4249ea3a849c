import { PROTO_ICMPV6 } from "./ipv6.js";
export { PROTO_ICMPV6 };
export declare const HEADER_SIZE = 8;
export declare const UNREACHABLE = 1, PACKET_TOO_BIG = 2, TIME_EXCEEDED = 3, PARAMETER_PROBLEM = 4, ECHO = 128, ECHO_REPLY = 129;
/** Codes of UNREACHABLE (§3.1). */
export declare const NO_ROUTE = 0, PROHIBITED = 1, PORT_UNREACHABLE = 4;
/** Echo request or reply. */
export declare function isQuery(bytes: Uint8Array, off: number): boolean;
export declare function isRequest(bytes: Uint8Array, off: number): boolean;
/** One of the four errors of RFC 4443 that quote the packet that caused them. */
export declare function isError(bytes: Uint8Array, off: number): boolean;
/** What a multicast listener or its router says. */
export declare function isMulticastListener(bytes: Uint8Array, off: number): boolean;
/** Whether the checksum of the message of `len` bytes at `off`, in the packet whose header is at `ip`, is right. All of it lies in one piece. */
export declare function checksumOk(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, ip: number, off: number, len: number): boolean;
/** Computes and writes it. */
export declare function fillChecksum(bytes: Uint8Array, halves: Uint16Array, words: Int32Array, ip: number, off: number, len: number): void;
/** Writes type, code and the 32 bits behind the checksum (host order) of an error. */
export declare function emitError(bytes: Uint8Array, halves: Uint16Array, off: number, kind: number, code: number, rest: number): void;
/** The 32 bits behind the checksum, host order: of PACKET_TOO_BIG the MTU, of PARAMETER_PROBLEM the pointer. */
export declare function rest(halves: Uint16Array, off: number): number;
/** No error of the other family says this. */
export declare const NONE = -1;
/** Type and code (type << 8 | code) that say of IPv6 what those of an ICMP error say of IPv4 (RFC 7915 §4.2); NONE. */
export declare function ofIcmp(kind: number, code: number): number;
/** The reverse (RFC 7915 §5.2). */
export declare function toIcmp(kind: number, code: number): number;
