import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { RemadeDevice, type Remaking } from "../../../src/control/network/remade-device.js";
import type { Undo } from "../../../src/control/undo.js";
import { setLogSink } from "../../../src/log.js";
import { deleted } from "../../../src/sys/setting-up.js";

const AGAIN = "tap0 was deleted by somebody else; it is made again";
const AGAIN_AND_AGAIN = "tap0 is deleted by somebody else again and again; it is made again after growing pauses, of 10 s in the end";

let said: string[];
beforeEach(() => {
  said = [];
  setLogSink((_, message) => said.push(message));
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
});
afterEach(() => {
  setLogSink(() => {});
  vi.useRealTimers();
});

/** A device by notes: each making has a number, from 1 on. */
function start(more: Partial<Remaking> = {}) {
  const notes: string[] = [];
  const tell: (() => void)[] = [];
  /** What the next makings throw. */
  const failures: Error[] = [];
  /** What the undoing of each waits for. */
  const state = { undoing: Promise.resolve() };
  const device = new RemadeDevice({
    what: () => "tap0",
    make: (undo: Undo, onGone) => {
      const number = tell.push(onGone);
      notes.push(`make ${number}`);
      const { undoing } = state;
      undo.add("device", async () => {
        notes.push(`undo ${number}`);
        await undoing;
        notes.push(`undone ${number}`);
      });
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
    },
    onRemade: () => void notes.push("there again"),
    ...more,
  });
  onTestFinished(() => device.close());
  return { device, notes, tell, failures, state, since: () => notes.splice(0) };
}

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(0);
const MADE = (number: number): string[] => [`undo ${number - 1}`, `undone ${number - 1}`, `make ${number}`, "there again"];

it("is made again at once, once what there was is undone, however many say that it is gone", async () => {
  const f = start();
  f.device.open();
  expect(f.since()).toEqual(["make 1"]);
  f.tell[0]!();
  f.tell[0]!();
  await settle();
  f.tell[0]!(); // late
  await settle();
  expect(f.since()).toEqual(MADE(2));
  expect(said).toEqual([AGAIN]);
});

it("is made again after growing pauses where that happens again and again, which is said once, and at once again when it was left alone", async () => {
  const f = start();
  f.device.open();
  const pauses: number[] = [];
  for (let number = 2; number < 18; number++) {
    const before = performance.now();
    f.tell.at(-1)!();
    await settle();
    while (f.tell.length < number) await vi.advanceTimersByTimeAsync(100);
    pauses.push(performance.now() - before);
  }
  expect(pauses).toEqual([0, 0, 0, 0, 0, 100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
  expect(said).toEqual([...Array(5).fill(AGAIN), AGAIN_AND_AGAIN]);
  said = [];
  await vi.advanceTimersByTimeAsync(10_000);
  f.since();
  f.tell.at(-1)!();
  await settle();
  expect([f.since(), said]).toEqual([MADE(18), [AGAIN]]);
});

it("has a brake on deletions while it is being made, too", async () => {
  const f = start();
  f.device.open();
  f.failures.push(...Array(7).fill(deleted("tap0")));
  f.tell[0]!();
  await settle();
  expect(f.tell.length).toBe(6); // five at once
  await vi.advanceTimersByTimeAsync(99);
  expect(f.tell.length).toBe(6);
  await vi.advanceTimersByTimeAsync(301);
  expect(f.tell.length).toBe(8);
  await vi.advanceTimersByTimeAsync(400);
  expect(f.since().slice(-4)).toEqual(MADE(9));
  expect(said).toEqual([...Array(5).fill(AGAIN), AGAIN_AND_AGAIN]);
});

it("is tried again where it cannot be made for another reason, which is said once", async () => {
  const f = start();
  f.device.open();
  f.failures.push(...Array(7).fill(new Error("EMFILE")));
  f.tell[0]!();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(f.since().slice(-4)).toEqual(MADE(9));
  expect(said).toEqual([AGAIN, "tap0 cannot be made again, and is tried again: EMFILE", "tap0 is there again"]);
});

it("is given up where its owner says so, with nothing left of it", async () => {
  const onFailure = vi.fn();
  const f = start({ onFailure });
  f.device.open();
  f.failures.push(new Error("EMFILE"));
  f.tell[0]!();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(f.since()).toEqual(["make 1", "undo 1", "undone 1", "make 2", "undo 2", "undone 2"]);
  expect(onFailure).toHaveBeenCalledExactlyOnceWith(new Error("EMFILE"));
});

it("leaves nothing that is still being undone when it is closed, and is not made again then", async () => {
  const f = start();
  let undone: () => void = () => {};
  f.state.undoing = new Promise((resolve) => {
    undone = resolve;
  });
  f.device.open();
  f.tell[0]!();
  let isClosed = false;
  const closing = f.device.close().then(() => {
    isClosed = true;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  expect(isClosed).toBe(false);
  undone();
  await closing;
  expect(f.since()).toEqual(["make 1", "undo 1", "undone 1"]);
});

it("is closed at once in a pause", async () => {
  const f = start();
  f.device.open();
  for (let number = 0; number < 6; number++) {
    f.tell.at(-1)!();
    await settle();
  }
  f.since();
  await f.device.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect([f.since(), vi.getTimerCount()]).toEqual([[], 0]);
});

it("is not made again, and nothing is said, when it could not be made the first time and is told to be gone", async () => {
  const f = start();
  f.failures.push(new Error("no"));
  expect(() => f.device.open()).toThrow("no");
  const closing = f.device.close();
  f.tell[0]!();
  await closing;
  expect([f.since(), said]).toEqual([["make 1", "undo 1", "undone 1"], []]);
});
