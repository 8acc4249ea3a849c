import { expect, it } from "vitest";
import { Fragments } from "../../src/table/fragments.js";

const NOW = 1000;

it("finds the flow of a datagram by source, destination, identification and protocol", () => {
  const f = new Fragments(1);
  f.remember(1, 2, 3, 44, NOW);
  expect(f.find(1, 2, 3, NOW)).toBe(44);
  for (const [src, dst, datagram] of [
    [9, 2, 3],
    [1, 9, 3],
    [1, 2, 9],
    [2, 1, 3],
  ] as const)
    expect(f.find(src, dst, datagram, NOW), `${src} ${dst} ${datagram}`).toBe(-1);
  f.remember(1, 2, 3, 0, NOW);
  expect(f.find(1, 2, 3, NOW)).toBe(0);
});

it("knows nothing at first, not even of zeros", () => {
  expect(new Fragments(0).find(0, 0, 0, NOW)).toBe(-1);
});

it("keeps it for 30 seconds", () => {
  const f = new Fragments(1);
  f.remember(1, 2, 3, 4, NOW);
  expect([29, 30].map((sec) => f.find(1, 2, 3, NOW + sec))).toEqual([4, -1]);
});

it.each([0, 12345, -1])("keeps the newer of two that meet in a slot, and nearly all of a few hundred (seed %i)", (seed) => {
  const f = new Fragments(seed);
  for (let n = 0; n < 300; n++) f.remember(n, n << 8, n << 16, n, NOW);
  const found = Array.from({ length: 300 }, (_, n) => f.find(n, n << 8, n << 16, NOW));
  expect(found[299]).toBe(299);
  for (const [n, ref] of found.entries()) expect([n, -1]).toContain(ref);
  expect(found.filter((ref) => ref !== -1).length).toBeGreaterThan(220); // of 300 in 1,024 slots by chance 263
});

it("has other datagrams meet with another seed", () => {
  const kept = (seed: number): string => {
    const f = new Fragments(seed);
    for (let n = 0; n < 600; n++) f.remember(n, 1, 1, n, NOW);
    return Array.from({ length: 600 }, (_, n) => f.find(n, 1, 1, NOW)).join();
  };
  expect(new Set([1, 2, 3, 4].map(kept)).size).toBe(4);
});
