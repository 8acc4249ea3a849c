/** However often something happens, the log stays readable, and the disk has room. */
import { afterEach, expect, it } from "vitest";
import { log, setLogSink } from "../src/log.js";

afterEach(() => setLogSink(() => {}));

function collect(): { said: string[]; pass(ms: number): void } {
  const said: string[] = [];
  let now = 1000;
  setLogSink(
    (level, message) => said.push(`${level} ${message}`),
    () => now,
  );
  return {
    said,
    pass: (ms) => {
      now += ms;
    },
  };
}

it("says warnings and informations as they come", () => {
  const { said } = collect();
  log.warn("one");
  log.info("two");
  expect(said).toEqual(["warn one", "info two"]);
});

it("says five warnings a second of a flood, and how many were left out", () => {
  const { said, pass } = collect();
  for (let second = 0; second < 60; second++) {
    for (let n = 0; n < 1000; n++) log.warn("refused");
    pass(1000);
  }
  log.warn("the last");
  expect(said.filter((line) => line === "warn refused")).toHaveLength(50 + 59 * 5);
  expect(said.filter((line) => line.includes("left out")).map((line) => line.split(" ")[1])).toEqual([
    "950",
    ...Array.from({ length: 58 }, () => "995"),
    "995",
  ]);
  expect(said.at(-1)).toBe("warn the last");
});

it("has room for as many as in the beginning after a while of silence, and no more", () => {
  const { said, pass } = collect();
  for (let n = 0; n < 60; n++) log.warn("a");
  pass(3_600_000);
  said.length = 0;
  for (let n = 0; n < 60; n++) log.warn("b");
  expect(said).toEqual(["warn 10 warnings were left out: too many at once", ...Array.from({ length: 50 }, () => "warn b")]);
});
