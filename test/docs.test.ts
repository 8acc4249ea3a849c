/** The pages: links lead somewhere, lines can be read in a terminal, and figures in the README are those that were measured. */
import fs from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT } from "./support/paths.js";

const WIDTH = 100;

/** Markdown files below a folder of the project. */
function below(dir: string): string[] {
  const all = fs.readdirSync(path.join(ROOT, dir), { recursive: true, encoding: "utf8" });
  return all.filter((name) => name.endsWith(".md")).map((name) => path.join(dir, name));
}

const top = fs.readdirSync(ROOT).filter((name) => name.endsWith(".md"));
const pages = [...top, ...below("docs"), ...below("bench/results")].filter((name) => !name.startsWith("bench/results/tmp/")).sort();

function read(page: string): string {
  return fs.readFileSync(path.join(ROOT, page), "utf8");
}

/** The page without fenced code, whose lines stay empty. */
function prose(page: string): string[] {
  let fenced = false;
  return read(page)
    .split("\n")
    .map((line) => {
      const fence = /^ *```/.test(line);
      if (fence) fenced = !fenced;
      return fence || fenced ? "" : line;
    });
}

/** Anchors of headings, as GitHub makes them. */
function anchors(page: string): Set<string> {
  const headings = prose(page).filter((line) => /^#+ /.test(line));
  return new Set(
    headings.map((line) =>
      line
        .replace(/^#+ /, "")
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

/** Empties the lines of tables that the benchmark makes (bench/figures.ts). `all`: it makes the whole page. */
function withoutFigures(lines: readonly string[], all: boolean): string[] {
  let inside = false;
  return lines.map((line) => {
    if (/^<!-- \/?figures/.test(line)) inside = !line.startsWith("<!-- /");
    return (all || inside) && line.startsWith("|") ? "" : line;
  });
}

describe.each(pages)("%s", (page) => {
  it("links only to files and headings that exist", () => {
    const links = [
      ...prose(page)
        .join("\n")
        .matchAll(/\]\(([^)\s]+)\)/g),
    ].map(([, link]) => link!);
    const broken = links.filter((link) => {
      if (/^[a-z]+:/.test(link)) return false;
      const [file = "", anchor] = link.split("#");
      const target = file === "" ? page : path.join(path.dirname(page), file);
      if (!fs.existsSync(path.join(ROOT, target))) return true;
      return anchor !== undefined && !anchors(target).has(anchor);
    });
    expect(broken).toEqual([]);
  });

  it(`has no line of prose and no table wider than ${WIDTH} columns, but for tables made of results`, () => {
    const wide = withoutFigures(prose(page), page.startsWith("bench/results/")).flatMap((line, i) =>
      [...line].length > WIDTH && line.includes(" ") ? [`${page}:${i + 1}`] : [],
    );
    expect(wide).toEqual([]);
  });
});
