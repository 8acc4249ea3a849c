import { expect, it } from "vitest";
import { below, belowMany, secureRandom } from "../../src/table/random.js";
import { Random } from "../support/random.js";

it("answers int32 of all bits, never the same sequence twice", () => {
  const [one, other] = [secureRandom(), secureRandom()];
  const numbers = Array.from({ length: 10_000 }, one); // more than a block
  for (const n of numbers) expect(n).toBe(n | 0);
  expect([numbers.reduce((a, b) => a | b), numbers.reduce((a, b) => a & b)]).toEqual([-1, 0]);
  expect(new Set(numbers).size).toBeGreaterThan(9_990);
  expect(Array.from({ length: 4 }, other)).not.toEqual(numbers.slice(0, 4));
});

it.each([1, 2, 3, 1000, 22_528, 1 << 16])("picks each of %i, and no other", (n) => {
  const random = new Random(n).int32;
  const picked = new Uint32Array(n);
  const count = n * 50;
  for (let k = 0; k < count; k++) picked[below(random, n)]!++;
  expect(picked.reduce((a, b) => a + b)).toBe(count);
  expect(picked.every((times) => times > 0)).toBe(true);
});

it("picks from many without leaving any part out", () => {
  const random = new Random(5).int32;
  const parts = new Uint32Array(64);
  for (let k = 0; k < 64_000; k++) parts[belowMany(random, 1 << 20) >> 14]!++;
  expect(parts.every((times) => times > 800 && times < 1200)).toBe(true);
});
