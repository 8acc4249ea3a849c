import { expect, it } from "vitest";
import { Addresses } from "../../src/table/addresses.js";
import { FlowEntries } from "../../src/table/flow-entries.js";
import { FLOW_HOPS_AT } from "../../src/wire/flow-entry.js";
import { raw } from "../support/host.js";
import { Random } from "../support/random.js";

const [SRC, DST] = [raw("192.0.2.2"), raw("192.0.2.3")];

it("has one entry of a key: the last one, with nothing of those before", () => {
  const entries = new FlowEntries(8);
  const first = entries.add(SRC, DST, 1, 17);
  entries.valueBytes[first + FLOW_HOPS_AT] = 1;
  const others = [entries.add(SRC, DST, 2, 17), entries.add(DST, SRC, 1, 17), entries.add(SRC, DST, 1, 6)];
  expect(new Set([first, ...others]).size).toBe(4);
  entries.valueBytes[others[0]! + FLOW_HOPS_AT] = 2;
  expect(entries.add(SRC, DST, 1, 17)).toBe(first);
  expect(entries.count).toBe(4);
  expect([first, others[0]!].map((at) => entries.valueBytes[at + FLOW_HOPS_AT])).toEqual([0, 2]);
  expect([...entries.keys.subarray(0, 8)]).toEqual([SRC, DST, 1, 17, SRC, DST, 2, 17]);
});

it("tells IPv6 keys apart by all of their words", () => {
  const addresses = new Addresses(16, new Random(1).int32);
  const entries = new FlowEntries(8, addresses);
  const [a, b] = [addresses.intern(new Int32Array([1, 2, 3, 4]), 0), addresses.intern(new Int32Array([1, 2, 3, 5]), 0)];
  const places = [entries.add(a, b, 1, 17), entries.add(b, a, 1, 17), entries.add(a, b, 1, 17)];
  expect(places[2]).toBe(places[0]);
  expect(places[1]).not.toBe(places[0]);
  expect(entries.count).toBe(2);
});
