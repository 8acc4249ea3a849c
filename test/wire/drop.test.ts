import { expect, it } from "vitest";
import * as drop from "../../src/wire/drop.js";

const codes = Object.entries(drop).filter(([name, value]) => /^DROP_(?!REASONS)/.test(name) && typeof value === "number") as [
  string,
  number,
][];

it("gives each reason a number, a name and a constant of that name", () => {
  expect(codes.map(([, code]) => code).sort((a, b) => a - b)).toEqual(Array.from({ length: drop.DROP_REASONS }, (_, i) => i));
  for (const [constant, code] of codes) expect(drop.dropName(code).toUpperCase().replaceAll("-", "_")).toBe(constant.slice("DROP_".length));
});

it("has no reason as 0, and names an unknown number so", () => {
  expect(drop.DROP_NONE).toBe(0);
  expect(drop.dropName(drop.DROP_REASONS)).toBe("none");
});
