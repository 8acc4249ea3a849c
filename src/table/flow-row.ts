/**
 * A flow's row in `table/conntrack.ts`: where its words lie, and the states that a flow can be in.
 */

/**
 * A row is 16 words, eight of each direction: five of its own, alike in both, then three of the flow. So what a reference (row * 2 + direction) names
 * begins at word `ref * 8`, the other direction's at `ref * 8 ^ REPLY`, and no word has to be shifted by the direction (docs/machine-code.md).
 */
export const ROW_SHIFT = 4;
/** Of the original direction; the reply's are REPLY words on. */
export const SRC = 0,
  DST = 1,
  PORTS = 2;
export const REPLY_SHIFT = 3,
  REPLY = 1 << REPLY_SHIFT;
/**
 * Low half: where packets of the direction go, port in bits 0..9 (`ports.ts`), EGRESS_* bits above. High half: of TCP, the upper half of the last
 * acknowledgment number, raw (`dataplane/tcp-window.ts`); of SCTP, the first half of the verification tag, alike (`dataplane/track-sctp.ts`).
 */
export const WAY = 3;
/** Packets of the direction; wraps at 2^32. */
export const PACKETS = 4;
/** Bits 0..7 IP protocol (0: the row is free), 8..15 state (`stateWord`), 16 and 17 families, 18 TIMESTAMPED, 19 WITHHELD. */
export const STATE = 5;
/** The original, the reply tuple is of IPv6. So a packet of class E, whose words may look the same, is not taken for the flow's. */
export const V6_ORIGINAL = 1 << 16,
  V6_REPLY = 1 << 17;
/**
 * The kernel could carry the flow, and does not, since somebody looks at its packets (`engine/withhold.ts`). It has no place among the EGRESS_* bits, which
 * are all taken; here it also has the passes over established flows leave its packets to the other stages.
 */
export const WITHHELD = 1 << 19;
/** Of a flow that is CLOSING: the high halves of WAY hold the timestamp that its target remembers (`dataplane/time-wait.ts`). */
export const TIMESTAMPED = 1 << 18;
/** Second at which the entry dies. */
export const DEADLINE = 6;
/** Checksum deltas of the original direction: addresses in the low half, addresses and ports in the high one. */
export const DELTA = 7;
/** Neighbours in the list that ages the entry (`table/ageing.ts`); NEXT links free rows too. */
export const NEXT = REPLY + 5,
  PREV = REPLY + 6;
/** Port mapping that the flow holds (`table/nat-pool.ts`); -1: none. Of a CLOSED flow, which holds none, with all upper bits set when it was closed. */
export const MAPPING = REPLY + 7;

/** The uplink's steering is to bring the replies of what goes out here. */
export const RECORD_BIT = 11,
  EGRESS_RECORD = 1 << RECORD_BIT;
/** One end is the host itself: no router lies between, so TTL stays. */
export const KEEP_TTL_BIT = 12,
  EGRESS_KEEP_TTL = 1 << KEEP_TTL_BIT;
/** Of both directions: the steering programs may carry the flow's packets, unseen by us (`engine/offload.ts`). */
export const EGRESS_OFFLOAD = 1 << 13;
/**
 * What the direction sends is in the steering's map. Of the reply direction so that the client's packets come here (`dataplane/record.ts`), of the original
 * one where the flow was to be carried, and is not.
 */
export const EGRESS_ENTERED = 1 << 14;
/** Of the reply direction: its next packet is to be entered there. */
export const EGRESS_ENTER = 1 << 15;
/** Of the original direction, which is never entered: by way of another node, whose station `l2-out` finds. */
export const EGRESS_NODE = 1 << 15;
/** Its next packet is for other stages than the passes over established flows. */
export const EGRESS_SLOW = EGRESS_OFFLOAD | EGRESS_ENTER;
export const EGRESS_PORT = 0x7ff;

/**
 * What becomes of a flow when something is full. UNPROVEN: its opener has not been heard again since the answer, or there was none; whoever
 * sends with false source addresses gets no further. HELD: both ends have spoken, so it stays. CLOSING: it is over, and kept for late
 * packets alone; it holds neither a port nor a place.
 */
export const UNPROVEN = 0,
  HELD = 1,
  CLOSED = 2;

/** For so long an UNPROVEN flow is waited for before it makes room, if there is another that can, in seconds. */
export const GRACE_SEC = 2;

/** Which state changes to which is in `dataplane/track.ts`. */
export const SYN_SENT = 0,
  SYN_RECEIVED = 1,
  TAKEN_UP = 2,
  ESTABLISHED = 3,
  FIN_ORIGINAL = 4,
  FIN_REPLY = 5,
  CLOSING = 6,
  RESET_ORIGINAL = 7,
  RESET_REPLY = 8,
  UNREPLIED = 9,
  REPLIED = 10,
  ASSURED = 11,
  QUERY = 12,
  ANSWERED = 13,
  ECHO = 14, // then the other queries, in the order of `icmp.query`
  COOKIE_WAIT = 18,
  COOKIE_ECHOED = 19,
  SCTP_TAKEN_UP = 20,
  ASSOCIATED = 21,
  SHUTDOWN = 22,
  ENDED = 23;

/** Name for people, phase, and seconds without a packet. */
// biome-ignore format: a table
const STATES: readonly (readonly [name: string, phase: number, timeout: number])[] = [
  ["syn-sent", UNPROVEN, 30], // may be short, against floods (RFC 7857 §2.1)
  ["syn-received", UNPROVEN, 60], // RFC 5382 REQ-5: 4 minutes at least; a handshake takes seconds
  ["taken-up", UNPROVEN, 30], // from the middle of a connection, and not answered yet
  ["established", HELD, 7440], // RFC 5382 REQ-5: 2 h 4 min
  ["fin-wait", HELD, 240], // one end has closed: RFC 5382 REQ-5, 4 min
  ["fin-wait", HELD, 240],
  ["closing", CLOSED, 240], // both have (same place)
  ["reset", CLOSED, 240], // RFC 7857 §2.2: 4 min
  ["reset", CLOSED, 240],
  ["unreplied", UNPROVEN, 120], // RFC 4787 REQ-5: 2 min at least
  ["replied", UNPROVEN, 300],
  ["assured", HELD, 300], // RFC 4787 REQ-5: 5 min recommended
  ["query", UNPROVEN, 30], // to a port whose protocol is known to need no longer (RFC 4787 REQ-5a)
  ["answered", CLOSED, 10],
  ["echo", UNPROVEN, 60], // RFC 5508 REQ-2
  ["timestamp", UNPROVEN, 60],
  ["information", UNPROVEN, 60],
  ["address-mask", UNPROVEN, 60],
  // SCTP, after RFC 5382's numbers: no RFC has any
  ["cookie-wait", UNPROVEN, 30],
  ["cookie-echoed", UNPROVEN, 60],
  ["taken-up", UNPROVEN, 30],
  ["associated", HELD, 7440], // heartbeats come every 30 s, if they are not switched off (RFC 9260 §8.3)
  ["shutdown", HELD, 240],
  ["ended", CLOSED, 240], // by ABORT or SHUTDOWN COMPLETE
];

export const STATE_NAMES = STATES.map(([name]) => name);
export const PHASES = Uint8Array.from(STATES, ([, phase]) => phase);
export const DEFAULT_TIMEOUTS = Int32Array.from(STATES, ([, , timeout]) => timeout);
/** The states that are UNPROVEN, and those that are CLOSED. */
export const UNPROVEN_STATES = Uint8Array.from([...STATES.keys()].filter((state) => PHASES[state] === UNPROVEN));
export const CLOSED_STATES = Uint8Array.from([...STATES.keys()].filter((state) => PHASES[state] === CLOSED));

export function stateWord(proto: number, state: number): number {
  return proto | (state << 8);
}

/** A flow to be: filled in place by who opens one, then given to `Conntrack.insert`. Words are raw. */
export class NewFlow {
  proto = 0;
  state = 0;
  src = 0;
  dst = 0;
  ports = 0;
  replySrc = 0;
  replyDst = 0;
  replyPorts = 0;
  /** Where packets of each direction go: port | EGRESS_* bits. */
  egress = 0;
  replyEgress = 0;
  /** Of `table/nat-pool.ts`, or -1. */
  mapping = -1;
  /** Interface index that the host's kernel accepted it from; 0: it was not asked. */
  device = 0;
  /** Checksum deltas (`wire/checksum.ts`) of the original direction: of the addresses, and of addresses and ports. */
  addressDelta = 0;
  allDelta = 0;
}
