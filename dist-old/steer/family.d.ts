export interface Family {
    readonly version: 4 | 6;
    /** As a little-endian load sees it. */
    readonly ethertype: number;
    /** AF_*. */
    readonly af: number;
    readonly addressSize: 4 | 16;
    /** Header without options. */
    readonly ipSize: number;
    /** Time to live, hop limit: offset in the header. */
    readonly ttlAt: number;
    readonly icmp: number;
    /** Types of errors, which quote the packet that they are about. */
    readonly icmpErrors: readonly number[];
    /** Types of queries that may belong to a flow (RFC 5508 §2: echo, timestamp, information, address mask). */
    readonly queryRequests: readonly number[];
    readonly queryReplies: readonly number[];
    readonly echoRequest: number;
    readonly echoReply: number;
    readonly keySize: number;
    /** Of a value of `flows`, and where its address is. */
    readonly valueSize: number;
    readonly flowAddressAt: number;
    readonly maps: {
        readonly flows: "flows" | "flows6";
        readonly fragments: "fragments" | "fragments6";
        readonly pairs: "pairs" | "pairs6";
        readonly ports: "ports" | "ports6";
        readonly locals: "locals" | "locals6";
        readonly ipsec: "ipsec" | "ipsec6";
        readonly asked: "asked" | "asked6";
    };
    readonly stack: Stack;
}
/** Offsets from the frame pointer. What the families have of the same size is in `program.ts`. */
interface Stack {
    /** Header without options, and behind it the first 8 bytes of layer 4. */
    readonly ip: number;
    readonly l4: number;
    /** Of the header. */
    readonly src: number;
    readonly dst: number;
    /** A key of `flows`, of `fragments`, of `asked`. */
    readonly flow: number;
    readonly flowSrc: number;
    readonly flowDst: number;
    readonly flowPorts: number;
    readonly flowProto: number;
    /** A key of `ports`. */
    readonly port: number;
    /** A value of `fragments`. */
    readonly rest: number;
    /** Who sent the outer packet. */
    readonly sender: number;
    /** A value of `flows`, a key of `ipsec`. */
    readonly value: number;
    /** Address by which the host's routing is asked, and the interface index that the packet is to have come in by. */
    readonly whose: number;
    readonly wayIn: number;
}
export declare const V4: Family;
export declare const V6: Family;
/** Of IPv6 (RFC 8200 §4): headers between the IP header and layer 4. */
export declare const NEXT_HEADER = 6, FRAGMENT_HEADER = 44, AUTHENTICATION_HEADER = 51, 
/** Those whose second byte is their length in units of 8 bytes, the first of which does not count. */
EXTENSION_HEADERS: readonly [0, 43, 60, 135, 139, 140], 
/** A longer chain is left alone. As `wire/ipv6.ts`. */
MAX_EXTENSIONS = 8;
/** Stack: 8 bytes of an extension header; of a fragment header what says where the fragment belongs (0: there is none), and the identification. */
export declare const EXTENSION = -408, FRAGMENT_BITS = -412, FRAGMENT_ID = -416;
/** Offset and "more" of a fragment header as a little-endian load of its bytes 2 and 3 sees them. */
export declare const FRAGMENT6_OFFSET = 63743, MORE_FRAGMENTS6 = 256;
export {};
