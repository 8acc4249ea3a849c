/** Rounds that differ from a peer's earlier ones, and the order of peers. */
import { describe, expect, it } from "vitest";
import { orderOf } from "../../bench/end-to-end.js";
import { isUsual, measureUsual, UNUSUAL, usualOf } from "../../bench/usual.js";

/** Measures `rates` one after the other. */
function measuring(...rates: number[]) {
  let runs = 0;
  return async () => ({ result: { values: { rate: rates[runs++]! } } });
}

describe("what is usual", () => {
  it("is the median of a peer's earlier rounds, from two rounds on", () => {
    const earlier = [{ rate: 29, p50: 60 }, { rate: 22 }, { rate: 30 }];
    expect(usualOf(["rate", "p50", "none"], earlier)).toEqual({ rate: 29 });
  });

  it("reaches as far up as down; what was not measured is not unusual", () => {
    const usual = { rate: 100 };
    expect([100 * UNUSUAL, 100 / UNUSUAL, Number.NaN].map((rate) => isUsual({ rate }, usual))).toEqual([true, true, true]);
    expect([151, 66].map((rate) => isUsual({ rate }, usual))).toEqual([false, false]);
    expect(isUsual({}, usual)).toBe(true);
  });
});

describe("a measurement", () => {
  const usual = { rate: 29 };

  it("is made once when it is as usual, or when there is nothing to compare it with", async () => {
    expect((await measureUsual(measuring(25), usual, "rate")).tries).toEqual([25]);
    expect((await measureUsual(measuring(9.7), {}, "rate")).tries).toEqual([9.7]);
  });

  it("is made again when it is far too low or too high, and the first that is as usual counts", async () => {
    for (const odd of [9.7, 60]) {
      const { run, tries } = await measureUsual(measuring(odd, 28), usual, "rate");
      expect(run.result.values.rate).toBe(28);
      expect(tries).toEqual([odd, 28]);
    }
  });

  it("is the one in the middle of three when the peer is never as it was", async () => {
    const { run, tries } = await measureUsual(measuring(12, 60, 14), usual, "rate");
    expect(run.result.values.rate).toBe(14);
    expect(tries).toEqual([12, 60, 14]);
  });

  it("keeps what it has when it fails after that, and fails when it has nothing", async () => {
    const failing = (...values: number[]) => {
      let left = values.length;
      const next = measuring(...values);
      return async () => {
        if (left-- === 0) throw new Error("refused");
        return next();
      };
    };
    expect((await measureUsual(failing(12), usual, "rate")).tries).toEqual([12]);
    expect((await measureUsual(failing(60, 12), usual, "rate")).run.result.values.rate).toBe(12);
    await expect(measureUsual(failing(), usual, "rate")).rejects.toThrow("refused");
  });
});

describe("the order of a round", () => {
  it("has everyone once, and begins with another one in each", () => {
    const peers = ["a", "b", "c", "d", "e", "f"];
    const rounds = [0, 1, 2, 3, 4, 5].map((round) => orderOf(peers, round));
    for (const order of rounds) expect([...order].sort()).toEqual(peers);
    expect(rounds.map(([first]) => first)).toEqual(peers);
    expect([orderOf(["a"], 3), orderOf([], 0)]).toEqual([["a"], []]);
  });

  it("has each peer follow another one in each of five rounds of sixteen", () => {
    const peers = Array.from({ length: 16 }, (_, i) => i);
    for (const peer of peers) {
      const before = [0, 1, 2, 3, 4]
        .map((round) => orderOf(peers, round))
        .flatMap((order) => order.slice(order.indexOf(peer) - 1, order.indexOf(peer)));
      expect(new Set(before).size, `before ${peer}`).toBe(before.length);
    }
  });
});
