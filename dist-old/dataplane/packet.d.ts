/** What stages ask of a packet whatever its family (KIND_IPV4 or KIND_IPV6). */
import { type Batch } from "../mem/batch.js";
/** Offset of the IP header. */
export declare function ipAt(b: Batch, i: number): number;
/** Bytes from the IP header to the end of the packet. */
export declare function totalLength(b: Batch, i: number): number;
/** TTL, or hop limit. */
export declare function ttl(b: Batch, i: number): number;
/** Precondition: it is above 0. */
export declare function decrementTtl(b: Batch, i: number): void;
/** Folded sum of the pseudo header for `len` bytes of protocol `proto`. */
export declare function pseudoSum(b: Batch, i: number, proto: number, len: number): number;
/** Offset of the fragment header of an IPv6 packet, or -1. */
export declare function fragmentAt(b: Batch, i: number): number;
/** First fragment of several, or a later one. */
export declare function isFragment(b: Batch, i: number): boolean;
/** A fragment other than the first: it has no layer-4 header. */
export declare function isLaterFragment(b: Batch, i: number): boolean;
export declare function isIcmp(proto: number): boolean;
/** Of an ICMP message: whether it asks something, or answers. */
export declare function isQuery(b: Batch, i: number): boolean;
/** Of a query: whether it asks. */
export declare function isRequest(b: Batch, i: number): boolean;
/** State of a flow in which this query is asked. */
export declare function queryState(b: Batch, i: number): number;
