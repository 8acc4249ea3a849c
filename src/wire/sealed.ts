/**
 * A sealed datagram: a VXLAN header and an Ethernet frame, encrypted and authenticated for one node by one node (AEAD, RFC 5116). All is big-endian.
 *
 *      0  0x80: sealed. VXLAN's I flag (0x08) is not set, so who knows VXLAN alone drops it (RFC 7348 §5)
 *      1  version of this format, 1
 *      2  number of the sender's key (16 bits)
 *      4  number of the receiver's key (16)
 *      6  which worker of the receiver's it is for, plus 1; 0: any
 *      7  which worker of the sender's has sealed it
 *      8  counter (64), of this worker under these keys: never the same twice
 *     16  sealed: VXLAN header (8), Ethernet frame
 *         tag (128)
 *
 * The first 16 bytes are authenticated; the nonce (96 bits) is bytes 4 to 15. The VXLAN header inside is as RFC 7348 has it, but for what it says
 * in reserved bits of a checksum that is partial: the sum of the pseudo header is in its field, and nobody on the way could have changed what is not
 * summed. Byte 1 is then 1, bytes 2 and 3 say where layer 4 begins, from the Ethernet header on, byte 7 where in it the field is.
 */
import * as vxlan from "./vxlan.js";

export const HEADER_SIZE = 16,
  TAG_SIZE = 16;
/** From the UDP header to the frame inside, and the tag behind that. */
export const BEFORE_FRAME = HEADER_SIZE + vxlan.HEADER_SIZE;
/** What sealing adds to a datagram. */
export const OVERHEAD = HEADER_SIZE + TAG_SIZE;
/** Key numbers have 16 bits, workers 8, of which one value says that any will do. */
export const MAX_KEY_NUMBER = 0xffff,
  MAX_WORKERS = 255;
/** The first byte, by itself or with what later versions may say in its other bits. */
export const SEALED = 0x80;
/** Where it says which of the receiver's workers it is for; and that it is for any. */
export const RECEIVER = 6,
  ANY_WORKER = 0;
const VERSION = 1,
  KEYS = 2,
  WORKER = 7,
  COUNTER = 8;
const TWO_32 = 0x1_0000_0000;
/** In the VXLAN header inside. */
const PARTIAL = 1,
  PARTIAL_START = 2,
  PARTIAL_FIELD = 7;

/** Whether the `len` bytes at `off` say that they are sealed, in whatever version: the flag that no VXLAN datagram has. */
export function isSealed(bytes: Uint8Array, off: number, len: number): boolean {
  return len > 0 && (bytes[off]! & SEALED) !== 0;
}

/** Whether they are a datagram that can be opened: of this version, and long enough for all headers. */
export function check(bytes: Uint8Array, off: number, len: number): boolean {
  return len >= BEFORE_FRAME + TAG_SIZE && bytes[off] === SEALED && bytes[off + 1] === VERSION;
}

/** Of a sender's and a receiver's key: int32, the sender's in the high half. */
export function keyPair(sender: number, receiver: number): number {
  return (sender << 16) | receiver;
}

export function keys(bytes: Uint8Array, off: number): number {
  return (bytes[off + KEYS]! << 24) | (bytes[off + KEYS + 1]! << 16) | (bytes[off + KEYS + 2]! << 8) | bytes[off + KEYS + 3]!;
}

export function worker(bytes: Uint8Array, off: number): number {
  return bytes[off + WORKER]!;
}

/** 0 to 2^53; more is Infinity. */
export function counter(bytes: Uint8Array, off: number): number {
  const high = word(bytes, off + COUNTER);
  return high < 0x20_0000 ? high * TWO_32 + word(bytes, off + COUNTER + 4) : Number.POSITIVE_INFINITY;
}

/** Writes the 16 bytes. `pair`: `keyPair`; `receiver`: ANY_WORKER, or a worker's number plus 1; `n`: 0 to 2^53 - 1. */
export function emit(bytes: Uint8Array, off: number, pair: number, receiver: number, sender: number, n: number): void {
  bytes[off] = SEALED;
  bytes[off + 1] = VERSION;
  setWord(bytes, off + KEYS, pair);
  bytes[off + RECEIVER] = receiver;
  bytes[off + WORKER] = sender;
  setWord(bytes, off + COUNTER, Math.floor(n / TWO_32));
  setWord(bytes, off + COUNTER + 4, n % TWO_32);
}

/** Says in the VXLAN header at `off` that the checksum `field` bytes into layer 4, which begins `start` bytes into the frame, is partial. */
export function setPartial(bytes: Uint8Array, off: number, start: number, field: number): void {
  bytes[off + PARTIAL] = 1;
  bytes[off + PARTIAL_START] = start >>> 8;
  bytes[off + PARTIAL_START + 1] = start;
  bytes[off + PARTIAL_FIELD] = field;
}

export function isPartial(bytes: Uint8Array, off: number): boolean {
  return bytes[off + PARTIAL] === 1;
}

export function partialStart(bytes: Uint8Array, off: number): number {
  return (bytes[off + PARTIAL_START]! << 8) | bytes[off + PARTIAL_START + 1]!;
}

export function partialField(bytes: Uint8Array, off: number): number {
  return bytes[off + PARTIAL_FIELD]!;
}

function word(bytes: Uint8Array, off: number): number {
  return ((bytes[off]! << 24) | (bytes[off + 1]! << 16) | (bytes[off + 2]! << 8) | bytes[off + 3]!) >>> 0;
}

function setWord(bytes: Uint8Array, off: number, value: number): void {
  bytes[off] = value >>> 24;
  bytes[off + 1] = value >>> 16;
  bytes[off + 2] = value >>> 8;
  bytes[off + 3] = value;
}
