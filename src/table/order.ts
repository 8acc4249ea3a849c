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
 */
import {
  ORDER_PASSED_AT,
  ORDER_VALUE_SIZE,
  STAMP_AT,
  STAMP_ENTERED,
  STAMP_ENTERED_AT,
  STAMP_MARK,
  STAMP_MARK_AT,
  STAMP_PLACE_AT,
  WORKER_PLACES,
} from "../wire/order.js";

const WORDS = ORDER_VALUE_SIZE / 4;

export class Order {
  /** Packets of this batch that have a stamp. */
  count = 0;
  private readonly places: Int32Array;
  private readonly stamps: Int32Array;
  private words = new Int32Array(0);

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
    const count = WORKER_PLACES * WORDS;
    this.words = new Int32Array(memory).subarray(worker * count, (worker + 1) * count);
  }

  /** Notes the stamp of a frame, whose Ethernet header is at `frame`, if it has one. */
  note(halves: Uint16Array, words: Int32Array, frame: number): void {
    if (!isStamped(words, frame) || this.count === this.places.length) return;
    this.places[this.count] = halves[(frame + STAMP_PLACE_AT) >> 1]! & (WORKER_PLACES - 1);
    this.stamps[this.count++] = words[(frame + STAMP_AT) >> 2]!;
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

function isStamped(words: Int32Array, frame: number): boolean {
  return words[(frame + STAMP_MARK_AT) >> 2] === STAMP_MARK;
}

/** Whether the frame's stamp says that its flow's entry is in the map. */
export function isEntered(halves: Uint16Array, words: Int32Array, frame: number): boolean {
  return isStamped(words, frame) && halves[(frame + STAMP_ENTERED_AT) >> 1] === STAMP_ENTERED;
}
