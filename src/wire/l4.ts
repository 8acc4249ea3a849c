/**
 * TCP (RFC 9293 §3.1) and UDP (RFC 768): both begin with source and destination port, one raw word (`raw.ts`). Offsets are 4-aligned.
 */
import { fold, sum, update, updatePartial } from "./checksum.js";
import { DROP_L4_HEADER, DROP_NONE, DROP_TRUNCATED } from "./drop.js";
import { rawWord } from "./raw.js";

export const TCP_MIN_HEADER_SIZE = 20,
  UDP_HEADER_SIZE = 8;
export const TCP_FIN = 0x01,
  TCP_SYN = 0x02,
  TCP_RST = 0x04,
  TCP_ACK = 0x10;
/** Offsets of the sequence and the acknowledgment number. */
export const TCP_SEQUENCE = 4,
  TCP_ACKNOWLEDGMENT = 8;
const TCP_OFFSET = 12,
  TCP_FLAGS = 13;
const OPTION_END = 0,
  OPTION_NOP = 1,
  OPTION_TIMESTAMPS = 8,
  TIMESTAMPS_SIZE = 10;
const UDP_LENGTH = 4;
/** Where the checksum lies in the header. */
export const TCP_CHECKSUM = 16,
  UDP_CHECKSUM = 6;

/** DROP_NONE if `len` bytes at `off` start with a TCP header that fits into them. */
export function checkTcp(bytes: Uint8Array, off: number, len: number): number {
  if (len < TCP_MIN_HEADER_SIZE) return DROP_TRUNCATED;
  const size = tcpHeaderSize(bytes, off);
  return size < TCP_MIN_HEADER_SIZE || size > len ? DROP_L4_HEADER : DROP_NONE;
}

/** DROP_NONE if `len` bytes at `off` hold a UDP header whose length is at most `longest`. */
export function checkUdp(bytes: Uint8Array, off: number, len: number, longest = len): number {
  if (len < UDP_HEADER_SIZE) return DROP_TRUNCATED;
  const size = udpLength(bytes, off);
  return size < UDP_HEADER_SIZE || size > longest ? DROP_L4_HEADER : DROP_NONE;
}

/** Bytes of the datagram, its header among them. */
export function udpLength(bytes: Uint8Array, off: number): number {
  return (bytes[off + UDP_LENGTH]! << 8) | bytes[off + UDP_LENGTH + 1]!;
}

/** Bytes, options included. */
export function tcpHeaderSize(bytes: Uint8Array, off: number): number {
  return (bytes[off + TCP_OFFSET]! >> 4) << 2;
}

/** Upper half of the sequence number, raw. */
export function tcpSequenceUpper(halves: Uint16Array, off: number): number {
  return halves[(off + TCP_SEQUENCE) >> 1]!;
}

/** Upper half of the acknowledgment number, raw. */
export function tcpAcknowledgmentUpper(halves: Uint16Array, off: number): number {
  return halves[(off + TCP_ACKNOWLEDGMENT) >> 1]!;
}

/** Where the timestamps option (RFC 7323 §3.2) of the header at `off` has its value, the echo reply behind it; -1: it has none. Both are four bytes, big-endian. */
export function tcpTimestampsAt(bytes: Uint8Array, off: number): number {
  const end = off + tcpHeaderSize(bytes, off);
  for (let at = off + TCP_MIN_HEADER_SIZE; at + TIMESTAMPS_SIZE <= end; ) {
    const kind = bytes[at]!;
    if (kind === OPTION_NOP) {
      at++;
      continue;
    }
    const size = bytes[at + 1]!;
    if (kind === OPTION_TIMESTAMPS && size === TIMESTAMPS_SIZE) return at + 2;
    if (kind === OPTION_END || size < 2) return -1;
    at += size;
  }
  return -1;
}

/** FIN, SYN, RST, ACK and the rest, as one byte. */
export function tcpFlags(bytes: Uint8Array, off: number): number {
  return bytes[off + TCP_FLAGS]!;
}

/** The word with data offset and flags, for `dataplane/established.ts` (see the words in `ipv4.ts`). */
export const TCP_FLAGS_WORD = 3;

export function tcpHeaderSizeOf(flagsWord: number): number {
  return (flagsWord & 0xf0) >> 2;
}

export function tcpFlagsOf(flagsWord: number): number {
  return (flagsWord >>> 8) & 0xff;
}

/** The raw sequence number `n` bytes after a raw one. */
export function tcpNumberAfter(raw: number, n: number): number {
  return rawWord((rawWord(raw) + n) | 0);
}

/**
 * Writes the header of a reset: raw ports and sequence number, no options; `pseudo`: sum of the pseudo header. One that answers a segment without ACK
 * acknowledges it (RFC 9293 §3.10.7.1): `flags` then has TCP_ACK.
 */
export function emitReset(
  bytes: Uint8Array,
  halves: Uint16Array,
  words: Int32Array,
  off: number,
  ports: number,
  sequence: number,
  acknowledgment: number,
  flags: number,
  pseudo: number,
): void {
  for (let at = off; at < off + TCP_MIN_HEADER_SIZE; at += 4) words[at >> 2] = 0;
  words[off >> 2] = ports;
  words[(off + TCP_SEQUENCE) >> 2] = sequence;
  words[(off + TCP_ACKNOWLEDGMENT) >> 2] = acknowledgment;
  bytes[off + TCP_OFFSET] = (TCP_MIN_HEADER_SIZE >> 2) << 4;
  bytes[off + TCP_FLAGS] = flags;
  halves[(off + TCP_CHECKSUM) >> 1] = ~fold(pseudo + sum(halves, bytes, off, TCP_MIN_HEADER_SIZE));
}

/** Raw ports word. */
export function ports(words: Int32Array, off: number): number {
  return words[off >> 2]!;
}

export function setPorts(words: Int32Array, off: number, ports: number): void {
  words[off >> 2] = ports;
}

/** Applies deltas to the TCP checksum. A partial one covers the pseudo header alone, so only the addresses' delta counts. */
export function updateTcpChecksum(halves: Uint16Array, off: number, partial: boolean, addressDelta: number, allDelta: number): void {
  const c = (off + TCP_CHECKSUM) >> 1;
  halves[c] = partial ? updatePartial(halves[c]!, addressDelta) : update(halves[c]!, allDelta);
}

/** The same for UDP, where 0 means "no checksum" and stays 0, and a result of 0 is sent as 0xffff (RFC 768). */
export function updateUdpChecksum(halves: Uint16Array, off: number, partial: boolean, addressDelta: number, allDelta: number): void {
  const c = (off + UDP_CHECKSUM) >> 1;
  const old = halves[c]!;
  if (partial) halves[c] = updatePartial(old, addressDelta);
  else if (old !== 0) halves[c] = update(old, allDelta) || 0xffff;
}
