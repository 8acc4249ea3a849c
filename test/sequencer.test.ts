import fs from "node:fs";
import { expect, it } from "vitest";
import { LONGEST, longestFirst } from "./sequencer.js";
import { ROOT } from "./support/paths.js";

it("starts with the files that take longest, and leaves the others as they are", () => {
  const others = ["test/integration/b.test.ts", "test/integration/a.test.ts"];
  expect(longestFirst([...others, ...LONGEST.toReversed()], (file) => file)).toEqual([...LONGEST, ...others]);
});

it("names files that there are", () => {
  expect(LONGEST.filter((file) => !fs.existsSync(`${ROOT}/${file}`))).toEqual([]);
});
