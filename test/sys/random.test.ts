import { expect, it, vi } from "vitest";
import { native } from "../../src/sys/native.js";
import { fillRandom, randomHex, randomWord } from "../../src/sys/random.js";

vi.mock("../../src/sys/native.js", async (load) => {
  const { native } = await load<typeof import("../../src/sys/native.js")>();
  return { native: { random: vi.fn(native.random) } };
});
const ENOSYS = 38;

/** Each of them, many times. */
function drawn(): unknown[] {
  const numbers = Array.from({ length: 1000 }, randomWord);
  for (const n of numbers) expect(n).toBe(n | 0);
  const texts = Array.from({ length: 100 }, () => randomHex(8));
  for (const text of texts) expect(text).toMatch(/^[0-9a-f]{16}$/);
  const block = fillRandom(new Int32Array(4096));
  expect([block.reduce((a, b) => a | b), block.reduce((a, b) => a & b)]).toEqual([-1, 0]);
  return [...new Set(numbers), ...new Set(texts)];
}

it("answers what was not there before", () => {
  expect(drawn().length).toBeGreaterThan(1095);
});

it("has another source where getrandom(2) is forbidden, and throws nothing", () => {
  vi.mocked(native.random).mockReturnValue(-ENOSYS);
  expect(drawn().length).toBeGreaterThan(1095);
});
