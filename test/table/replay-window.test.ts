import fc from "fast-check";
import { expect, it } from "vitest";
import { createWindows, ReplayWindows, WINDOW } from "../../src/table/replay-window.js";
import { MOST_COUNTERS } from "../../src/table/seals.js";
import { Random } from "../support/random.js";

/** Where numbers become longer, and where a key is used up. */
const NEAR_LIMITS = fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 37, MOST_COUNTERS, 2 ** 53).map((limit) => limit - 300_000);

it("takes each counter once, in whatever order, and none that is older than the window: as a set would", () => {
  const step = fc.oneof(
    fc.integer({ min: -WINDOW - 100, max: 200 }),
    fc.integer({ min: -40, max: 40 }),
    fc.constantFrom(5000, -WINDOW, 1 - WINDOW),
  );
  fc.assert(
    fc.property(
      fc.oneof(fc.nat({ max: 5000 }), fc.nat({ max: 2 ** 53 - 300_000 }), NEAR_LIMITS),
      fc.array(step, { maxLength: 400 }),
      (start, steps) => {
        const windows = new ReplayWindows(createWindows(2));
        const seen = new Set<number>();
        let highest = -1;
        for (const by of steps) {
          const counter = Math.max(0, (highest === -1 ? start : highest) + by);
          const isNew = !seen.has(counter) && highest - counter < WINDOW;
          expect(windows.accept(1, counter)).toBe(isNew);
          if (!isNew) continue;
          seen.add(counter);
          highest = Math.max(highest, counter);
        }
        expect(windows.highest).toBe(highest + 1);
      },
    ),
    { numRuns: 300 },
  );
});

it("takes what the network has mixed up, but for what it has held back longer than a window, and nothing of it twice", () => {
  const mixed = fc.record({
    limit: fc.oneof(fc.constant(0), NEAR_LIMITS),
    distance: fc.constantFrom(1, 31, 32, 33, 1000, WINDOW - 1),
    seed: fc.integer(),
    copies: fc.integer({ min: 1, max: 3 }),
  });
  fc.assert(
    fc.property(mixed, ({ limit, distance, seed, copies }) => {
      const random = new Random(seed);
      const windows = new ReplayWindows(createWindows(1));
      // Each comes late by less than `distance`: that is how far the one that has come before may be ahead.
      const order = Array.from({ length: 5000 }, (_, n) => ({ n, at: n + random.below(distance) })).sort((x, y) => x.at - y.at);
      for (const { n } of order) expect(windows.accept(0, limit + n)).toBe(true);
      for (let k = 0; k < copies; k++) for (const { n } of order) expect(windows.accept(0, limit + n)).toBe(false);
      expect(windows.highest).toBe(limit + 5000);
    }),
    { numRuns: 20 },
  );
});

it("has at least 1,024 counters, one window a worker, and the same ones for all that share the memory", () => {
  expect(WINDOW).toBeGreaterThanOrEqual(1024);
  const memory = createWindows(3);
  const [one, other] = [new ReplayWindows(memory), new ReplayWindows(memory)];
  expect(one.count).toBe(3);
  expect([one.accept(0, 7), other.accept(0, 7), other.accept(1, 7), other.accept(2, 0)]).toEqual([true, false, true, true]);
  expect([one.accept(0, 7 + WINDOW), one.accept(0, 8), one.accept(0, 6)]).toEqual([true, true, false]);
  expect(one.accept(0, 2 ** 52)).toBe(true);
  expect(one.accept(0, 2 ** 52)).toBe(false);
});
