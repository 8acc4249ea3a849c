/**
 * The engine's part in keeping packets of a flow in order while they change from one way to another: from the ring buffer to the uplink, or from the
 * engine to the kernel, which carries them itself.
 *
 * A change begins when the flow is entered in the steering's map. `steer` then goes on to use the old way, and gives each packet a stamp, in the map
 * `order`; the engine writes there which stamp it has sent on last. So `steer` sees when all that were before a packet have left, and lets this one and
 * the next ones go by the new way. What was on its way without a stamp has left too: it was before the first one that has a stamp.
 * A stamp that gets lost does no harm; the next one is waited for.
 *
 * Directions of flows share places. That costs a packet more at times, and no order: those that share one come by one way.
 */
import { ORDER_COUNT_AT, ORDER_PASSED_AT, ORDER_PLACES, ORDER_VALUE_SIZE, STAMP_AT, STAMP_MARK, STAMP_MARK_AT } from "../wire/order.js";

const HALVES = ORDER_VALUE_SIZE / 2,
  WORDS = ORDER_VALUE_SIZE / 4;

export class Order {
  /** Packets of this batch that have a stamp. Directions as conntrack names them. */
  count = 0;
  private readonly refs: Int32Array;
  private readonly stamps: Int32Array;
  private words = new Int32Array(0);
  private halves = new Uint16Array(0);
  private first = 0;

  /** `capacity`: frames of a batch. */
  constructor(capacity: number) {
    this.refs = new Int32Array(capacity);
    this.stamps = new Int32Array(capacity);
  }

  /** Whether there is anybody to keep the order with. */
  get isKept(): boolean {
    return this.words.length > 0;
  }

  /** `memory`: of the map, of `orderPlaces` values. */
  open(memory: ArrayBuffer, worker: number): void {
    this.words = new Int32Array(memory);
    this.halves = new Uint16Array(memory);
    this.first = 1 + worker * ORDER_PLACES;
  }

  /** Packets of the direction with this place change their way from now on. */
  begin(place: number): void {
    this.halves[place * HALVES + ORDER_COUNT_AT / 2] = 0; // so that the next one is handed over, whatever was before
    Atomics.store(this.words, place * WORDS + ORDER_PASSED_AT / 4, 0);
  }

  /** Notes the stamp of a frame, whose Ethernet header is at `frame`, if it has one. */
  note(ref: number, halves: Uint16Array, words: Int32Array, frame: number): void {
    if (words[(frame + STAMP_MARK_AT) >> 2] !== STAMP_MARK) return;
    const stamp = halves[(frame + STAMP_AT) >> 1]!;
    if (stamp === 0 || this.count === this.refs.length) return;
    this.refs[this.count] = ref;
    this.stamps[this.count++] = stamp;
  }

  /** Whether one of the noted ones is of this direction: then the steering's map has its entry. */
  hasNoted(ref: number): boolean {
    for (let k = 0; k < this.count; k++) if (this.refs[k] === ref) return true;
    return false;
  }

  /** All that was noted has been sent on, or is gone. */
  pass(): void {
    for (let k = 0; k < this.count; k++)
      Atomics.store(this.words, this.placeOf(this.refs[k]!) * WORDS + ORDER_PASSED_AT / 4, this.stamps[k]!);
    this.count = 0;
  }

  /** Where the order of this direction is kept; 0 when it is not. */
  placeOf(ref: number): number {
    return this.isKept ? this.first + (ref & (ORDER_PLACES - 1)) : 0;
  }
}
