import { expect, it } from "vitest";
import { WAIT_NONE, WAIT_SLEPT, WAIT_SPUN } from "../../src/device/packet-io.js";
import { Polling } from "../../src/engine/polling.js";

const SPIN = 50_000;

/** Turns until it looks on again, when every look is in vain. */
function pause(polling: Polling): number {
  for (let n = 0; n < 1000; n++) if (polling.budget(1, SPIN) > 0) return n;
  return Number.POSITIVE_INFINITY;
}

it("looks on after traffic, and sleeps after a turn without any", () => {
  const polling = new Polling();
  expect(polling.budget(3, SPIN)).toBe(SPIN);
  expect(polling.budget(0, SPIN)).toBe(0);
});

it("stops looking when that finds nothing, but tries again once in a while", () => {
  const polling = new Polling();
  for (let n = 0; n < 16; n++) {
    expect(polling.budget(1, SPIN)).toBe(SPIN);
    polling.learn(SPIN, WAIT_SLEPT);
  }
  expect(pause(polling)).toBe(63);
  polling.learn(SPIN, WAIT_SLEPT);
  expect(pause(polling)).toBe(63);
});

it("looks on again as soon as a try finds something", () => {
  const polling = new Polling();
  for (let n = 0; n < 16; n++) polling.learn(SPIN, WAIT_SLEPT);
  pause(polling);
  polling.learn(SPIN, WAIT_SPUN);
  expect(pause(polling)).toBe(0);
});

it("takes nothing for a sign but a look: not frames that were there at once, nor a sleep without one", () => {
  const polling = new Polling();
  for (let n = 0; n < 100; n++) {
    polling.learn(SPIN, WAIT_NONE);
    polling.learn(0, WAIT_SLEPT);
  }
  expect(polling.budget(1, SPIN)).toBe(SPIN);
});
