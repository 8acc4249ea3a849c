import { describe, expect, it } from "vitest";
import { type Clock, DEFAULT_CHECK, Health, HealthChecks } from "../../src/control/health.js";
import type { Answer } from "../../src/control/knock.js";
import { ip } from "../support/ip.js";

describe("a target's health", () => {
  const heard = (rise: number, fall: number, answers: string): string => {
    const health = new Health({ rise, fall });
    return [...answers].map((answer) => (health.note(answer === "+") ? (health.up ? "U" : "D") : ".")).join("");
  };

  it.each([
    ["is decided by the first check", 2, 3, "-", "D"],
    ["is good from the start, until a check says otherwise", 2, 3, "+++", "..."],
    ["ends after so many failures in a row", 2, 3, "+--+---", "......D"],
    ["comes back after so many answers in a row", 3, 1, "-++-+++", "D.....U"],
    ["changes with each answer where one will do", 1, 1, "+-+-", ".DUD"],
  ])("%s", (_, rise, fall, answers, said) => {
    expect(heard(rise, fall, answers)).toBe(said);
  });
});

class TestClock implements Clock {
  private time = 0;
  private timers: { at: number; run: () => void }[] = [];
  wakes = 0;

  now = (): number => this.time;

  after(ms: number, run: () => void): () => void {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  async pass(ms: number): Promise<void> {
    for (const end = this.time + ms; ; ) {
      await new Promise(setImmediate);
      const next = this.timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      this.time = next?.at ?? end;
      if (next === undefined) return;
      this.timers = this.timers.filter((other) => other !== next);
      this.wakes++;
      next.run();
    }
  }

  get pending(): number {
    return this.timers.length;
  }
}

describe("health checks", () => {
  const CHECK = { ...DEFAULT_CHECK, intervalMs: 1000, timeoutMs: 500, rise: 1, fall: 2 };

  function checks(answerOf: (name: string) => Answer | Promise<Answer>) {
    const clock = new TestClock();
    const asked: string[] = [];
    const all = new HealthChecks(async (address, port) => {
      asked.push(`${clock.now()} ${address}:${port}`);
      return answerOf(`${address}:${port}`);
    }, clock);
    return { clock, asked, all };
  }

  it("ask at once, and then once an interval; one round for all, and each server once whoever wants to know", async () => {
    const { clock, asked, all } = checks(() => "answers");
    await clock.pass(300);
    const watches = [
      all.watch(ip("10.0.0.2"), 80, CHECK, () => {}),
      all.watch(ip("10.0.0.2"), 80, CHECK, () => {}),
      all.watch(ip("fd00::3"), 80, CHECK, () => {}),
    ];
    await clock.pass(2000);
    expect(asked).toEqual([300, 1000, 2000].flatMap((at) => [`${at} 10.0.0.2:80`, `${at} fd00::3:80`]));
    expect(clock.wakes).toBe(2);
    for (const watch of watches) watch.stop();
    await clock.pass(5000);
    expect([asked.length, clock.pending]).toEqual([6, 0]);
  });

  it("tell when a target goes down and comes back, and why", async () => {
    let answer: Answer = "answers";
    const { clock, all } = checks(() => answer);
    const heard: unknown[] = [];
    const watch = all.watch(ip("10.0.0.2"), 80, CHECK, (up, why) => heard.push([clock.now(), up, why]));
    await clock.pass(500);
    answer = "refused";
    await clock.pass(2000);
    expect([heard, watch.up]).toEqual([[[2000, false, "refused"]], false]);
    answer = "answers";
    await clock.pass(1000);
    expect([heard.slice(1), watch.up]).toEqual([[[3000, true, "answers"]], true]);
  });

  it("make nothing of what could not be asked, and ask nobody who has not answered yet", async () => {
    let settle: (answer: Answer) => void = () => {};
    const { clock, asked, all } = checks(
      () =>
        new Promise((resolve) => {
          settle = resolve;
        }),
    );
    const watch = all.watch(ip("10.0.0.2"), 80, { ...CHECK, fall: 1 }, () => {});
    await clock.pass(3000);
    expect(asked).toEqual(["0 10.0.0.2:80"]);
    settle("unknown");
    await clock.pass(1000);
    expect([asked.length, watch.up]).toEqual([2, true]);
    all.close();
    expect(clock.pending).toBe(0);
  });
});
