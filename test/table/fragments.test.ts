import { expect, it } from "vitest";
import { FRESH, Fragments, OVERLAPS, REFUSED, REPEATED, UNTRACKED, WAITING } from "../../src/table/fragments.js";
import { Random } from "../support/random.js";

const NOW = 1000;
const WAYS = 16;
/** Datagrams of how many sources the table has room for, each with a set of its own, at most. */
const SETS = 64;

function known(f: Fragments, src: number, dst: number, datagram: number, ref: number, now = NOW): number {
  const slot = f.open(src, dst, datagram, ref, now);
  f.become(slot, ref, 0, now);
  return slot;
}

/** The flow of the datagram, or -1. */
function flowOf(f: Fragments, src: number, dst: number, datagram: number, now = NOW): number {
  const slot = f.find(src, dst, datagram, now);
  return slot === -1 ? -1 : f.ref(slot);
}

it("finds the flow and the ports of a datagram by source, destination, identification and protocol", () => {
  const f = new Fragments(1);
  const slot = f.open(1, 2, 3, 44, NOW);
  f.become(slot, 44, 0x1234, NOW);
  expect([flowOf(f, 1, 2, 3), f.ports(slot)]).toEqual([44, 0x1234]);
  for (const [src, dst, datagram] of [
    [9, 2, 3],
    [1, 9, 3],
    [1, 2, 9],
    [2, 1, 3],
  ] as const)
    expect(f.find(src, dst, datagram, NOW), `${src} ${dst} ${datagram}`).toBe(-1);
});

it("knows nothing at first, not even of zeros", () => {
  expect(new Fragments(0).find(0, 0, 0, NOW)).toBe(-1);
});

it("keeps a flow's for 30 seconds, and one that waits for at least 2, but not for 4", () => {
  const f = new Fragments(1);
  known(f, 1, 2, 3, 4);
  f.open(5, 6, 7, WAITING, NOW);
  expect([29, 30].map((sec) => flowOf(f, 1, 2, 3, NOW + sec))).toEqual([4, -1]);
  expect([0, 2].map((sec) => f.find(5, 6, 7, NOW + sec) !== -1)).toEqual([true, true]);
  expect(f.find(5, 6, 7, NOW + 3)).toBe(-1);
});

it("forgets what waits when its time is over, and says what was held for it", () => {
  const dropped: number[] = [];
  const f = new Fragments(1, (held) => dropped.push(held));
  f.setHeld(f.open(1, 2, 3, WAITING, NOW), 17);
  f.open(1, 2, 4, WAITING, NOW);
  f.expire(NOW + 2);
  expect([f.isWaiting, dropped]).toEqual([true, []]);
  f.expire(NOW + 3);
  expect([f.isWaiting, dropped, f.find(1, 2, 3, NOW)]).toEqual([false, [17], -1]);
});

it("is not waiting any more for what has come", () => {
  const f = new Fragments(1);
  f.become(f.open(1, 2, 3, WAITING, NOW), 8, 0, NOW);
  expect(f.isWaiting).toBe(false);
});

it("says how each fragment lies to those before, whatever the order, and forgets the datagram once it is complete", () => {
  const random = new Random(7);
  for (let round = 0; round < 300; round++) {
    const f = new Fragments(round);
    const slot = known(f, 1, 2, 3, 4);
    const size = 1 + random.below(65_000);
    const parts: [from: number, to: number][] = [];
    for (let from = 0; from < size; ) {
      const to = Math.min(from + 8 * (1 + random.below(400)), size);
      parts.push([from, to]);
      from = to;
    }
    for (let k = parts.length - 1; k > 0; k--) {
      const j = random.below(k + 1);
      [parts[k], parts[j]] = [parts[j]!, parts[k]!];
    }
    for (const [n, [from, to]] of parts.entries()) {
      expect(f.cover(slot, from, to, to === size, NOW)).toBe(FRESH);
      if (n < parts.length - 1) expect(f.cover(slot, from, to, to === size, NOW)).toBe(REPEATED);
    }
    expect(f.find(1, 2, 3, NOW)).toBe(-1);
  }
});

it.each<[string, [from: number, to: number, last: boolean][]]>([
  [
    "covers a part of another",
    [
      [0, 16, false],
      [8, 24, false],
    ],
  ],
  [
    "covers another and more",
    [
      [8, 16, false],
      [0, 24, false],
    ],
  ],
  [
    "goes past the end",
    [
      [16, 20, true],
      [24, 32, false],
    ],
  ],
  [
    "ends before what was there",
    [
      [16, 24, false],
      [8, 12, true],
    ],
  ],
  [
    "ends elsewhere",
    [
      [16, 20, true],
      [0, 4, true],
    ],
  ],
])("refuses the rest of a datagram of which one fragment %s (RFC 5722)", (_, [one, two]) => {
  const f = new Fragments(1);
  const slot = known(f, 1, 2, 3, 4);
  expect([f.cover(slot, ...one!, NOW), f.cover(slot, ...two!, NOW), flowOf(f, 1, 2, 3)]).toEqual([FRESH, OVERLAPS, REFUSED]);
});

it("has one address push out its own datagrams alone, the oldest first", () => {
  const f = new Fragments(3);
  const others = Array.from({ length: 20 }, (_, n) => n + 100);
  for (const src of others) known(f, src, 2, 3, src);
  for (let n = 0; n < 5000; n++) known(f, 1, 2, n, n, NOW + (n >> 8));
  expect(others.map((src) => flowOf(f, src, 2, 3))).toEqual(others);
  const newest = Array.from({ length: WAYS - 4 }, (_, n) => 4999 - n); // there may be some of the others in this set
  expect(newest.map((n) => flowOf(f, 1, 2, n, NOW + 20))).toEqual(newest);
});

it("has what is of no flow push out nothing that is of one", () => {
  const f = new Fragments(3);
  const mine = Array.from({ length: SETS * 4 }, (_, src) => src).filter((src) => known(f, src, 2, 3, src) !== -1);
  for (const ref of [WAITING, UNTRACKED]) for (let src = 0; src < 5000; src++) f.open(src, 9, 9, ref, NOW);
  expect(mine.map((src) => flowOf(f, src, 2, 3))).toEqual(mine);
});

it("has room for a flow's in place of what is of none", () => {
  const dropped: number[] = [];
  const f = new Fragments(3, (held) => dropped.push(held));
  for (let n = 0; n < WAYS; n++) f.setHeld(f.open(1, 2, n, WAITING, NOW), n);
  known(f, 1, 3, 0, 77);
  expect([flowOf(f, 1, 3, 0), dropped.length]).toEqual([77, 1]);
});

it("has other sources share a set with another seed", () => {
  const kept = (seed: number): string => {
    const f = new Fragments(seed);
    for (let src = 0; src < 3000; src++) f.open(src, 1, 1, UNTRACKED, NOW);
    return Array.from({ length: 3000 }, (_, src) => f.find(src, 1, 1, NOW) !== -1).join();
  };
  expect(new Set([1, 2, 3, 4].map(kept)).size).toBe(4);
});

it("forgets the datagrams of flows at once, and not those that wait", () => {
  const f = new Fragments(1);
  known(f, 1, 2, 3, 44);
  f.open(1, 2, 4, WAITING, NOW);
  f.forgetFlows();
  expect([f.find(1, 2, 3, NOW), flowOf(f, 1, 2, 4)]).toEqual([-1, WAITING]);
});
