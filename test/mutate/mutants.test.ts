import { expect, it } from "vitest";
import { mutantsOf } from "./mutants.js";

/** Each mutant as FROM -> TO. */
const of = (source: string): string[] => mutantsOf("x.ts", source).map(({ from, to }) => `${from} -> ${to}`);

it("changes operators, numbers, conditions and truth values, one at a time", () => {
  expect(of("f = (a: number): number => (a & 3) << b;")).toEqual([
    "f = (a: number): number => (a & 3) << b; -> ;",
    "(a & 3) << b -> (a & 3) >>> b",
    "a & 3 -> a | 3",
    "3 -> 4",
  ]);
  expect(of("function f(): boolean { if (!a || b <= c) return true; }")).toEqual([
    "!a || b <= c -> true",
    "!a || b <= c -> false",
    "!a || b <= c -> !a && b <= c",
    "!a -> (a)",
    "b <= c -> b < c",
    "true -> false",
  ]);
});

it("takes a constant with a name for an offset, which one more would not change", () => {
  expect(of("const AT = 6,\n  few = 2;")).toEqual(["6 -> 10", "2 -> 3"]);
});

it("leaves out calls, assignments, `continue` and `break`", () => {
  expect(of("while (x) { f(x); y.z = x; n++; continue; }")).toEqual(["f(x); -> ;", "y.z = x; -> ;", "n++ -> n--", "continue; -> ;"]);
});

it("leaves alone types, imports, texts and names of properties", () => {
  expect(of('import a from "b";\ntype T = 1 | 2;\nconst x: 3 | 4 = y as 5;\nconst o = { 6: "7" + a };')).toEqual([]);
});

it("gives the whole file with the one change, and its line", () => {
  const source = "// «é»\nconst a = b[1]!;\n";
  expect(mutantsOf("x.ts", source)).toEqual([{ file: "x.ts", line: 2, from: "1", to: "2", text: "// «é»\nconst a = b[2]!;\n" }]);
});
