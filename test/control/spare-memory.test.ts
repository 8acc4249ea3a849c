import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { giveBackSpareMemory } from "../../src/control/spare-memory.js";
import { native } from "../../src/sys/native.js";

describe("giveBackSpareMemory", () => {
  let packets = 0;
  let resident = 40_000;
  let times = 0;
  const system = {
    residentOfFiles: () => resident,
    forgetCode: () => {
      times++;
      const before = resident;
      resident = 5_000;
      return before - resident;
    },
  };

  beforeEach(() => {
    vi.useFakeTimers();
    packets = 0;
    resident = 40_000;
    times = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it("gives back what the start has used, once", () => {
    const end = giveBackSpareMemory(() => packets, system);
    expect(times).toBe(0);
    vi.advanceTimersByTime(1_000);
    expect(times).toBe(1);
    resident = 12_000; // comes back at once, since it is in use
    vi.advanceTimersByTime(60_000);
    expect(times).toBe(1);
    end();
  });

  it("gives back what work has used when the work is over, not before", () => {
    const end = giveBackSpareMemory(() => packets, system);
    vi.advanceTimersByTime(1_000);
    resident = 12_000;
    vi.advanceTimersByTime(1_000);
    resident = 21_000;
    packets += 100_000;
    vi.advanceTimersByTime(10_000);
    expect(times).toBe(1);
    packets += 100; // hardly anything
    vi.advanceTimersByTime(10_000);
    expect(times).toBe(2);
    end();
  });

  it("does nothing after its end", () => {
    giveBackSpareMemory(() => packets, system)();
    vi.advanceTimersByTime(60_000);
    expect(times).toBe(0);
  });
});

describe("native.forgetCode", () => {
  it("gives back pages of code, and all works on", () => {
    expect(native.forgetCode()).toBeGreaterThan(1_000);
    expect(JSON.parse('{"a":[1,2,3]}')).toEqual({ a: [1, 2, 3] });
    expect(native.forgetCode()).toBeGreaterThan(0);
  });
});
