/**
 * A flow's row in `table/conntrack.ts`: where its words lie, and the states that a flow can be in.
 */
/** A row is 16 words; these are their places. Original tuple 0..2 (source, destination, ports), reply tuple 3..5. */
export declare const ROW_SHIFT = 4;
export declare const SRC = 0, DST = 1, PORTS = 2;
export declare const REPLY = 3;
/** Bits 0..7 IP protocol (0: the row is free), 8..15 state (`stateWord`), 16 and 17 families. */
export declare const STATE = 6;
/** The original, the reply tuple is of IPv6. So a packet of class E, whose words may look the same, is not taken for the flow's. */
export declare const V6_ORIGINAL: number, V6_REPLY: number;
/** Second at which the entry dies. */
export declare const DEADLINE = 7;
/** Neighbours in the list that ages the entry (`table/ageing.ts`); NEXT links free rows too. */
export declare const NEXT = 8, PREV = 9;
/** Port mapping that the flow holds (`table/nat-pool.ts`); -1: none. Of a CLOSED flow, which holds none, with all upper bits set when it was closed. */
export declare const MAPPING = 10;
/** Egress of the original direction in the low half, of the reply direction in the high one: port in bits 0..9 (`ports.ts`), EGRESS_* bits above. */
export declare const EGRESS = 11;
/**
 * Of TCP, the upper half of the last acknowledgment number of each direction, raw: original in the low half (`dataplane/tcp-window.ts`). Of SCTP,
 * the first half of the verification tag of each direction's packets, alike (`dataplane/track-sctp.ts`).
 */
export declare const ACKED = 12;
/** Checksum deltas of the original direction: addresses in the low half, addresses and ports in the high one. */
export declare const DELTA = 13;
/** Packets of each direction; wraps at 2^32. */
export declare const PACKETS = 14;
/** The uplink's steering is to bring the replies of what goes out here. */
export declare const EGRESS_RECORD: number;
/** One end is the host itself: no router lies between, so TTL stays. */
export declare const EGRESS_KEEP_TTL: number;
/** Of the original direction: the steering programs may carry the flow's packets, unseen by us (`engine/offload.ts`). */
export declare const EGRESS_OFFLOAD: number;
/** Of the reply direction: what it sends is in the steering's map, so that the client's packets come here (`dataplane/record.ts`). */
export declare const EGRESS_ENTERED: number;
/** Of the reply direction: its next packet is to be entered there. */
export declare const EGRESS_ENTER: number;
export declare const EGRESS_PORT = 1023;
/**
 * What becomes of a flow when something is full. UNPROVEN: its opener has not been heard again since the answer, or there was none; whoever
 * sends with false source addresses gets no further. HELD: both ends have spoken, so it stays. CLOSING: it is over, and kept for late
 * packets alone; it holds neither a port nor a place.
 */
export declare const UNPROVEN = 0, HELD = 1, CLOSED = 2;
/** For so long an UNPROVEN flow is waited for before it makes room, if there is another that can, in seconds. */
export declare const GRACE_SEC = 2;
/** Which state changes to which is in `dataplane/track.ts`. */
export declare const SYN_SENT = 0, SYN_RECEIVED = 1, TAKEN_UP = 2, ESTABLISHED = 3, FIN_ORIGINAL = 4, FIN_REPLY = 5, CLOSING = 6, RESET_ORIGINAL = 7, RESET_REPLY = 8, UNREPLIED = 9, REPLIED = 10, ASSURED = 11, QUERY = 12, ANSWERED = 13, ECHO = 14, // then the other queries, in the order of `icmp.query`
COOKIE_WAIT = 18, COOKIE_ECHOED = 19, SCTP_TAKEN_UP = 20, ASSOCIATED = 21, SHUTDOWN = 22, ENDED = 23;
export declare const STATE_NAMES: string[];
export declare const PHASES: Uint8Array<ArrayBuffer>;
export declare const DEFAULT_TIMEOUTS: Int32Array<ArrayBuffer>;
/** The states that are UNPROVEN, and those that are CLOSED. */
export declare const UNPROVEN_STATES: Uint8Array<ArrayBuffer>;
export declare const CLOSED_STATES: Uint8Array<ArrayBuffer>;
export declare function stateWord(proto: number, state: number): number;
/** A flow to be: filled in place by who opens one, then given to `Conntrack.insert`. Words are raw. */
export declare class NewFlow {
    proto: number;
    state: number;
    src: number;
    dst: number;
    ports: number;
    replySrc: number;
    replyDst: number;
    replyPorts: number;
    /** Where packets of each direction go: port | EGRESS_* bits. */
    egress: number;
    replyEgress: number;
    /** Of `table/nat-pool.ts`, or -1. */
    mapping: number;
    /** Interface index that the host's kernel accepted it from; 0: it was not asked. */
    device: number;
    /** Checksum deltas (`wire/checksum.ts`) of the original direction: of the addresses, and of addresses and ports. */
    addressDelta: number;
    allDelta: number;
}
