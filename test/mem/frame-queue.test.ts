import { expect, it } from "vitest";
import { FrameQueue, GONE } from "../../src/mem/frame-queue.js";
import { HEAD_SIZE, headAt, PacketMemory } from "../../src/mem/packet-memory.js";
import { Random } from "../support/random.js";

const memory = new PacketMemory();
/** Of frames: small, one that fills a head exactly, one byte more, the longest. */
const SIZES = [20, 64, 1510, HEAD_SIZE - 1, HEAD_SIZE, HEAD_SIZE + 1, 9000, 65_573];

/** Writes a frame of `size` bytes of a number into a head, from `at` on, and a tail. */
function write(at: number, tail: number, size: number, seed: number): void {
  const head = Math.min(size, HEAD_SIZE);
  memory.bytes.fill(0xee, at, at + head);
  for (let k = 0; k < size; k++) {
    const place = k < head ? at + k : memory.tailAt(tail) + k - head;
    memory.bytes[place] = (seed + k * 7) & 0xff;
  }
}

function isThere(slot: number, size: number, seed: number): boolean {
  for (let k = 0; k < size; k++) {
    const place = k < HEAD_SIZE ? headAt(slot) + k : memory.tailAt(slot) + k - HEAD_SIZE;
    if (memory.bytes[place] !== ((seed + k * 7) & 0xff)) return false;
  }
  return true;
}

it("gives back what it was given, in order, however often it goes round", () => {
  const random = new Random(7);
  const queue = new FrameQueue(150_000);
  const inside: { size: number; seed: number; port: number }[] = [];
  let refused = 0;
  for (let step = 0; step < 4_000; step++) {
    if (random.below(2) === 0) {
      const size = SIZES[random.below(SIZES.length)]!;
      const entry = { size, seed: step & 0xff, port: random.below(9) };
      write(headAt(3), 5, size, entry.seed);
      if (queue.put(memory, headAt(3), 5, size, entry.port, size - 10)) inside.push(entry);
      else refused++;
    } else if (inside.length > 0) {
      const { size, seed, port } = inside.shift()!;
      expect([queue.size, queue.port, queue.cost]).toEqual([size, port, size - 10]);
      queue.read(memory, 9);
      if (!isThere(9, size, seed)) throw new Error(`step ${step}: a frame of ${size} bytes is another one now`);
      queue.shift();
    }
    expect(queue.count).toBe(inside.length);
    expect(queue.backlog).toBe(inside.reduce((sum, { size }) => sum + size - 10, 0));
  }
  expect(refused).toBeGreaterThan(0);
});

it("takes what it has promised room for, and one frame more", () => {
  const queue = new FrameQueue(1000);
  for (let k = 0; k < 10; k++) expect(queue.put(memory, headAt(0), 0, 88, 1, 78)).toBe(true);
  expect(queue.put(memory, headAt(0), 0, 65_573, 1, 65_563)).toBe(true);
});

it("forgets the port that frames go to, not the frames", () => {
  const queue = new FrameQueue(1000);
  for (const port of [4, 5, 4]) queue.put(memory, headAt(0), 0, 60, port, 50);
  queue.forget(4);
  const seen: number[] = [];
  for (; queue.count > 0; queue.shift()) seen.push(queue.port);
  expect(seen).toEqual([GONE, 5, GONE]);
});
