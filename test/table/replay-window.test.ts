import fc from "fast-check";
import { expect, it } from "vitest";
import { createWindows, ReplayWindows, WINDOW } from "../../src/table/replay-window.js";

it("takes each counter once, in whatever order, and none that is older than the window: as a set would", () => {
  const step = fc.oneof(
    fc.integer({ min: -WINDOW - 100, max: 200 }),
    fc.integer({ min: -40, max: 40 }),
    fc.constantFrom(5000, -WINDOW, 1 - WINDOW),
  );
  fc.assert(
    fc.property(fc.nat({ max: 2 ** 40 }), fc.array(step, { maxLength: 400 }), (start, steps) => {
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
    }),
    { numRuns: 300 },
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
