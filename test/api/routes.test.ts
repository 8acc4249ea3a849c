/** What holds for each route of the API. */
import * as v from "valibot";
import { describe, expect, it } from "vitest";
import { ROUTES, type Route } from "../../src/api/routes.js";
import { SandboxConnect } from "../../src/api/sandbox-types.js";

const parts = Object.entries(ROUTES as Record<string, Route>).flatMap(([name, { query, body }]) => [
  ...(query === undefined ? [] : [{ name, part: "query", schema: query }]),
  ...(body === undefined ? [] : [{ name, part: "body", schema: body }]),
]);

describe("what a request carries", () => {
  it.each(parts)("$name refuses a word that its $part does not have, for a filter that is misspelt filters nothing", ({ schema }) => {
    const { issues = [] } = v.safeParse(schema, { mispelt: "1" });
    expect(issues.map((issue) => v.getDotPath(issue))).toContain("mispelt");
  });

  it("is as strict within: a limit that is misspelt limits nothing", () => {
    const body = { network: "shop", bandwidth: { ingres: { rate: 1, burst: 1 }, egress: { rate: 1, burst: 1, peak: 1 } } };
    const { issues = [] } = v.safeParse(SandboxConnect, body);
    expect(issues.map((issue) => v.getDotPath(issue)).sort()).toEqual(["bandwidth.egress.peak", "bandwidth.ingres"]);
  });
});
