/** Whose processor time is the benchmark's own, and whose is not. */
import { expect, it } from "vitest";
import { othersTicks, type Task, Undisturbed } from "../../bench/others.js";

const [HOME, LAB] = ["net:[1]", "net:[2]"];

function table(...rows: [pid: number, parent: number, ticks: number, netns?: string][]): Map<number, Task> {
  return new Map(rows.map(([pid, parent, ticks, netns]) => [pid, { parent, ticks, netns }]));
}

const OWN: Parameters<typeof table> = [
  [100, 1, 1000, HOME], // the benchmark
  [101, 100, 1000, LAB], // a server of its
  [102, 101, 1000, HOME],
];

it("counts neither the benchmark and what descends from it, nor kernel threads", () => {
  expect(othersTicks(table([1, 0, 3, HOME], [2, 0, 1000], [3, 2, 1000], ...OWN), 100)).toBe(3);
});

it("counts who is in the benchmark's own namespace or in one that is not the benchmark's", () => {
  expect(othersTicks(table(...OWN, [200, 1, 5, HOME], [201, 200, 7, "net:[3]"], [202, 1, 11]), 100)).toBe(23);
});

it("takes for the benchmark's own who has left its parents and is in a namespace of one of its processes", () => {
  expect(othersTicks(table(...OWN, [300, 1, 1000, LAB]), 100)).toBe(0);
});

it("measures once where there is no time to wait for others", async () => {
  let runs = 0;
  const { result } = await new Undisturbed(0).run(async () => ++runs);
  expect([result, runs]).toEqual([1, 1]);
});
