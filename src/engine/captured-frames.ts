/**
 * The frames of a batch as they came in, for who captures them (`captures.ts`): their heads are copied before the stages write into them. Says of each what
 * flow it is of, and, compared with what is to be sent, what was decided.
 */
import type { PacketFacts } from "../dataplane/capture-filter.js";
import type { State } from "../dataplane/state.js";
import * as batch from "../mem/batch.js";
import { HEAD_SIZE, inHead } from "../mem/packet-memory.js";
import { isStamped } from "../table/order.js";
import { HELD, REMOTE, TUNNEL, UPLINK } from "../table/ports.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import * as record from "../wire/capture-record.js";
import { DROP_NO_FLOW, DROP_NONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { PROTO_ICMPV6 } from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import { copyBytes, type Lanes, lanesOf } from "../wire/lanes.js";
import { COPY_MARK, COPY_SIZE, INSIDE_MARK_AT, STAMP_SIZE } from "../wire/order.js";
import { swapPorts } from "../wire/raw.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { HEADER_SIZE as TUNNEL_VNET } from "../wire/vnet-tunnel.js";

/** Frames are copied to where their IP headers are at whole words, as in `PacketMemory`. */
const STRIDE = HEAD_SIZE + 64,
  AT = 2;
/** Bytes into the IP and ARP headers (RFC 791 §3.1, RFC 8200 §3, RFC 826). */
const IPV4_SRC = 12,
  IPV6_SRC = 8,
  ARP_SENDER = 14,
  ARP_TARGET = 24,
  PORTS_SIZE = 4;

export class CapturedFrames implements Lanes {
  /** Of each frame. */
  readonly ingress: Int32Array;
  readonly length: Int32Array;
  /** Bytes of its head, the tail that it goes on in, and where in packet memory what follows the head lies, which stays there. */
  readonly head: Int32Array;
  readonly tail: Int32Array;
  readonly restAt: Int32Array;
  /** Of an ICMP error: the reference of the flow that it is about. */
  readonly about: Int32Array;
  /** Why the sender gets an answer in its place; DROP_NONE: it does not, or it asked for one. */
  readonly answers: Int32Array;
  count = 0;
  /** What the frame says that was looked at last. */
  readonly facts: PacketFacts = { isIp: false, proto: 0, src: 0, dst: 0, ports: 0, ingress: 0, egress: 0 };
  bytes: Uint8Array = new Uint8Array(0);
  halves: Uint16Array = new Uint16Array(0);
  words: Int32Array = new Int32Array(0);
  /** 1: one of ours that the uplink's program has given back (`dataplane/returned.ts`). */
  private readonly isReturned: Uint8Array;

  constructor(
    private readonly state: State,
    private readonly slots: number,
  ) {
    const column = (): Int32Array => new Int32Array(slots);
    this.ingress = column();
    this.length = column();
    this.head = column();
    this.tail = column();
    this.restAt = column();
    this.isReturned = new Uint8Array(slots);
    this.about = column();
    this.answers = column();
  }

  /** Takes the memory that `take` needs, once. */
  reserve(): void {
    if (this.bytes.length > 0) return;
    const { bytes, halves, words } = lanesOf(new ArrayBuffer(this.slots * STRIDE));
    this.bytes = bytes;
    this.halves = halves;
    this.words = words;
  }

  take(b: batch.Batch): void {
    this.count = b.count;
    for (let i = 0; i < b.count; i++) {
      const longer = this.longerBy(b.ingress[i]!);
      const from = b.at[i]! + VNET + longer;
      const size = Math.max(0, b.len[i]! - longer);
      const head = Math.min(Math.max(0, inHead(b.at[i]!, size + VNET + longer, b.tail[i]!) - VNET - longer), HEAD_SIZE);
      copyBytes(this, this.headAt(i), b.memory, from, head);
      this.ingress[i] = b.ingress[i]!;
      this.length[i] = size;
      this.head[i] = head;
      this.tail[i] = b.tail[i]!;
      this.restAt[i] = b.tail[i] === -1 ? from + head : b.memory.tailAt(b.tail[i]!);
      this.takeBack(b, i);
      this.clearStamp(i);
      this.about[i] = batch.NO_FLOW;
      this.answers[i] = DROP_NONE;
      b.flow[i] = batch.NO_FLOW; // of who is dropped before anybody has looked
    }
  }

  /** Bytes by which the header before frames of that port is longer than others' (`wire/vnet-tunnel.ts`). */
  longerBy(port: number): number {
    return this.state.ports.kind[port] === TUNNEL ? TUNNEL_VNET - VNET : 0;
  }

  /** Byte at which the copy of frame `i`'s head begins. */
  headAt(i: number): number {
    return i * STRIDE + AT;
  }

  /** As the stage does: a frame that was given back has its own EtherType again. */
  private takeBack(b: batch.Batch, i: number): void {
    const frame = this.headAt(i);
    const isReturned =
      b.ingress[i] === this.state.ports.uplink && this.head[i]! > eth.HEADER_SIZE && eth.type(this.halves, frame) === eth.TYPE_RETURNED;
    this.isReturned[i] = isReturned ? 1 : 0;
    if (isReturned) eth.setType(this.halves, frame, this.bytes[frame + eth.HEADER_SIZE]! >> 4 === 6 ? eth.TYPE_IPV6 : eth.TYPE_IPV4);
  }

  /** Where the steering's programs have written over a frame's Ethernet addresses (`wire/order.ts`), nobody knows these any more: they are zeros. */
  private clearStamp(i: number): void {
    const kind = this.state.ports.kind[this.ingress[i]!];
    if ((kind !== UPLINK && kind !== HELD) || this.head[i]! < eth.HEADER_SIZE) return;
    const frame = this.headAt(i);
    if (isStamped(this.words, frame)) this.bytes.fill(0, frame, frame + STAMP_SIZE);
    else if (this.words[(frame + INSIDE_MARK_AT) >> 2] === COPY_MARK)
      this.bytes.fill(0, frame + INSIDE_MARK_AT, frame + INSIDE_MARK_AT + COPY_SIZE);
  }

  /** Whether frame `i` came in a datagram of another node, out of which it has been taken meanwhile. */
  private isOutOfTunnel(b: batch.Batch, i: number): boolean {
    return b.ingress[i] !== this.ingress[i] && this.state.ports.kind[this.ingress[i]!] === TUNNEL;
  }

  /** Fills `facts` with frame `i` as it came in; its flow, or NO_FLOW. */
  look(b: batch.Batch, i: number): number {
    const { facts } = this;
    facts.ingress = b.ingress[i]!;
    facts.egress = b.egress[i]!;
    if (this.isOutOfTunnel(b, i)) {
      // What was inside.
      facts.isIp = b.kind[i] === batch.KIND_IPV4 || b.kind[i] === batch.KIND_IPV6;
      facts.src = b.src[i]!;
      facts.dst = b.dst[i]!;
      facts.ports = b.ports[i]!;
      facts.proto = b.proto[i]!;
      return b.flow[i]!;
    }
    this.parse(this.headAt(i), this.head[i]!);
    if (b.flow[i] !== batch.NO_FLOW || !facts.isIp || facts.proto === 0) return b.flow[i]!;
    if (this.about[i] !== batch.NO_FLOW) return this.about[i]!;
    const { conntrack } = this.state;
    if (this.isReturned[i] !== 0) {
      // It is as we sent it: turned round, it has a tuple of the other direction.
      const other = conntrack.lookup(facts.dst, facts.src, swapPorts(facts.ports), facts.proto);
      return other === -1 ? batch.NO_FLOW : other ^ 1;
    }
    const ref = conntrack.lookup(facts.src, facts.dst, facts.ports, facts.proto);
    // As `flow-lookup`: what comes another way is not the flow's.
    return ref === -1 || b.egress[i]! < 0 || !conntrack.comesBy(ref, b.ingress[i]!) ? batch.NO_FLOW : ref;
  }

  /** Of `len` bytes at `frame`. */
  private parse(frame: number, len: number): void {
    const { bytes, facts, halves, words } = this;
    facts.isIp = false;
    facts.proto = 0;
    facts.ports = 0;
    let ip = frame + eth.HEADER_SIZE;
    let type = len < eth.HEADER_SIZE ? 0 : eth.type(halves, frame);
    while (eth.isTag(type) && ip + eth.TAG_SIZE <= frame + len) {
      type = halves[(ip + 2) >> 1]!;
      ip += eth.TAG_SIZE;
    }
    const rest = frame + len - ip;
    let l4 = ip;
    if (type === eth.TYPE_IPV4 && rest >= ipv4.MIN_HEADER_SIZE) {
      facts.src = ipv4.src(words, ip);
      facts.dst = ipv4.dst(words, ip);
      facts.proto = ipv4.isLaterFragment(halves, ip) ? 0 : ipv4.protocol(bytes, ip);
      l4 = ip + ipv4.headerSize(bytes, ip);
    } else if (type === eth.TYPE_IPV6 && rest >= ipv6.HEADER_SIZE) {
      const { addresses } = this.state;
      facts.src = addresses.intern(words, (ip >> 2) + ipv6.SRC_WORD);
      facts.dst = addresses.intern(words, (ip >> 2) + ipv6.DST_WORD);
      if (facts.src === NO_ADDRESS || facts.dst === NO_ADDRESS) return;
      const chain = ipv6.layer4(bytes, halves, ip, rest);
      facts.proto = chain < 0 ? 0 : ipv6.layer4Proto(chain);
      if (chain >= 0) l4 = ip + ipv6.layer4Offset(chain);
    } else return;
    facts.isIp = true;
    if (l4 + 8 > frame + len) return;
    if (!isIcmp(facts.proto)) facts.ports = words[l4 >> 2]!;
    else facts.ports = halves[(l4 + 4) >> 1]! | (halves[(l4 + 4) >> 1]! << 16);
  }

  /** What was decided of frame `i`, with the reason above it. */
  verdictOf(b: batch.Batch, i: number, flow: number): number {
    const { ports } = this.state;
    const to = b.egress[i]!;
    if (to < 0) return verdictOfNoPort(to, b.reason[i]!);
    if (this.answers[i] !== DROP_NONE) return record.ANSWERED | (this.answers[i]! << record.REASON_SHIFT);
    if (this.isOutOfTunnel(b, i) || ports.kind[to] === TUNNEL || ports.kind[to] === REMOTE) return record.FORWARDED;
    if (this.isAnswer(b, i, flow)) return record.ANSWERED;
    return this.isSame(b, i) ? record.FORWARDED : record.TRANSLATED;
  }

  /** Whether the frame goes out with the addresses and ports that it came in with. */
  private isSame(b: batch.Batch, i: number): boolean {
    const { facts } = this;
    if (!facts.isIp) return true;
    const was = this.headAt(i);
    const is = b.at[i]! + VNET;
    if (eth.type(this.halves, was) !== eth.type(b.memory.halves, is)) return false;
    const isIpv4 = eth.type(this.halves, was) === eth.TYPE_IPV4;
    const begin = eth.HEADER_SIZE + (isIpv4 ? IPV4_SRC : IPV6_SRC);
    const end = eth.HEADER_SIZE + (isIpv4 ? ipv4.MIN_HEADER_SIZE : ipv6.HEADER_SIZE) + (hasPorts(facts.proto) ? PORTS_SIZE : 0);
    return this.isAlike(b, i, begin, begin, end - begin);
  }

  /** Whether it goes back to whom it came from, in place of what came: an ICMP error about it, or, without a flow, anything. */
  private isAnswer(b: batch.Batch, i: number, flow: number): boolean {
    const { kind, uplink } = this.state.ports;
    const from = b.ingress[i]!;
    if (b.egress[i] !== (kind[from] === HELD ? uplink : from)) return false;
    const is = b.at[i]! + VNET + eth.HEADER_SIZE;
    switch (eth.type(this.halves, this.headAt(i))) {
      case eth.TYPE_IPV4:
        if (flow !== batch.NO_FLOW && !isError(this.facts.proto, b.memory.bytes[is + 9]!)) return false;
        return this.isAlike(b, i, eth.HEADER_SIZE + IPV4_SRC, eth.HEADER_SIZE + IPV4_SRC + 4, 4);
      case eth.TYPE_IPV6:
        if (flow !== batch.NO_FLOW && !isError(this.facts.proto, ipv6.nextHeader(b.memory.bytes, is))) return false;
        return this.isAlike(b, i, eth.HEADER_SIZE + IPV6_SRC, eth.HEADER_SIZE + IPV6_SRC + 16, 16);
      default:
        return this.isAlike(b, i, eth.HEADER_SIZE + ARP_SENDER, eth.HEADER_SIZE + ARP_TARGET, 4);
    }
  }

  /** Whether `len` bytes at `was` of the frame as it came in are at `is` as it goes out. */
  private isAlike(b: batch.Batch, i: number, was: number, is: number, len: number): boolean {
    const frame = b.at[i]! + VNET;
    for (let k = 0; k < len; k++) if (this.bytes[this.headAt(i) + was + k] !== b.memory.bytes[frame + is + k]) return false;
    return true;
  }
}

/** What was decided of a frame that goes to no port: a value of `Batch.egress`. */
function verdictOfNoPort(egress: number, reason: number): number {
  switch (egress) {
    case batch.DROPPED:
      if (reason === DROP_NONE) return record.WAITS; // it is opened, and goes on after this batch
      return record.DROPPED | (reason << record.REASON_SHIFT);
    case batch.FLOOD:
    case batch.FLOOD_ENDPOINTS:
      return record.FLOODED;
    case batch.FRAGMENTS:
    case batch.SEGMENTS:
      return record.FRAGMENTED;
    case batch.SEALED:
      return record.SEALED;
    case batch.KEPT:
      return record.WAITS;
    case batch.JOINED:
      return record.FORWARDED;
    default:
      return record.DROPPED | (DROP_NO_FLOW << record.REASON_SHIFT); // as the engine counts it
  }
}

function hasPorts(proto: number): boolean {
  return proto === ipv4.PROTO_TCP || proto === ipv4.PROTO_UDP || proto === ipv4.PROTO_SCTP;
}

function isIcmp(proto: number): boolean {
  return proto === ipv4.PROTO_ICMP || proto === PROTO_ICMPV6;
}

function isError(was: number, is: number): boolean {
  return isIcmp(is) && !isIcmp(was);
}
