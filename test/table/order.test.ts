/** What the engine writes into the map `order` about packets with a stamp. */
import { beforeEach, expect, it } from "vitest";
import { isEntered, Order } from "../../src/table/order.js";
import { MAX_PORTS } from "../../src/table/ports.js";
import {
  INSIDE_BITS,
  INSIDE_MARK,
  INSIDE_MARK_AT,
  INSIDE_PLACE_SHIFT,
  INSIDE_PORTS,
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
  WORKER_PLACES,
} from "../../src/wire/order.js";

const PLACE = 6;
const FRAME = 2; // words lie where words can be read
let order: Order;
let map: DataView;
const frame = new DataView(new ArrayBuffer(16));
const halves = new Uint16Array(frame.buffer);
const words = new Int32Array(frame.buffer);
const passed = (place = PLACE): number => map.getUint32(place * ORDER_VALUE_SIZE + ORDER_PASSED_AT, true);

/** A frame with this stamp. */
function note(stamp: number, { mark = STAMP_MARK, place = PLACE, entered = 0 } = {}): void {
  frame.setUint16(FRAME + STAMP_ENTERED_AT, entered, true);
  frame.setUint32(FRAME + STAMP_MARK_AT, mark, true);
  frame.setUint32(FRAME + STAMP_AT, stamp, true);
  frame.setUint16(FRAME + STAMP_PLACE_AT, place, true);
  order.note(halves, words, FRAME);
}

beforeEach(() => {
  const memory = new ArrayBuffer(orderPlaces(2) * ORDER_VALUE_SIZE);
  map = new DataView(memory);
  order = new Order(4);
  order.open(memory, 0);
});

it("is kept from when there is a map", () => {
  expect([new Order(4).isKept, order.isKept]).toEqual([false, true]);
});

it("tells that a stamp has left when the batch has, and not before", () => {
  note(7);
  note(8);
  note(0xfffffffe, { place: PLACE + 1 });
  expect([order.count, passed()]).toEqual([3, 0]);
  order.pass();
  expect([order.count, passed(), passed(PLACE + 1)]).toEqual([0, 8, 0xfffffffe]);
});

it("takes a frame with other addresses for one without a stamp", () => {
  note(7, { mark: 0x02427402 });
  expect(order.count).toBe(0);
});

it("leaves alone what is more than a batch, and has nowhere to write to without the worker's part of the map", () => {
  const memory = new ArrayBuffer(orderPlaces(1) * ORDER_VALUE_SIZE);
  order.open(memory, 1);
  for (let k = 1; k < 9; k++) note(k, { place: 0xffff });
  expect(order.count).toBe(4);
  order.pass();
  expect(new Uint8Array(memory).some((byte) => byte !== 0)).toBe(false);
});

it("keeps to the places of its own worker, of the 17th, too, whose numbers the stamp has no room for", () => {
  const memory = new ArrayBuffer(orderPlaces(17) * ORDER_VALUE_SIZE);
  map = new DataView(memory);
  order.open(memory, 16);
  const place = 16 * WORKER_PLACES + PLACE;
  note(7, { place: place & 0xffff });
  order.pass();
  expect([passed(place), passed(PLACE)]).toEqual([7, 0]);
});

it("says which frame's flow has its entry", () => {
  note(1);
  expect(isEntered(halves, words, FRAME)).toBe(false);
  note(1, { entered: STAMP_ENTERED });
  expect(isEntered(halves, words, FRAME)).toBe(true);
  note(1, { entered: STAMP_ENTERED, mark: 0 });
  expect(isEntered(halves, words, FRAME)).toBe(false);
});

/** A frame of an endpoint with this stamp, by that port. */
function noteInside(stamp: number, { mark = INSIDE_MARK, place = 3, port = 5 } = {}): boolean {
  frame.setUint32(FRAME + INSIDE_MARK_AT, (mark | (place << INSIDE_PLACE_SHIFT)) >>> 0, true);
  frame.setUint16(FRAME + INSIDE_STAMP_AT, stamp, true);
  return order.noteInside(halves, words, FRAME, port);
}

it("knows a stamp of an endpoint's frame, which is in a place of the port that it came by, whatever the stamp says", () => {
  order.open(map.buffer as ArrayBuffer, 1);
  expect([noteInside(7), noteInside(8, { place: 0xff }), noteInside(9, { port: INSIDE_PORTS - 1 })]).toEqual([true, true, true]);
  order.pass();
  const first = insidePlace(2, 1, 5);
  expect([passed(first + 3), passed(first + 15), passed(insidePlace(2, 1, INSIDE_PORTS - 1) + 3)]).toEqual([7, 8, 9]);
  expect(insidePlace(2, 1, INSIDE_PORTS - 1) + (1 << INSIDE_BITS)).toBe(orderPlaces(2));
  expect(INSIDE_PORTS).toBe(MAX_PORTS);
});

it("takes no source address that a device may have for a stamp", () => {
  expect(noteInside(7, { mark: INSIDE_MARK - 1 })).toBe(false);
  expect([INSIDE_MARK & 1, order.count]).toEqual([1, 0]); // it is a group address
});

it("knows the stamp where there is no map, too: the address is to be put back", () => {
  order = new Order(4);
  expect(noteInside(7)).toBe(true);
  order.pass();
});
