/**
 * Puts segments of one TCP connection that another node has sent one after the other into one frame, which an endpoint takes with one write, and its stack
 * in one go, as from a card with large receive offload that keeps what is needed to cut it again (GRO in Linux, net/ipv4/tcp_offload.c, whose rules
 * these are).
 * The kernel does this for what it brings; datagrams of tunnels it puts together for its own tunnel devices alone, so they come to us one by one
 * from a network card, and from a node that has to make its segments itself.
 *
 * A segment joins the frame before it if it goes on where that ends, has the same headers but for lengths, checksums and IPv4's identification, and has
 * a payload no longer than the first one's. The last one is that which is shorter, or pushes. Since the frame gets a partial checksum, which nobody will
 * doubt, the checksum of every segment in it has been verified here.
 * Only neighbors in the batch are looked at, so nothing overtakes anything.
 */
import { type Batch, JOINED, KIND_IPV4, KIND_IPV6 } from "../mem/batch.js";
import { ENDPOINT, REMOTE } from "../table/ports.js";
import { fold, sum } from "../wire/checksum.js";
import * as eth from "../wire/ethernet.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import * as l4 from "../wire/l4.js";
import { rawWord } from "../wire/raw.js";
import * as vnet from "../wire/vnet.js";
import { ipAt, pseudoSum, totalLength } from "./packet.js";
import type { State } from "./state.js";

const MAX_PACKET = 65535;
const PSH = 0x08;
/** PSH in the word of TCP's data offset, flags and window. */
const PSH_IN_WORD = PSH << 8;
const NONE = -1;

/** The frame that grows, where what joins it must begin, the payload of its first segment, and how many there are in it. One worker is one thread. */
let first = NONE,
  nextSequence = 0,
  size = 0,
  segments = 0;

export function coalesce(b: Batch, state: State): void {
  const { ports } = state;
  let freeTail = 0;
  for (let i = 0; i < b.count; i++) if (b.tail[i]! >= freeTail) freeTail = b.tail[i]! + 1;
  first = NONE;
  for (let i = 0; i < b.count; i++) {
    const to = b.egress[i]!;
    if (to < 0 || ports.kind[b.ingress[i]!] !== REMOTE || ports.kind[to] !== ENDPOINT || !isSegment(b, i)) {
      first = NONE;
      continue;
    }
    const payload = payloadOf(b, i);
    if (first !== NONE && b.egress[first] === to && joins(b, i, payload) && (b.tail[first] !== NONE || freeTail < b.memory.slots)) {
      if (b.tail[first] === NONE) b.tail[first] = freeTail++;
      append(b, i, payload);
      b.egress[i] = JOINED;
      if (payload < size || pushes(b, i)) first = NONE;
    } else if (pushes(b, i)) {
      first = NONE;
    } else {
      first = i;
      size = payload;
      segments = 1;
      nextSequence = (sequenceOf(b, i) + payload) | 0;
    }
  }
}

/** A plain segment of an open connection with a payload, whole, in one head. */
function isSegment(b: Batch, i: number): boolean {
  const { bytes, halves } = b.memory;
  const kind = b.kind[i]!;
  if (b.proto[i] !== ipv4.PROTO_TCP || b.tail[i] !== NONE || vnet.isGso(bytes, b.at[i]!)) return false;
  const ip = ipAt(b, i);
  if (kind === KIND_IPV4) {
    if (bytes[ip] !== ipv4.PLAIN_FIRST_BYTE || ipv4.isFragment(halves, ip)) return false;
  } else if (kind !== KIND_IPV6 || b.l4[i] !== ip + ipv6.HEADER_SIZE) return false;
  if (totalLength(b, i) !== b.len[i]! - eth.HEADER_SIZE) return false;
  return (l4.tcpFlags(bytes, b.l4[i]!) & ~PSH) === l4.TCP_ACK && payloadOf(b, i) > 0;
}

/** Where the payload begins. */
function dataAt(b: Batch, i: number): number {
  return b.l4[i]! + l4.tcpHeaderSize(b.memory.bytes, b.l4[i]!);
}

function payloadOf(b: Batch, i: number): number {
  return ipAt(b, i) + totalLength(b, i) - dataAt(b, i);
}

function pushes(b: Batch, i: number): boolean {
  return (l4.tcpFlags(b.memory.bytes, b.l4[i]!) & PSH) !== 0;
}

function sequenceOf(b: Batch, i: number): number {
  return rawWord(b.memory.words[(b.l4[i]! + l4.TCP_SEQUENCE) >> 2]!);
}

/** Whether segment `i` goes on where the frame `first` ends. */
function joins(b: Batch, i: number, payload: number): boolean {
  if (payload > size || sequenceOf(b, i) !== nextSequence || b.kind[i] !== b.kind[first]) return false;
  if (b.len[first]! - eth.HEADER_SIZE + payload > MAX_PACKET) return false;
  return sameHeaders(b, first, i) && (segments > 1 || isRight(b, first)) && isRight(b, i);
}

function sameHeaders(b: Batch, one: number, other: number): boolean {
  const { halves, words } = b.memory;
  // Addresses of Ethernet.
  const e = (b.at[one]! + vnet.HEADER_SIZE) >> 1;
  const f = (b.at[other]! + vnet.HEADER_SIZE) >> 1;
  for (let k = 0; k < 6; k++) if (halves[e + k] !== halves[f + k]) return false;
  const p = ipAt(b, one) >> 2;
  const q = ipAt(b, other) >> 2;
  if (b.kind[one] === KIND_IPV4) {
    if (((words[p]! ^ words[q]!) & 0xffff) !== 0) return false; // TOS
    const flags = words[p + ipv4.SECOND_WORD]! ^ words[q + ipv4.SECOND_WORD]!;
    if (flags >>> 16 !== 0) return false;
    if (ipv4.mayFragment(halves, q << 2) && !isNextId(halves, p << 2, q << 2)) return false;
    if (((words[p + ipv4.THIRD_WORD]! ^ words[q + ipv4.THIRD_WORD]!) & 0xffff) !== 0) return false; // TTL
    if (words[p + ipv4.SRC_WORD] !== words[q + ipv4.SRC_WORD] || words[p + ipv4.DST_WORD] !== words[q + ipv4.DST_WORD]) return false;
  } else {
    if (words[p] !== words[q] || (words[p + ipv6.SECOND_WORD]! ^ words[q + ipv6.SECOND_WORD]!) >>> 16 !== 0) return false;
    for (let k = ipv6.SRC_WORD; k < ipv6.HEADER_SIZE >> 2; k++) if (words[p + k] !== words[q + k]) return false;
  }
  const t = b.l4[one]! >> 2;
  const u = b.l4[other]! >> 2;
  if (words[t] !== words[u] || words[t + (l4.TCP_ACKNOWLEDGMENT >> 2)] !== words[u + (l4.TCP_ACKNOWLEDGMENT >> 2)]) return false;
  if (((words[t + l4.TCP_FLAGS_WORD]! ^ words[u + l4.TCP_FLAGS_WORD]!) & ~PSH_IN_WORD) !== 0) return false; // data offset, flags, window
  const end = l4.tcpHeaderSize(b.memory.bytes, b.l4[one]!) >> 2;
  for (let k = l4.TCP_MIN_HEADER_SIZE >> 2; k < end; k++) if (words[t + k] !== words[u + k]) return false; // options
  return true;
}

/** Whether the identification of `other` is as much further than that of the first as there are segments between: so whoever cuts the frame makes it again. */
function isNextId(halves: Uint16Array, one: number, other: number): boolean {
  const id = (at: number): number => {
    const raw = ipv4.identification(halves, at);
    return ((raw & 0xff) << 8) | (raw >> 8);
  };
  return id(other) === ((id(one) + segments) & 0xffff);
}

function isRight(b: Batch, i: number): boolean {
  const { bytes, halves } = b.memory;
  const off = b.l4[i]!;
  if (vnet.isPartial(bytes, halves, b.at[i]!, off)) return true; // of a sealed datagram, whose tag was right
  const length = ipAt(b, i) + totalLength(b, i) - off;
  return fold(pseudoSum(b, i, ipv4.PROTO_TCP, length) + sum(halves, bytes, off, length)) === 0xffff;
}

/** Moves the payload of segment `i` behind that of the frame `first`, and says in the headers what there is now. */
function append(b: Batch, i: number, payload: number): void {
  const { bytes, halves } = b.memory;
  const start = b.at[first]! + vnet.HEADER_SIZE;
  const length = b.len[first]!;
  const room = b.memory.headEnd(first) - start;
  const from = dataAt(b, i);
  const inHead = Math.max(0, Math.min(payload, room - length));
  bytes.copyWithin(start + length, from, from + inHead);
  if (payload > inHead) {
    const to = b.memory.tailAt(b.tail[first]!) + Math.max(0, length - room);
    bytes.copyWithin(to, from + inHead, from + payload);
  }
  b.len[first] = length + payload;
  segments++;
  nextSequence = (nextSequence + payload) | 0;
  const ip = ipAt(b, first);
  const off = b.l4[first]!;
  const total = length + payload - eth.HEADER_SIZE;
  if (b.kind[first] === KIND_IPV4) ipv4.setTotalLength(bytes, halves, ip, total);
  else ipv6.setPayloadLength(halves, ip, total - ipv6.HEADER_SIZE);
  if (pushes(b, i)) bytes[off + 13] = bytes[off + 13]! | PSH;
  halves[(off + l4.TCP_CHECKSUM) >> 1] = pseudoSum(b, first, ipv4.PROTO_TCP, ip + total - off);
  vnet.setSegments(
    bytes,
    halves,
    b.at[first]!,
    off,
    dataAt(b, first) - start,
    size,
    b.kind[first] === KIND_IPV4 ? vnet.GSO_TCPV4 : vnet.GSO_TCPV6,
  );
}
