/**
 * What is captured of the packets on their way (`tsproxy capture`). Each packet that a capture wants becomes one record in its ring
 * (`wire/capture-record.ts`): as it came in, as it went out, and what was decided. While a capture runs, the flows that it wants are not carried by the
 * kernel (`withhold.ts`), nor are pairs of stations in networks that it wants frames of.
 *
 * The heads of a batch are copied before the stages run, as these write into them. What follows a head no stage changes: it is copied when the packet is
 * wanted. Records are seen by the reader when the batch is sent, so that they say what could not be sent, too.
 *
 * None of this is there without a capture: `State.capturing` is null.
 */
import { CaptureFilter, type CaptureFilterOptions, type PacketFacts } from "../dataplane/capture-filter.js";
import type { Capturing, State } from "../dataplane/state.js";
import * as batch from "../mem/batch.js";
import { HEAD_SIZE, inHead, type PacketMemory } from "../mem/packet-memory.js";
import { CaptureRing } from "../table/capture-ring.js";
import { EGRESS_PORT, type NewFlow } from "../table/conntrack.js";
import { HELD, REMOTE, TUNNEL, UPLINK } from "../table/ports.js";
import { NO_ADDRESS } from "../wire/address-word.js";
import * as record from "../wire/capture-record.js";
import { DROP_NO_FLOW, DROP_NONE } from "../wire/drop.js";
import * as eth from "../wire/ethernet.js";
import { PROTO_ICMPV6 } from "../wire/icmpv6.js";
import * as ipv4 from "../wire/ipv4.js";
import * as ipv6 from "../wire/ipv6.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import type { Withholder } from "./withhold.js";

/** Frames are copied to where their IP headers are at whole words, as in `PacketMemory`. */
const STRIDE = HEAD_SIZE + 64,
  AT = 2;
const NO_RECORD = -1;
/** Bytes into the IP and ARP headers (RFC 791 §3.1, RFC 8200 §3, RFC 826). */
const IPV4_SRC = 12,
  IPV6_SRC = 8,
  ARP_SENDER = 14,
  ARP_TARGET = 24,
  PORTS_SIZE = 4;

export interface CaptureOptions {
  id: number;
  ring: SharedArrayBuffer;
  /** Bytes of a packet that are wanted. */
  snap: number;
  filter: CaptureFilterOptions;
}

interface Capture {
  readonly ring: CaptureRing;
  readonly snap: number;
  readonly filter: CaptureFilter;
  /** By frame of the batch: place of its record, or NO_RECORD. */
  readonly places: Int32Array;
}

export interface CapturesHooks {
  /** There is something in the capture's ring. */
  captured(id: number): void;
  /** Milliseconds since 1970. */
  now(): number;
}

export class Captures implements Capturing {
  private readonly all = new Map<number, Capture>();
  private bytes = new Uint8Array(0);
  private halves = new Uint16Array(0);
  private words = new Int32Array(0);
  /** Of each frame as it came in. */
  private readonly ingress: Int32Array;
  private readonly length: Int32Array;
  private readonly head: Int32Array;
  private readonly tail: Int32Array;
  /** Why the sender gets an answer in its place; DROP_NONE: it does not, or it asked for one. */
  private readonly answers: Int32Array;
  private readonly facts: PacketFacts = { isIp: false, proto: 0, src: 0, dst: 0, ports: 0, ingress: 0, egress: 0 };
  private count = 0;
  private takeBackAgain = false;

  constructor(
    private readonly state: State,
    slots: number,
    private readonly withholder: Withholder,
    private readonly hooks: CapturesHooks,
  ) {
    const column = (): Int32Array => new Int32Array(slots);
    this.ingress = column();
    this.length = column();
    this.head = column();
    this.tail = column();
    this.answers = column();
  }

  start({ id, ring, snap, filter }: CaptureOptions): void {
    const slots = this.length.length;
    if (this.bytes.length === 0) {
      const memory = new ArrayBuffer(slots * STRIDE);
      this.bytes = new Uint8Array(memory);
      this.halves = new Uint16Array(memory);
      this.words = new Int32Array(memory);
    }
    const places = new Int32Array(slots).fill(NO_RECORD);
    this.all.set(id, { ring: new CaptureRing(ring), snap, filter: new CaptureFilter(filter, this.state), places });
    this.review();
  }

  end(id: number): void {
    if (this.all.delete(id)) this.review();
  }

  private review(): void {
    const { state, withholder } = this;
    state.capturing = this.all.size === 0 ? null : this;
    state.stationPairs.withheld = this.all.size === 0 ? null : (network) => this.some((filter) => filter.wantsBridged(network));
    state.stationPairs.takeBack();
    withholder.review((flow) => this.some((filter) => filter.wantsFlow(flow)));
    this.takeBackAgain = this.all.size > 0;
  }

  private some(holds: (filter: CaptureFilter) => boolean): boolean {
    for (const { filter } of this.all.values()) if (holds(filter)) return true;
    return false;
  }

  wants(flow: NewFlow): boolean {
    return this.some((filter) => filter.wantsNew(flow));
  }

  tick(): void {
    if (this.takeBackAgain) this.withholder.takeBackAgain();
    this.takeBackAgain = false;
  }

  before(b: batch.Batch): void {
    const { bytes } = b.memory;
    this.count = b.count;
    for (let i = 0; i < b.count; i++) {
      const from = b.at[i]! + VNET;
      const size = Math.max(0, b.len[i]!);
      const head = Math.min(Math.max(0, inHead(b.at[i]!, size + VNET, b.tail[i]!) - VNET), HEAD_SIZE);
      this.bytes.set(bytes.subarray(from, from + head), i * STRIDE + AT);
      this.ingress[i] = b.ingress[i]!;
      this.length[i] = size;
      this.head[i] = head;
      this.tail[i] = b.tail[i]!;
      this.answers[i] = DROP_NONE;
      b.flow[i] = batch.NO_FLOW; // of who is dropped before anybody has looked
    }
  }

  after(b: batch.Batch): void {
    const now = this.hooks.now();
    for (let i = 0; i < b.count; i++) {
      const flow = this.look(b, i);
      const verdict = this.verdictOf(b, i, flow);
      for (const capture of this.all.values()) {
        const { filter } = capture;
        const isWanted = flow === batch.NO_FLOW ? filter.wantsPacket(this.facts) : filter.wantsFlow(flow >> 1);
        capture.places[i] = isWanted && (!filter.drops || isRefusal(verdict)) ? this.write(capture, b, i, flow, verdict, now) : NO_RECORD;
      }
    }
  }

  answered(i: number, reason: number): void {
    this.answers[i] = reason;
  }

  failed(i: number, reason: number): void {
    if (i < 0 || i >= this.count) return;
    for (const { places, ring } of this.all.values())
      if (places[i] !== NO_RECORD) ring.words[places[i]! + record.VERDICT] = record.DROPPED | (reason << record.REASON_SHIFT);
  }

  done(): void {
    for (const [id, { ring, places }] of this.all) {
      places.fill(NO_RECORD);
      if (ring.publish()) this.hooks.captured(id);
    }
  }

  /** Fills `facts` with frame `i` as it came in; its flow, or NO_FLOW. */
  private look(b: batch.Batch, i: number): number {
    const { facts } = this;
    facts.ingress = b.ingress[i]!;
    facts.egress = b.egress[i]!;
    if (b.ingress[i] !== this.ingress[i]) {
      // Out of a tunnel: what was inside.
      facts.isIp = b.kind[i] === batch.KIND_IPV4 || b.kind[i] === batch.KIND_IPV6;
      facts.src = b.src[i]!;
      facts.dst = b.dst[i]!;
      facts.ports = b.ports[i]!;
      facts.proto = b.proto[i]!;
      return b.flow[i]!;
    }
    this.parse(i * STRIDE + AT, this.head[i]!);
    if (b.flow[i] !== batch.NO_FLOW || !facts.isIp || facts.proto === 0) return b.flow[i]!;
    const { conntrack } = this.state;
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
  private verdictOf(b: batch.Batch, i: number, flow: number): number {
    const { ports } = this.state;
    const to = b.egress[i]!;
    if (to < 0) return verdictOfNoPort(to, b.reason[i]!);
    if (this.answers[i] !== DROP_NONE) return record.ANSWERED | (this.answers[i]! << record.REASON_SHIFT);
    if (b.ingress[i] !== this.ingress[i] || ports.kind[to] === TUNNEL || ports.kind[to] === REMOTE) return record.FORWARDED;
    if (this.isAnswer(b, i, flow)) return record.ANSWERED;
    return this.isSame(b, i) ? record.FORWARDED : record.TRANSLATED;
  }

  /** Whether the frame goes out with the addresses and ports that it came in with. */
  private isSame(b: batch.Batch, i: number): boolean {
    const { facts } = this;
    if (!facts.isIp) return true;
    const was = i * STRIDE + AT;
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
    switch (eth.type(this.halves, i * STRIDE + AT)) {
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
    for (let k = 0; k < len; k++) if (this.bytes[i * STRIDE + AT + was + k] !== b.memory.bytes[frame + is + k]) return false;
    return true;
  }

  /** Writes the record of frame `i`; its place, or NO_RECORD when there is no room. */
  private write({ ring, snap }: Capture, b: batch.Batch, i: number, flow: number, verdict: number, now: number): number {
    const { memory } = b;
    const length = this.length[i]!;
    const head = this.head[i]!;
    const rest = length - head;
    const out = b.egress[i]! >= 0;
    const outLength = out ? b.len[i]! : 0;
    const outHead = out ? outHeadOf(b, i, this.tail[i]!, rest) : 0;
    const hasRest = out && b.tail[i] === this.tail[i] && outLength - outHead === rest;
    const inKept = Math.min(head, snap);
    const outKept = Math.min(outHead, snap);
    const restKept = Math.min(rest, Math.max(0, snap - head));
    const size = record.HEADER_WORDS * 4 + up(inKept) + up(outKept) + up(restKept);
    const place = ring.reserve(size);
    if (place === -1) return NO_RECORD;
    const w = ring.words;
    w[place + record.VERDICT] = verdict;
    w[place + record.SECONDS] = Math.floor(now / 1000);
    w[place + record.NANOSECONDS] = Math.floor((now % 1000) * 1e6);
    w[place + record.IN_PORT] = this.ingress[i]!;
    w[place + record.OUT_PORT] = out ? b.egress[i]! : -1;
    w[place + record.IN_DEVICE] = this.deviceOf(b, i, flow, this.ingress[i]!, 0);
    w[place + record.OUT_DEVICE] = out ? this.deviceOf(b, i, flow, b.egress[i]!, 1) : 0;
    w[place + record.IN_LENGTH] = length;
    w[place + record.IN_HEAD] = inKept;
    w[place + record.OUT_LENGTH] = outLength;
    w[place + record.OUT_HEAD] = outKept;
    w[place + record.REST] = restKept;
    w[place + record.OUT_REST] = hasRest ? Math.min(restKept, Math.max(0, snap - outHead)) : 0;
    let at = (place + record.HEADER_WORDS) * 4;
    ring.bytes.set(this.bytes.subarray(i * STRIDE + AT, i * STRIDE + AT + inKept), at);
    at += up(inKept);
    ring.bytes.set(memory.bytes.subarray(b.at[i]! + VNET, b.at[i]! + VNET + outKept), at);
    at += up(outKept);
    if (restKept > 0) {
      const from = restAt(memory, b, i, this.tail[i]!, rest);
      ring.bytes.set(memory.bytes.subarray(from, from + restKept), at);
    }
    return place;
  }

  /** Device of the host that the frame has come by, or goes out of, as far as that is known here; `end`: 0 it has come, 1 it goes. */
  private deviceOf(b: batch.Batch, i: number, flow: number, port: number, end: number): number {
    const { conntrack, ports } = this.state;
    const kind = ports.kind[port]!;
    if (kind !== UPLINK && kind !== HELD) return 0;
    if (end === 0 && b.device[i] !== 0) return b.device[i]!;
    if (flow === batch.NO_FLOW || (flow & 1) !== end) return 0;
    return (conntrack.egress(flow >> 1, 1) & EGRESS_PORT) === ports.uplink ? conntrack.device[flow >> 1]! : 0;
  }
}

/** What `performance.now()` must be corrected by: it knows no leap and no adjustment of the host's clock. */
let skew = 0;

/** Milliseconds since 1970, with parts of one. */
export function preciseTime(): number {
  const time = performance.timeOrigin + performance.now() + skew;
  const off = Date.now() - time;
  if (Math.abs(off) < 2) return time;
  skew += off;
  return time + off;
}

/** What was decided of a frame that goes to no port: a value of `Batch.egress`. */
function verdictOfNoPort(egress: number, reason: number): number {
  switch (egress) {
    case batch.DROPPED:
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

/** Bytes of the frame that goes out before what has not changed. */
function outHeadOf(b: batch.Batch, i: number, tail: number, rest: number): number {
  const length = b.len[i]!;
  const inOnePiece = Math.min(length, inHead(b.at[i]!, length + VNET, b.tail[i]!) - VNET);
  return tail === -1 && b.tail[i] === -1 && rest > 0 && length >= rest
    ? Math.min(length - rest, HEAD_SIZE)
    : Math.min(inOnePiece, HEAD_SIZE);
}

/** Where what follows the head lies: in the tail, or, in one piece, at the frame's end. */
function restAt(memory: PacketMemory, b: batch.Batch, i: number, tail: number, rest: number): number {
  return tail === -1 ? b.at[i]! + VNET + b.len[i]! - rest : memory.tailAt(tail);
}

/** Whether it does not get where it was to go. */
function isRefusal(verdict: number): boolean {
  return (verdict & 0xff) === record.DROPPED || verdict >>> record.REASON_SHIFT !== DROP_NONE;
}

/** To the next whole word. */
function up(n: number): number {
  return (n + 3) & ~3;
}
