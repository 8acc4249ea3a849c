/**
 * The engine's part in keeping packets of a flow in order while they change from one way to another: from the ring buffer to the uplink, or from the
 * engine to the kernel, which carries them itself.
 *
 * What comes here before that has a stamp, from the place of its flow in the map `order`; the engine writes there which stamp it has sent on last. The
 * flow's new entry says that packets wait. While it does, the program that finds it sees whether the last stamp of the place has left. If so it lets this
 * packet and the next ones go by the new way, else by the old one, with a stamp.
 * A stamp that gets lost does no harm; the next one is waited for.
 *
 * Flows share places. That costs a packet more at times, and no order: those that share one come to one worker by one way.
 *
 * What endpoints on veth pairs send, and the host to them, has its stamp in the source MAC, what comes from a LAN in a tag; places are by port.
 */
import {
  INSIDE_BITS,
  INSIDE_MARK,
  INSIDE_MARK_AT,
  INSIDE_PLACE_SHIFT,
  INSIDE_STAMP_AT,
  insidePlace,
  ORDER_PASSED_AT,
  ORDER_VALUE_SIZE,
  orderPlaces,
  STAMP_AT,
  STAMP_ENTERED,
  STAMP_ENTERED_AT,
  STAMP_MARK,
  STAMP_MARK_AT,
  STAMP_PLACE_AT,
  TAG_STAMP_BITS,
  TAG_STAMP_MASK,
  WORKER_PLACES,
} from "../wire/order.js";

const WORDS = ORDER_VALUE_SIZE / 4;
const MARK_BITS = 2 ** INSIDE_PLACE_SHIFT - 1;
/** Of a port. */
const INSIDE_PLACES = 1 << INSIDE_BITS;

export class Order {
  /** Packets of this batch that have a stamp. */
  count = 0;
  private readonly places: Int32Array;
  private readonly stamps: Int32Array;
  private words = new Int32Array(0);
  /** This worker's first places: all, and those of endpoints. */
  private first = 0;
  private inside = 0;

  /** `capacity`: frames of a batch. */
  constructor(capacity: number) {
    this.places = new Int32Array(capacity);
    this.stamps = new Int32Array(capacity);
  }

  /** Whether there is anybody to keep the order with. */
  get isKept(): boolean {
    return this.words.length > 0;
  }

  /** `memory`: of the map. `worker`: which one this is. */
  open(memory: ArrayBuffer, worker: number): void {
    const workers = memory.byteLength / (orderPlaces(1) * ORDER_VALUE_SIZE);
    if (worker >= workers) return;
    this.words = new Int32Array(memory);
    this.first = worker * WORKER_PLACES;
    this.inside = insidePlace(workers, worker, 0);
  }

  /** Notes the stamp of a frame, whose Ethernet header is at `frame`, if it has one. */
  note(halves: Uint16Array, words: Int32Array, frame: number): void {
    if (!isStamped(words, frame) || this.count === this.places.length) return;
    this.places[this.count] = this.first + (halves[(frame + STAMP_PLACE_AT) >> 1]! & (WORKER_PLACES - 1));
    this.stamps[this.count++] = words[(frame + STAMP_AT) >> 2]!;
  }

  /** The same of an endpoint's frame, which came by that port; answers whether it has one. */
  noteInside(halves: Uint16Array, words: Int32Array, frame: number, port: number): boolean {
    const mark = words[(frame + INSIDE_MARK_AT) >> 2]!;
    if ((mark & MARK_BITS) !== INSIDE_MARK) return false;
    if (this.count === this.places.length) return true;
    this.places[this.count] = this.inside + (port << INSIDE_BITS) + ((mark >>> INSIDE_PLACE_SHIFT) & (INSIDE_PLACES - 1));
    this.stamps[this.count++] = halves[(frame + INSIDE_STAMP_AT) >> 1]!;
    return true;
  }

  /** The same of a frame from a LAN, whose port it is; `tag`: the 16 bits of its tag. */
  noteTagged(tag: number, port: number): void {
    if (this.count === this.places.length) return;
    this.places[this.count] = this.inside + (port << INSIDE_BITS) + (tag >>> TAG_STAMP_BITS);
    this.stamps[this.count++] = tag & TAG_STAMP_MASK;
  }

  /** All that was noted has been sent on, or is gone. What a place has several of came in order. */
  pass(): void {
    for (let k = 0; k < this.count; k++) {
      const at = this.places[k]! * WORDS + ORDER_PASSED_AT / 4;
      if (at < this.words.length) Atomics.store(this.words, at, this.stamps[k]!);
    }
    this.count = 0;
  }
}

export function isStamped(words: Int32Array, frame: number): boolean {
  return words[(frame + STAMP_MARK_AT) >> 2] === STAMP_MARK;
}

/** Whether the frame's stamp says that its flow's entry is in the map. */
export function isEntered(halves: Uint16Array, words: Int32Array, frame: number): boolean {
  return isStamped(words, frame) && halves[(frame + STAMP_ENTERED_AT) >> 1] === STAMP_ENTERED;
}
