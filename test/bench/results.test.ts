/** What lies in bench/results, and how it is written down. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished, vi } from "vitest";
import { FIGURES, PAGES, withFigures } from "../../bench/figures.js";
import { item, spreadTable, table, wrap } from "../../bench/page.js";
import { RESULTS } from "../../bench/paths.js";
import { render } from "../../bench/render.js";
import { compact } from "../../bench/results.js";
import { ROOT } from "../support/paths.js";

/** Text by name, of all files in a folder. */
function filesIn(dir: string): Record<string, string> {
  const names = fs.readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((name) => fs.statSync(path.join(dir, name)).isFile());
  return Object.fromEntries(
    names.filter((name) => !name.startsWith("tmp")).map((name) => [name, fs.readFileSync(path.join(dir, name), "utf8")]),
  );
}

it("holds nothing but JSON and the pages and charts that are made from it", () => {
  vi.spyOn(console, "log").mockImplementation(() => {});
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-results-"));
  onTestFinished(() => fs.rmSync(dir, { recursive: true }));
  const kept = filesIn(RESULTS);
  for (const [name, text] of Object.entries(kept)) {
    if (!name.endsWith(".json")) continue;
    fs.mkdirSync(path.join(dir, path.dirname(name)), { recursive: true });
    fs.writeFileSync(path.join(dir, name), text);
  }
  render([dir]);
  const made = filesIn(dir);
  expect(Object.keys(made).sort()).toEqual(Object.keys(kept).sort());
  for (const [name, text] of Object.entries(made)) expect(text, name).toBe(kept[name]);
});

it("is what the pages' tables say, and each table stands on a page", () => {
  const named = new Set<string>();
  for (const page of PAGES) {
    const text = fs.readFileSync(path.join(ROOT, page), "utf8");
    expect(withFigures(text, page), page).toBe(text);
    for (const [, name] of text.matchAll(/^<!-- figures: (\S+) -->$/gm)) named.add(name!);
  }
  expect([...named].sort()).toEqual(Object.keys(FIGURES).sort());
});

it("makes a page's table anew, with ways from that page, and names a table that there is not", () => {
  const page = (name: string) => `before\n<!-- figures: ${name} -->\nold | 1\n<!-- /figures -->\nafter\n`;
  const made = withFigures(page("memory"), "docs/x.md");
  expect(made).toMatch(/^before\n<!-- figures: memory -->\n\n[\s\S]*\| +ns a packet \|[\s\S]*\n<!-- \/figures -->\nafter\n$/);
  expect(made).toContain("](../bench/results/memory.md)");
  expect(made).not.toContain("old | 1");
  expect(withFigures(page("memory"), "x.md")).toContain("](bench/results/memory.md)");
  expect(() => withFigures(page("none"), "docs/x.md")).toThrow(/docs\/x\.md: there are no figures 'none': .*published/);
});

it("writes JSON with a line an entry and numbers of five digits", () => {
  const long = "x".repeat(130);
  const value = { a: 1.23456789, b: { c: [1, 2], d: long }, e: [{ f: 123456.7 }, { g: long }] };
  const text = compact(value, 2);
  expect(text.split("\n")).toEqual([
    "{",
    ' "a": 1.2346,',
    ' "b": {',
    '  "c": [1,2],',
    `  "d": "${long}"`,
    " },",
    ' "e": [',
    '  {"f":123460},',
    `  {"g":"${long}"}`,
    " ]",
    "}",
  ]);
  expect(JSON.parse(text)).toEqual({ ...value, a: 1.2346, e: [{ f: 123460 }, { g: long }] });
});

it("aligns tables, leaves out rows without a figure and columns without a ratio", () => {
  const rows = [
    { label: "one", values: [2, 4, 6] },
    { label: "none", values: [] },
  ];
  const bases = [
    { title: "base", of: () => [8] },
    { title: "absent", of: () => [] },
  ];
  expect(spreadTable("who", rows, bases)).toBe(
    table([
      ["who", "median", "lowest", "highest", "÷ base"],
      ["one", "4.00", "2.00", "6.00", "0.500"],
    ]),
  );
  expect(
    table([
      ["µs", "n"],
      ["a", "1,000"],
    ]).split("\n"),
  ).toEqual(["| µs  |     n |", "| --- | ----: |", "| a   | 1,000 |"]);
});

it("wraps prose at 100 columns", () => {
  const text = wrap(Array.from({ length: 60 }, (_, i) => `word${i}`).join(" "));
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(text.replaceAll("\n", " ")).toMatch(/^word0 .* word59$/);
  const listed = item(text.replaceAll("\n", " ")).split("\n");
  expect(Math.max(...listed.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(listed.map((line) => line.slice(0, 2))).toEqual(["- ", ...listed.slice(1).map(() => "  ")]);
});
