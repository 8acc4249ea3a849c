/**
 * Makes the segments that a frame stands for (RFC 9293, RFC 768; what TSO and USO of a network card do), where the device that it leaves by does not:
 * one after the other where the frame lies, behind its headers, and each is sent before the next one is written over it. So no memory is needed.
 */
import { type Batch, KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import * as checksum from "../wire/checksum.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { rawHalf, rawWord } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";

/** IPv4: total length and identification; IPv6: payload length; TCP: flags of the last segment alone, and of the first. */
const TOTAL_LENGTH = 2,
  IDENTIFICATION = 4,
  PAYLOAD_LENGTH = 4,
  TCP_FLAGS_AT = 13,
  LAST_ONLY = l4.TCP_FIN | 0x08,
  FIRST_ONLY = 0x80;
const UDP_LENGTH_AT = 4;
/** Of one frame. A sender that asks for a byte in each would have the loop busy for long with nothing else; 64 bytes make so many of the longest. */
const MAX_SEGMENTS = 1024;

/**
 * Frame `i`, which `parse` has seen, in segments; `send` is called with each in its place, as a frame without offload. It may change the frame's `at`,
 * `len` and what is before the Ethernet header. `isPartial`: their checksums are left partial. False, and nothing is sent, where it is no frame that can be segmented.
 */
export function sendInSegments(b: Batch, i: number, send: () => void, isPartial = false): boolean {
  const { bytes, halves, words } = b.memory;
  const at = b.at[i]!;
  const frame = at + vnet.HEADER_SIZE;
  const ip = frame + eth.HEADER_SIZE;
  const off = b.l4[i]!;
  const kind = b.kind[i]!;
  const tcp = b.proto[i] === ipv4.PROTO_TCP;
  if ((kind !== KIND_IPV4 && kind !== KIND_IPV6) || (!tcp && b.proto[i] !== ipv4.PROTO_UDP)) return false;
  const start = off + (tcp ? l4.tcpHeaderSize(bytes, off) : l4.UDP_HEADER_SIZE);
  const data = b.len[i]! - (start - frame);
  const size = vnet.gsoSize(halves, at);
  if (data <= 0 || data > size * MAX_SEGMENTS || start > b.memory.headEnd(i)) return false;
  const sequence = tcp ? rawWord(words[(off + l4.TCP_SEQUENCE) >> 2]!) : 0;
  const flags = tcp ? bytes[off + TCP_FLAGS_AT]! : 0;
  const id = kind === KIND_IPV4 ? rawHalf(ipv4.identification(halves, ip)) : 0;
  for (let done = 0, n = 0; done < data; done += size, n++) {
    const length = Math.min(size, data - done);
    if (done > 0) moveData(b, i, start, done, length);
    const rest = start - off + length;
    if (kind === KIND_IPV4) {
      halves[(ip + TOTAL_LENGTH) >> 1] = rawHalf(off - ip + rest);
      halves[(ip + IDENTIFICATION) >> 1] = rawHalf((id + n) & 0xffff);
      ipv4.fillChecksum(bytes, halves, ip);
    } else {
      halves[(ip + PAYLOAD_LENGTH) >> 1] = rawHalf(off - ip - ipv6.HEADER_SIZE + rest);
    }
    if (tcp) {
      words[(off + l4.TCP_SEQUENCE) >> 2] = rawWord((sequence + done) | 0);
      bytes[off + TCP_FLAGS_AT] = flags & ~((done + length < data ? LAST_ONLY : 0) | (done > 0 ? FIRST_ONLY : 0));
    } else {
      halves[(off + UDP_LENGTH_AT) >> 1] = rawHalf(rest);
    }
    b.at[i] = at;
    b.len[i] = start - frame + length;
    vnet.emit(halves, at);
    if (isPartial) vnet.setPartial(bytes, halves, at, off, tcp ? l4.TCP_CHECKSUM : l4.UDP_CHECKSUM);
    fillChecksum(b, i, ip, off, rest, tcp, isPartial);
    send();
  }
  return true;
}

/** The `length` bytes from the `done`-th on of what lies at `to`, over the first ones: in the head, and what does not fit there in the tail. */
function moveData(b: Batch, i: number, to: number, done: number, length: number): void {
  const { bytes } = b.memory;
  const room = b.memory.headEnd(i) - to;
  const tail = b.memory.tailAt(b.tail[i]!);
  const first = Math.min(length, room);
  const inHead = Math.max(0, Math.min(first, room - done));
  bytes.copyWithin(to, to + done, to + done + inHead);
  const from = tail + Math.max(0, done - room);
  bytes.copyWithin(to + inHead, from, from + first - inHead);
  if (length > first) bytes.copyWithin(tail, tail + done, tail + done + length - first);
}

function fillChecksum(b: Batch, i: number, ip: number, off: number, len: number, tcp: boolean, isPartial: boolean): void {
  const { bytes, halves, words } = b.memory;
  const proto = tcp ? ipv4.PROTO_TCP : ipv4.PROTO_UDP;
  const field = (off + (tcp ? l4.TCP_CHECKSUM : l4.UDP_CHECKSUM)) >> 1;
  let all = b.kind[i] === KIND_IPV4 ? ipv4.pseudoSum(words, ip, proto, len) : ipv6.pseudoSum(words, ip, proto, len);
  if (isPartial) {
    halves[field] = checksum.fold(all);
    return;
  }
  halves[field] = 0;
  const inHead = Math.min(len, b.memory.headEnd(i) - off);
  all += checksum.sum(halves, bytes, off, inHead);
  if (len > inHead) all += checksum.sum(halves, bytes, b.memory.tailAt(b.tail[i]!), len - inHead);
  const whole = ~checksum.fold(all) & 0xffff;
  halves[field] = whole === 0 && !tcp ? 0xffff : whole;
}
