/**
 * A packet that a worker has captured, as it lies in the ring to the control side (`table/capture-ring.ts`): once, as it came in, and what differs of it
 * as it went out. Words of the host's order, then three parts, each filled up to a whole word: the head as it came in; the head as it went out, both from
 * the Ethernet header on, which begins HEAD_AT bytes behind a whole word, as in packet memory; and what follows in both, which nothing has changed.
 */

/** Word of a record: bytes of all of it. SKIP: the next record is at the ring's start. */
export const SIZE = 0,
  /** VERDICT_*, above it the reason, of `wire/drop.ts`. */
  VERDICT = 1,
  /** Packets that found no room in the ring since the record before. */
  LOST = 2,
  /** Since 1970: seconds, and nanoseconds. */
  SECONDS = 3,
  NANOSECONDS = 4,
  /** Ports of the dataplane; `OUT_PORT` -1: it goes nowhere, or to several. */
  IN_PORT = 5,
  OUT_PORT = 6,
  /** Interface index of the host's device that it came by, and that it leaves by; 0: that is not known here. */
  IN_DEVICE = 7,
  OUT_DEVICE = 8,
  /** Bytes of the frame, and of the part of its head that is here. */
  IN_LENGTH = 9,
  IN_HEAD = 10,
  OUT_LENGTH = 11,
  OUT_HEAD = 12,
  /** Bytes of the rest that are here, and how many of them are the frame's that went out, too. */
  REST = 13,
  OUT_REST = 14,
  HEADER_WORDS = 15;
export const HEAD_AT = 2;
export const SKIP = -1;
export const REASON_SHIFT = 8;

/** What became of a packet, by name; the number is its place. */
const NAMES = [
  "forwarded", // as it came, but for Ethernet addresses and TTL
  "translated", // it got other addresses or ports
  "dropped",
  "answered", // in its place its sender gets an answer: an error, a reset, an ARP reply
  "flooded", // to all other ports of its network
  "fragmented", // it goes out in fragments, or in segments, of its own
  "sealed", // to another node, encrypted
  "waits", // for the first fragment of its datagram, or to be opened
] as const;

export type Verdict = (typeof NAMES)[number];

function verdict(name: Verdict): number {
  return NAMES.indexOf(name);
}

export const FORWARDED = verdict("forwarded"),
  TRANSLATED = verdict("translated"),
  DROPPED = verdict("dropped"),
  ANSWERED = verdict("answered"),
  FLOODED = verdict("flooded"),
  FRAGMENTED = verdict("fragmented"),
  SEALED = verdict("sealed"),
  WAITS = verdict("waits");

export const VERDICTS: readonly Verdict[] = NAMES;
