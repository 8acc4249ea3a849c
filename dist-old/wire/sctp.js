/**
 * SCTP (RFC 9260 §3): a common header of 12 bytes (ports, verification tag, CRC32c of the whole packet), then chunks, each with a header of four
 * bytes: type, flags, length. Ports lie where TCP and UDP have theirs (`l4.ts`). Offsets are 4-aligned.
 *
 * The checksum does not cover addresses, so it changes with a port alone. No device that we read from completes it for the sender: the kernel does
 * so before a TAP gets the packet (`skb_crc32c_csum_help`), and a virtio-net header cannot ask for it.
 */
import { changeOfFirstWord, finish, START, update } from "./crc32c.js";
import { DROP_L4_HEADER, DROP_NONE, DROP_TRUNCATED } from "./drop.js";
export const HEADER_SIZE = 12;
const CHUNK_HEADER_SIZE = 4, INIT_SIZE = 20;
const TAG = 4, CHECKSUM = 8, CHUNK_TYPE = 12, CHUNK_FLAGS = 13, CHUNK_LENGTH = 14, INITIATE_TAG = 16;
/** Types of chunks (RFC 9260 §3.2; I-DATA: RFC 8260 §2.1). */
export const DATA = 0, INIT = 1, INIT_ACK = 2, SACK = 3, HEARTBEAT = 4, HEARTBEAT_ACK = 5, ABORT = 6, SHUTDOWN = 7, SHUTDOWN_ACK = 8, COOKIE_ACK = 11, SHUTDOWN_COMPLETE = 14, I_DATA = 64;
/** Of ABORT and SHUTDOWN COMPLETE: the tag is not the receiver's but the sender's own, which it has from the packet that it answers (§8.5.1). */
const FLAG_REFLECTED = 0x01;
/** DROP_NONE if `len` bytes at `off` hold a common header and a first chunk of at most `longest` bytes with it, else the reason to drop. */
export function check(bytes, off, len, longest = len) {
    if (len < HEADER_SIZE + CHUNK_HEADER_SIZE)
        return DROP_TRUNCATED;
    const size = (bytes[off + CHUNK_LENGTH] << 8) | bytes[off + CHUNK_LENGTH + 1];
    if (size < CHUNK_HEADER_SIZE || HEADER_SIZE + size > longest)
        return DROP_L4_HEADER;
    const type = bytes[off + CHUNK_TYPE];
    return (type === INIT || type === INIT_ACK) && (size < INIT_SIZE || len < HEADER_SIZE + INIT_SIZE) ? DROP_L4_HEADER : DROP_NONE;
}
/** Type of the first chunk. What opens, accepts or ends an association comes first: INIT and SHUTDOWN COMPLETE alone, INIT ACK too (§6.10). */
export function chunkType(bytes, off) {
    return bytes[off + CHUNK_TYPE];
}
/** Whether the first chunk, an ABORT or SHUTDOWN COMPLETE, has the sender's own tag. */
export function isReflected(bytes, off) {
    return (bytes[off + CHUNK_FLAGS] & FLAG_REFLECTED) !== 0;
}
/** Whether the packet may open an association: one INIT, alone, without a tag (§8.5.1). */
export function isOpening(bytes, words, off, len) {
    if (bytes[off + CHUNK_TYPE] !== INIT || words[(off + TAG) >> 2] !== 0 || words[(off + INITIATE_TAG) >> 2] === 0)
        return false;
    const size = (bytes[off + CHUNK_LENGTH] << 8) | bytes[off + CHUNK_LENGTH + 1];
    return HEADER_SIZE + ((size + 3) & ~3) >= len;
}
/** First half of the verification tag, raw. */
export function tagUpper(halves, off) {
    return halves[(off + TAG) >> 1];
}
/** First half of the tag that an INIT or INIT ACK asks the other end to use, raw. */
export function initiateTagUpper(halves, off) {
    return halves[(off + INITIATE_TAG) >> 1];
}
/** The checksum as a raw word. */
export function checksum(words, off) {
    return words[(off + CHECKSUM) >> 2];
}
export function setChecksum(words, off, checksum) {
    words[(off + CHECKSUM) >> 2] = checksum;
}
/** What the checksum of a packet is to be, whose first `len` bytes are at `off` and the other `more` at `tail`. */
export function compute(bytes, off, len, tail, more) {
    let crc = update(START, bytes, off, CHECKSUM);
    crc = update(crc, NO_CHECKSUM, 0, 4);
    crc = update(crc, bytes, off + HEADER_SIZE, len - HEADER_SIZE);
    return finish(update(crc, bytes, tail, more));
}
const NO_CHECKSUM = new Uint8Array(4);
/** The tag that an INIT asks the other end to use, raw. */
export function initiateTag(words, off) {
    return words[(off + INITIATE_TAG) >> 2];
}
export const ABORT_SIZE = HEADER_SIZE + CHUNK_HEADER_SIZE;
/** Writes a packet with an ABORT (§3.3.7) of ABORT_SIZE bytes: raw ports and tag. */
export function emitAbort(bytes, words, off, ports, tag) {
    words[off >> 2] = ports;
    words[(off + TAG) >> 2] = tag;
    bytes[off + CHUNK_TYPE] = ABORT;
    bytes[off + CHUNK_FLAGS] = 0;
    bytes[off + CHUNK_LENGTH] = 0;
    bytes[off + CHUNK_LENGTH + 1] = CHUNK_HEADER_SIZE;
    setChecksum(words, off, compute(bytes, off, ABORT_SIZE, 0, 0));
}
/** Writes the raw ports word, and corrects the checksum of a packet of `len` bytes by it. */
export function setPorts(words, off, ports, len) {
    const change = words[off >> 2] ^ ports;
    if (change === 0)
        return;
    words[off >> 2] = ports;
    words[(off + CHECKSUM) >> 2] = words[(off + CHECKSUM) >> 2] ^ changeOfFirstWord(change, len);
}
//# sourceMappingURL=sctp.js.map