import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CodeCache } from "../../src/sys/code-cache.js";
import { ROOT } from "../support/paths.js";

let dir = "";
let main = "";
let file = "";

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-code-"));
  [main, file] = [path.join(dir, "main.cjs"), path.join(dir, "run/main.code")];
  fs.mkdirSync(path.dirname(file), { mode: 0o755 });
  fs.writeFileSync(
    main,
    `const other = require("./other.cjs"); exports.sum = () => other.one() + 1; exports.base = require("node:path").basename(__filename);`,
  );
  fs.writeFileSync(path.join(dir, "other.cjs"), "exports.one = () => 1;");
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** One start: what `sum` answers, and whether code was kept anew. */
function start(): { sum: number; base: string; kept: boolean } {
  const before = inode();
  const cache = new CodeCache(file);
  const { sum, base } = cache.load(main) as { sum: () => number; base: string };
  const answer = sum();
  cache.keep();
  return { sum: answer, base, kept: inode() !== before };
}

function inode(): number | undefined {
  return fs.statSync(file, { throwIfNoEntry: false })?.ino;
}

test("the first start keeps code, for this user alone, and the next one takes it", () => {
  expect(start()).toEqual({ sum: 2, base: "main.cjs", kept: true });
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(fs.readdirSync(path.dirname(file))).toEqual(["main.code"]);
  expect(start()).toEqual({ sum: 2, base: "main.cjs", kept: false });
});

test("a module is loaded once", () => {
  const cache = new CodeCache(file);
  expect(cache.load(main)).toBe(cache.load(main));
});

test("code of a source that was changed is not taken, even where length and time are the same", () => {
  start();
  const other = path.join(dir, "other.cjs");
  const { atime, mtime } = fs.statSync(other);
  fs.writeFileSync(other, "exports.one = () => 7;");
  fs.utimesSync(other, atime, mtime);
  expect(start()).toMatchObject({ sum: 8, kept: true });
  expect(start()).toMatchObject({ sum: 8, kept: false });
});

test("code that is kept under V8 flags that came later is taken by the next start", () => {
  const program = path.join(dir, "code-cache.cjs"); // in a process of its own: flags are the process's
  const options = ["--platform", "node", "--format", "cjs"];
  execFileSync(path.join(ROOT, "node_modules/.bin/rolldown"), ["src/sys/code-cache.ts", "-o", program, ...options], {
    cwd: ROOT,
    stdio: "ignore",
  });
  const late = path.join(dir, "late.cjs"); // which is compiled each time
  fs.writeFileSync(late, "exports.two = () => 2;");
  const script = `
    const { CodeCache } = require(${JSON.stringify(program)});
    const cache = new CodeCache(${JSON.stringify(file)});
    cache.load(${JSON.stringify(main)}).sum();
    require("node:v8").setFlagsFromString("--interrupt-budget=200000");
    cache.load(${JSON.stringify(late)});
    cache.keep();
    console.log(require("node:fs").statSync(${JSON.stringify(file)}).ino);`;
  const run = (): string => execFileSync(process.execPath, ["-e", script], { encoding: "utf8" });
  expect(run()).toBe(run());
});

test.each([
  ["a file that others may write", () => fs.chmodSync(file, 0o666)],
  ["a folder that others may write", () => fs.chmodSync(path.dirname(file), 0o777)],
  ["a file that is cut short", () => fs.truncateSync(file, 100)],
  ["an empty file", () => fs.truncateSync(file, 0)],
  ["a file of something else", () => fs.writeFileSync(file, "x".repeat(4096))],
  ["a symbolic link", () => [fs.renameSync(file, `${file}.real`), fs.symlinkSync(`${file}.real`, file)]],
])("%s is not taken", (_, spoil) => {
  start();
  spoil();
  const isShared = (fs.statSync(path.dirname(file)).mode & 0o022) !== 0;
  const read = fs.readFileSync(file);
  const cache = new CodeCache(file);
  expect((cache.load(main) as { sum: () => number }).sum()).toBe(2);
  cache.keep();
  if (isShared)
    expect(fs.readFileSync(file)).toEqual(read); // nor written
  else expect(start()).toMatchObject({ kept: false }); // it was kept anew
});

test("where nothing can be written, all runs the same", () => {
  fs.rmdirSync(path.dirname(file));
  expect(start()).toMatchObject({ sum: 2, kept: false });
});
