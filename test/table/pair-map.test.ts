import { expect, it } from "vitest";
import { PairMap } from "../../src/table/pair-map.js";
import { Random } from "../support/random.js";

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

it.each([1, 2, 3, 4])("does what a Map does under random operations (seed %i)", (seed) => {
  const random = new Random(seed);
  const map = new PairMap(random.int32(), 8);
  const model = new Map<string, number>();
  for (let n = 0; n < 20_000; n++) {
    const a = random.below(12),
      b = random.below(12) - 6;
    const what = random.below(10);
    if (what < 4) {
      map.set(a, b, n);
      model.set(`${a}/${b}`, n);
    } else if (what < 8) {
      map.delete(a, b);
      model.delete(`${a}/${b}`);
    } else expect(map.get(a, b)).toBe(model.get(`${a}/${b}`) ?? -1);
    expect(map.size).toBe(model.size);
  }
  for (let a = 0; a < 12; a++) for (let b = -6; b < 6; b++) expect(map.get(a, b)).toBe(model.get(`${a}/${b}`) ?? -1);
});
