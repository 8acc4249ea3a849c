/** One test a requirement. `npm run scorecard` runs them and prints the table. */
import { describe, expect, it } from "vitest";
import { RFCS, testName } from "./all.js";

declare module "vitest" {
  interface TaskMeta {
    /** For `reporter.mjs`: a row of its table. */
    row?: { rfc: string; number: string; says: string; verdict: string; shows: string; because: string };
  }
}

describe.each(RFCS)("$rfc", ({ rfc, requirements }) => {
  for (const requirement of requirements) {
    const { number, says, verdict, shows, because = "", test } = requirement;
    it(testName(requirement), ({ task }) => {
      task.meta.row = { rfc, number, says, verdict, shows, because };
      if (test === undefined) expect([verdict, because]).toEqual(["n/a", expect.stringMatching(/\w/)]);
      else test();
    });
  }
});

it("says why, wherever the answer is not yes", () => {
  const silent = RFCS.flatMap(({ requirements }) => requirements).filter(({ verdict, because }) => verdict !== "yes" && !because);
  expect(silent).toEqual([]);
});
