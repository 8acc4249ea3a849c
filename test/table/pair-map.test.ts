import fc from "fast-check";
import { expect, it } from "vitest";
import { PairMap } from "../../src/table/pair-map.js";

it("sets, replaces, deletes and clears", () => {
  const map = new PairMap(1);
  map.set(1, 2, 3);
  map.set(1, 2, 0);
  expect([map.get(1, 2), map.get(2, 1), map.get(0, 0), map.size]).toEqual([0, -1, -1, 1]);
  map.delete(2, 1);
  map.delete(1, 2);
  expect([map.get(1, 2), map.size]).toEqual([-1, 0]);
  map.set(0, 0, 7);
  map.clear();
  expect([map.get(0, 0), map.size]).toEqual([-1, 0]);
});

it("grows and keeps all: 10,000 published ports", () => {
  const map = new PairMap(-5);
  for (let n = 0; n < 10_000; n++) map.set(n << 16, -n, n);
  expect(map.size).toBe(10_000);
  for (let n = 0; n < 10_000; n++) expect(map.get(n << 16, -n)).toBe(n);
});

/** Few keys, so that they meet again and clusters are long. */
const operation = fc.record({
  what: fc.constantFrom("set", "set", "set", "delete", "delete", "get"),
  a: fc.integer({ min: 0, max: 11 }),
  b: fc.integer({ min: -6, max: 5 }),
  value: fc.nat(0x7fffffff),
});

it("does what a Map does, whatever the order of operations", () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(operation, { minLength: 200, maxLength: 400 }), (seed, operations) => {
      const map = new PairMap(seed | 0, 8);
      const model = new Map<string, number>();
      for (const { what, a, b, value } of operations) {
        const key = `${a}/${b}`;
        if (what === "set") {
          map.set(a, b, value);
          model.set(key, value);
        } else if (what === "delete") {
          map.delete(a, b);
          model.delete(key);
        } else expect(map.get(a, b)).toBe(model.get(key) ?? -1);
        expect(map.size).toBe(model.size);
      }
      for (let a = 0; a < 12; a++) for (let b = -6; b < 6; b++) expect(map.get(a, b)).toBe(model.get(`${a}/${b}`) ?? -1);
    }),
  );
});
