import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tally } from "../../src/table/tally.js";

const key = fc.tuple(fc.integer({ min: -3, max: 3 }), fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 2 }));

describe("what is charged to a key", () => {
  it("is never more than what the tally answers, and with few keys exactly that", () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.tuple(key, fc.boolean()), { maxLength: 300 }), (seed, steps) => {
        const [small, large] = [new Tally(8, seed | 0), new Tally(1 << 16, seed | 0)];
        const model = new Map<string, number>();
        for (const [[a, b, c], more] of steps) {
          const name = `${a}/${b}/${c}`;
          const charged = model.get(name) ?? 0;
          if (!more && charged === 0) continue;
          for (const tally of [small, large]) tally.add(more ? 1 : -1, a, b, c);
          model.set(name, charged + (more ? 1 : -1));
          expect(small.get(a, b, c)).toBeGreaterThanOrEqual(model.get(name)!);
          expect(large.get(a, b, c)).toBe(model.get(name));
        }
      }),
    );
  });

  it("is nothing after all was taken back", () => {
    const tally = new Tally(16, 7);
    for (let n = 0; n < 1000; n++) tally.add(3, n, n, n);
    for (let n = 0; n < 1000; n++) tally.add(-3, n, n, n);
    for (let n = 0; n < 1000; n++) expect(tally.get(n, n, n)).toBe(0);
  });

  it("is counted up to a limit, and not beyond", () => {
    const tally = new Tally(1024, 7);
    expect(Array.from({ length: 5 }, () => tally.addUpTo(3, 1))).toEqual([true, true, true, false, false]);
    expect([tally.get(1), tally.addUpTo(3, 2)]).toEqual([3, true]);
    tally.clear();
    expect([tally.get(1), tally.addUpTo(3, 1)]).toEqual([0, true]);
  });
});

it("adds a handful at most to a key that meets as many others as there are slots", () => {
  const tally = new Tally(1 << 12, 99);
  for (let n = 0; n < 1 << 12; n++) tally.add(1, n * 7919);
  const extra = Array.from({ length: 1 << 12 }, (_, n) => tally.get(n * 7919) - 1);
  expect(Math.max(...extra)).toBeLessThan(6);
  expect(extra.reduce((sum, n) => sum + n) / extra.length).toBeLessThan(0.6);
});

it("has other collisions with another seed", () => {
  const colliding = (seed: number): number[] => {
    const tally = new Tally(64, seed);
    tally.add(1, 1);
    return Array.from({ length: 20_000 }, (_, n) => n + 2).filter((n) => tally.get(n) > 0);
  };
  const [one, other] = [colliding(1), colliding(2)];
  expect(one.length).toBeGreaterThan(0);
  expect(one.filter((n) => other.includes(n)).length).toBeLessThan(one.length / 2);
});
