/** What the engine writes into the map `order` about packets with a stamp. */
import { beforeEach, expect, it } from "vitest";
import { Order } from "../../src/table/order.js";
import {
  ORDER_COUNT_AT,
  ORDER_HANDED_AT,
  ORDER_PASSED_AT,
  ORDER_PLACES,
  ORDER_VALUE_SIZE,
  orderPlaces,
  STAMP_AT,
  STAMP_MARK,
  STAMP_MARK_AT,
} from "../../src/wire/order.js";

const WORKERS = 2;
const REF = 6;
let order: Order;
let map: DataView;
const frame = new DataView(new ArrayBuffer(16));
const at = (place: number, field: number): number => place * ORDER_VALUE_SIZE + field;
const passed = (): number => map.getUint32(at(order.placeOf(REF), ORDER_PASSED_AT), true);

/** A frame with this stamp, of the direction REF. */
function note(stamp: number, mark = STAMP_MARK, ref = REF): void {
  frame.setUint32(STAMP_MARK_AT + 2, mark, true); // words lie where words can be read: its Ethernet header is at 2
  frame.setUint16(STAMP_AT + 2, stamp, true);
  order.note(ref, new Uint16Array(frame.buffer), new Int32Array(frame.buffer), 2);
}

beforeEach(() => {
  const memory = new ArrayBuffer(orderPlaces(WORKERS) * ORDER_VALUE_SIZE);
  map = new DataView(memory);
  order = new Order(4);
  order.open(memory, 1);
});

it("gives each worker places of its own, and none before there is a map", () => {
  expect(new Order(4).placeOf(REF)).toBe(0);
  expect(order.placeOf(0)).toBe(1 + ORDER_PLACES);
  expect(order.placeOf(ORDER_PLACES - 1)).toBe(orderPlaces(WORKERS) - 1);
  expect(order.placeOf(ORDER_PLACES + REF)).toBe(order.placeOf(REF));
});

it("says the last stamp of a batch once that has passed, and not before", () => {
  note(7);
  note(8);
  expect([passed(), order.count, order.hasNoted(REF), order.hasNoted(REF ^ 1)]).toEqual([0, 2, true, false]);
  order.pass();
  expect([passed(), order.count]).toEqual([8, 0]);
});

it("knows frames without a stamp, and takes no more than a batch has", () => {
  note(0);
  note(9, STAMP_MARK ^ 1);
  expect(order.count).toBe(0);
  for (let stamp = 1; stamp <= 5; stamp++) note(stamp);
  order.pass();
  expect(passed()).toBe(4);
});

it("has the next packet handed over when a change begins anew, whatever has passed", () => {
  const place = order.placeOf(REF);
  map.setUint16(at(place, ORDER_HANDED_AT), 5, true);
  map.setUint16(at(place, ORDER_COUNT_AT), 100, true);
  note(5);
  order.pass();
  order.begin(place);
  expect([passed(), map.getUint16(at(place, ORDER_COUNT_AT), true), map.getUint16(at(place, ORDER_HANDED_AT), true)]).toEqual([0, 0, 5]);
});
