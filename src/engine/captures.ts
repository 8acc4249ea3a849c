/**
 * What is captured of the packets on their way (`tsproxy capture`). Each packet that a capture wants becomes one record in its ring
 * (`wire/capture-record.ts`): as it came in, as it went out, and what was decided. While a capture runs, the flows that it wants are not carried by the
 * kernel (`withhold.ts`), nor are pairs of stations in networks that it wants frames of.
 *
 * The heads of a batch are copied before the stages run (`captured-frames.ts`). What follows a head no stage changes: it is copied when the packet is wanted. Records are seen by the reader when the batch is sent, so that they say what could not be sent, too.
 *
 * None of this is there without a capture: `State.capturing` is null.
 */
import { CaptureFilter, type CaptureFilterOptions } from "../dataplane/capture-filter.js";
import type { Capturing, State } from "../dataplane/state.js";
import * as batch from "../mem/batch.js";
import { HEAD_SIZE, inHead } from "../mem/packet-memory.js";
import { CaptureRing } from "../table/capture-ring.js";
import { EGRESS_PORT, type NewFlow } from "../table/conntrack.js";
import { HELD, UPLINK } from "../table/ports.js";
import * as record from "../wire/capture-record.js";
import { DROP_NONE } from "../wire/drop.js";
import { copyBytes } from "../wire/lanes.js";
import { HEADER_SIZE as VNET } from "../wire/vnet.js";
import { CapturedFrames } from "./captured-frames.js";
import type { Withholder } from "./withhold.js";

const NO_RECORD = -1;
/** Of what is wanted only when it is dropped, and may still be, when it is sent. */
const IF_DROPPED = -2;
/** How often all is taken back again, as a second begins: the first may begin at once, while frames are still on their way. */
const AGAIN = 2;

export interface CaptureOptions {
  capture: number;
  ring: SharedArrayBuffer;
  /** Bytes of a packet that are wanted. */
  snap: number;
  filter: CaptureFilterOptions;
}

interface Capture {
  readonly id: number;
  readonly ring: CaptureRing;
  readonly snap: number;
  readonly filter: CaptureFilter;
  /** By frame of the batch: place of its record, NO_RECORD or IF_DROPPED. */
  readonly places: Int32Array;
}

export interface CapturesHooks {
  /** There is something in the capture's ring. */
  captured(id: number): void;
  /** Milliseconds since 1970. */
  now(): number;
}

export class Captures implements Capturing {
  private all: readonly Capture[] = [];
  private readonly frames: CapturedFrames;
  private takeBackAgain = 0;
  /** The batch that was looked at last, when that was, and the flow of each of its frames. */
  private batch: batch.Batch | null = null;
  private time = 0;
  private readonly flows: Int32Array;

  constructor(
    private readonly state: State,
    private readonly slots: number,
    private readonly withholder: Withholder,
    private readonly hooks: CapturesHooks,
  ) {
    this.frames = new CapturedFrames(state, slots);
    this.flows = new Int32Array(slots);
  }

  /** `begun` is called when the kernel carries no flow any more whose packets are wanted. */
  start({ capture, ring, snap, filter }: CaptureOptions, begun: () => void): void {
    this.frames.reserve();
    const places = new Int32Array(this.slots).fill(NO_RECORD);
    this.all = [...this.all, { id: capture, ring: new CaptureRing(ring), snap, filter: new CaptureFilter(filter, this.state), places }];
    this.review(begun);
  }

  end(id: number): void {
    const left = this.all.filter((capture) => capture.id !== id);
    if (left.length === this.all.length) return;
    this.all = left;
    this.review();
  }

  /** There are flows that have not been looked at: a former process's. */
  adopted(): void {
    if (this.all.length > 0) this.review();
  }

  private review(done?: () => void): void {
    const { state, withholder } = this;
    state.capturing = this.all.length === 0 ? null : this;
    state.stationPairs.withheld = this.all.length === 0 ? null : this.wantsBridged;
    state.stationPairs.takeBack();
    this.takeBackAgain = this.all.length > 0 ? AGAIN : 0;
    withholder.review(this.wantsFlow, done);
  }

  private readonly wantsBridged = (network: number): boolean => {
    for (let k = 0; k < this.all.length; k++) if (this.all[k]!.filter.wantsBridged(network)) return true;
    return false;
  };

  private readonly wantsFlow = (id: number): boolean => {
    for (let k = 0; k < this.all.length; k++) if (this.all[k]!.filter.wantsFlow(id)) return true;
    return false;
  };

  wants(flow: NewFlow): boolean {
    for (let k = 0; k < this.all.length; k++) if (this.all[k]!.filter.wantsNew(flow)) return true;
    return false;
  }

  tick(): void {
    if (this.takeBackAgain > 0 && this.withholder.reviewAgain()) this.takeBackAgain--;
  }

  before(b: batch.Batch): void {
    this.frames.take(b);
  }

  after(b: batch.Batch): void {
    const now = this.hooks.now();
    this.batch = b;
    this.time = now;
    for (let i = 0; i < b.count; i++) {
      const flow = this.frames.look(b, i);
      this.flows[i] = flow;
      const verdict = this.frames.verdictOf(b, i, flow);
      for (let k = 0; k < this.all.length; k++) {
        const capture = this.all[k]!;
        const { filter } = capture;
        const isWanted = flow === batch.NO_FLOW ? filter.wantsPacket(this.frames.facts) : filter.wantsFlow(flow >> 1);
        if (!isWanted) capture.places[i] = NO_RECORD;
        else if (filter.drops && !isRefusal(verdict)) capture.places[i] = IF_DROPPED;
        else capture.places[i] = this.write(capture, b, i, flow, verdict, now);
      }
    }
  }

  about(i: number, ref: number): void {
    this.frames.about[i] = ref;
  }

  answered(i: number, reason: number): void {
    this.frames.answers[i] = reason;
  }

  failed(i: number, reason: number, isWhole: boolean): void {
    if (i < 0 || i >= this.frames.count) return;
    for (let k = 0; k < this.all.length; k++) {
      const capture = this.all[k]!;
      const { places, ring } = capture;
      const place = places[i]!;
      if (place === NO_RECORD) continue;
      let verdict = record.DROPPED;
      if (!isWhole)
        verdict = place === IF_DROPPED ? this.frames.verdictOf(this.batch!, i, this.flows[i]!) : ring.words[place + record.VERDICT]! & 0xff;
      verdict |= reason << record.REASON_SHIFT;
      if (place === IF_DROPPED) places[i] = this.write(capture, this.batch!, i, this.flows[i]!, verdict, this.time);
      else ring.words[place + record.VERDICT] = verdict;
    }
  }

  done(): void {
    for (let k = 0; k < this.all.length; k++) {
      const { id, ring, places } = this.all[k]!;
      places.fill(NO_RECORD);
      if (ring.publish()) this.hooks.captured(id);
    }
  }

  /** Writes the record of frame `i`; its place, or NO_RECORD when there is no room. */
  private write({ ring, snap }: Capture, b: batch.Batch, i: number, flow: number, verdict: number, now: number): number {
    const { memory } = b;
    const { frames } = this;
    const length = frames.length[i]!;
    const head = frames.head[i]!;
    const tail = frames.tail[i]!;
    const rest = length - head;
    const out = b.egress[i]! >= 0 && (verdict & 0xff) !== record.DROPPED;
    const longer = out ? frames.longerBy(b.egress[i]!) : 0;
    const outLength = out ? b.len[i]! - longer : 0;
    const outHead = out ? outHeadOf(b, i, tail, rest, longer) : 0;
    const hasRest = out && b.tail[i] === tail && outLength - outHead === rest;
    const inKept = Math.min(head, snap);
    const outKept = Math.min(outHead, snap);
    const restKept = Math.min(rest, Math.max(0, snap - head));
    const size = record.HEADER_WORDS * 4 + up(record.HEAD_AT + inKept) + up(record.HEAD_AT + outKept) + up(restKept);
    const place = ring.reserve(size);
    if (place === -1) return NO_RECORD;
    const w = ring.words;
    w[place + record.VERDICT] = verdict;
    w[place + record.SECONDS] = Math.floor(now / 1000);
    w[place + record.NANOSECONDS] = Math.floor((now % 1000) * 1e6);
    w[place + record.IN_PORT] = frames.ingress[i]!;
    w[place + record.OUT_PORT] = out ? b.egress[i]! : -1;
    w[place + record.IN_DEVICE] = this.deviceOf(b, i, flow, frames.ingress[i]!, 0);
    w[place + record.OUT_DEVICE] = out ? this.deviceOf(b, i, flow, b.egress[i]!, 1) : 0;
    w[place + record.IN_LENGTH] = length;
    w[place + record.IN_HEAD] = inKept;
    w[place + record.OUT_LENGTH] = outLength;
    w[place + record.OUT_HEAD] = outKept;
    w[place + record.REST] = restKept;
    w[place + record.OUT_REST] = hasRest ? Math.min(restKept, Math.max(0, snap - outHead)) : 0;
    let at = (place + record.HEADER_WORDS) * 4;
    copyBytes(ring, at + record.HEAD_AT, frames, frames.headAt(i), inKept);
    at += up(record.HEAD_AT + inKept);
    copyBytes(ring, at + record.HEAD_AT, memory, b.at[i]! + VNET + longer, outKept);
    at += up(record.HEAD_AT + outKept);
    copyBytes(ring, at, memory, frames.restAt[i]!, restKept);
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

/** Bytes of the frame that goes out before what has not changed; `longer`: as of `CapturedFrames.longerBy`. */
function outHeadOf(b: batch.Batch, i: number, tail: number, rest: number, longer: number): number {
  const length = b.len[i]! - longer;
  if (tail === -1 && b.tail[i] === -1 && rest > 0 && length >= rest) return length - rest; // in one piece: its head may have grown
  const head = inHead(b.at[i]!, b.len[i]! + VNET, b.tail[i]!) - VNET - longer;
  return Math.min(length, b.tail[i] === -1 ? Math.min(head, HEAD_SIZE) : head); // one with a tail may begin in the headroom
}

/** Whether it does not get where it was to go. */
function isRefusal(verdict: number): boolean {
  return (verdict & 0xff) === record.DROPPED || verdict >>> record.REASON_SHIFT !== DROP_NONE;
}

/** To the next whole word. */
function up(n: number): number {
  return (n + 3) & ~3;
}
