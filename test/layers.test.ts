/**
 * The layer rule: one folder under `src/` is one layer, and a file imports only from its own layer and from those that
 * `ALLOWED` names. Top-level files of `src/` (`errors.ts`, `log.ts`) count as layers of their own.
 */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

/** What each layer may import. `type:x` allows `import type` from x alone; `*` allows everything. */
const ALLOWED: Record<string, string> = {
  "error-codes": "",
  errors: "type:error-codes",
  log: "",
  "make-folder": "",
  wire: "",
  mem: "",
  sys: "wire errors log make-folder",
  table: "wire",
  dataplane: "wire mem table",
  device: "wire mem sys errors log",
  steer: "sys wire errors log",
  relay: "wire sys errors log",
  engine: "wire mem sys table dataplane device errors log",
  api: "errors log make-folder",
  control: "wire sys table type:dataplane device steer engine type:api errors log make-folder",
  model: "wire sys type:table steer control api errors log make-folder",
  cluster: "wire control model errors log",
  docker: "wire sys relay control model api errors log",
  sandbox: "wire sys control model cluster docker api errors log make-folder",
  dns: "wire sys model type:cluster sandbox errors log",
  cni: "wire type:table model sandbox api errors log",
  standalone: "wire sys relay control model api errors log",
  daemon: "wire sys control model cluster docker sandbox dns cni api errors log make-folder",
  index: "wire control model standalone type:api errors log",
  cli: "*",
  package: "cli api",
};

/** Layers that touch no operating system: no `node:` module but these, no package. */
const PURE = new Set(["error-codes", "errors", "log", "wire", "mem", "table", "dataplane"]);

const SRC = fileURLToPath(new URL("../src", import.meta.url));

interface Line {
  /** As `src/wire/ipv4.ts:12`. */
  where: string;
  layer: string;
  text: string;
}

const files = fs
  .readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".ts"))
  .sort();

function layerOf(file: string): string {
  return file.includes(path.sep) ? file.slice(0, file.indexOf(path.sep)) : path.basename(file, ".ts");
}

/** Source lines of all files, comments blanked out so that a word in a docstring offends nobody. */
function lines(): Line[] {
  return files.flatMap((file) => {
    const source = fs.readFileSync(path.join(SRC, file), "utf8");
    const bare = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, (comment) => comment.replace(/[^\n]/g, " "));
    return bare.split("\n").map((text, i) => ({ where: `src/${file}:${i + 1}`, layer: layerOf(file), text }));
  });
}

/** Statements `import … from "x"`, `export … from "x"`, `import "x"` and `import("x")`, reported at the line of the specifier. */
function imports(): (Line & { from: string; typeOnly: boolean })[] {
  const found: (Line & { from: string; typeOnly: boolean })[] = [];
  let opened = "";
  for (const line of lines()) {
    if (/^\s*(import|export)\b/.test(line.text)) opened = line.text;
    const match = /(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"]+)"/.exec(line.text);
    if (match?.[1] !== undefined) found.push({ ...line, from: match[1], typeOnly: /^\s*(import|export)\s+type\b/.test(opened) });
  }
  return found;
}

/** File of src/ that a relative specifier in `where` leads to. */
function fileOf(where: string, from: string): string {
  return path.relative(SRC, path.resolve(SRC, path.dirname(where.slice("src/".length)), from)).replace(/\.js$/, ".ts");
}

/** Layer that a relative specifier leads to; the specifier itself when it is a package or a `node:` module. */
function target(where: string, from: string): string {
  if (!from.startsWith(".")) return from;
  return layerOf(fileOf(where, from));
}

/** Sets of files, more than one each, in which each imports all others, directly or by way of files in the set (Tarjan 1972). */
function circles(edges: Map<string, string[]>): string[][] {
  const found: string[][] = [];
  const index = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const visit = (file: string): void => {
    index.set(file, index.size);
    low.set(file, index.get(file)!);
    stack.push(file);
    for (const to of edges.get(file) ?? []) {
      if (!index.has(to)) visit(to);
      if (stack.includes(to)) low.set(file, Math.min(low.get(file)!, low.get(to)!));
    }
    if (low.get(file) !== index.get(file)) return;
    const members = stack.splice(stack.indexOf(file));
    if (members.length > 1) found.push(members.sort());
  };
  for (const file of edges.keys()) if (!index.has(file)) visit(file);
  return found;
}

describe("layers", () => {
  it("has a row in the table for every folder and top-level file of src/", () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => !(layer in ALLOWED))).toEqual([]);
  });

  it("imports only from the layers above", () => {
    const offending = imports().filter(({ where, layer, from, typeOnly }) => {
      const to = target(where, from);
      const allowed = (ALLOWED[layer] ?? "").split(" ");
      if (!from.startsWith(".") || to === layer || allowed.includes("*")) return false;
      return !allowed.includes(to) && !(typeOnly && allowed.includes(`type:${to}`));
    });
    expect(offending.map((line) => `${line.where}: ${line.layer} imports ${line.from}`)).toEqual([]);
  });

  it("has no import circle between files, counting imports of types", () => {
    const edges = new Map<string, string[]>(files.map((file) => [file, []]));
    for (const { where, from } of imports()) if (from.startsWith(".")) edges.get(where.slice(4).split(":")[0]!)!.push(fileOf(where, from));
    expect([...edges.values()].flat().length).toBeGreaterThan(300);
    expect(circles(edges)).toEqual([]);
  });

  it("keeps packages and node: modules out of the pure layers", () => {
    const offending = imports().filter(({ layer, from }) => PURE.has(layer) && !from.startsWith("."));
    expect(offending.map((line) => `${line.where}: ${line.layer} imports ${line.from}`)).toEqual([]);
  });

  it("loads the native addon in sys/ alone", () => {
    const offending = lines().filter(({ layer, text }) => layer !== "sys" && /\.node["'`]/.test(text));
    expect(offending.map((line) => `${line.where}: ${line.text.trim()}`)).toEqual([]);
  });

  it("has no word of a front end's protocol in the model, not in comments either: any front end may stand on it", () => {
    const offending = files
      .filter((file) => layerOf(file) === "model")
      .filter((file) => /docker|http|\bcni\b/i.test(fs.readFileSync(path.join(SRC, file), "utf8")));
    expect(offending).toEqual([]);
  });

  it("exits and writes to standard output in cli/ alone", () => {
    const offending = lines().filter(
      ({ layer, text }) => layer !== "cli" && /process\.(exit|stdout)\b|console\.(log|info|table)\b/.test(text),
    );
    expect(offending.map((line) => `${line.where}: ${line.text.trim()}`)).toEqual([]);
  });
});
