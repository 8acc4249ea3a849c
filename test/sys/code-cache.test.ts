import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CodeCache } from "../../src/sys/code-cache.js";
import { native } from "../../src/sys/native.js";
import { addonFile } from "../../src/sys/native-files.js";
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
  const cache = new CodeCache(file, native.sum);
  const { sum, base } = cache.load(main) as { sum: () => number; base: string };
  const answer = sum();
  cache.keep(random());
  return { sum: answer, base, kept: inode() !== before };
}

function random(): string {
  return randomBytes(8).toString("hex");
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
  const cache = new CodeCache(file, native.sum);
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

test("of several installations those are kept that were last", () => {
  const folder = path.dirname(file);
  const older = [1, 2, 3, 4, 5].map((n) => `main-job-0000000${n}.code`);
  for (const [i, name] of older.entries()) {
    fs.writeFileSync(path.join(folder, name), "");
    fs.utimesSync(path.join(folder, name), i, i);
  }
  file = path.join(folder, "main-job-0000000a.code");
  expect(start()).toMatchObject({ kept: true });
  expect(fs.readdirSync(folder).sort()).toEqual([...older.slice(2), path.basename(file)]);
});

test("a file that another process is writing is left to it, and does not get in the way", () => {
  const other = `${file}.${random()}`;
  fs.writeFileSync(other, "half");
  expect(start()).toMatchObject({ sum: 2, kept: true });
  expect(fs.readFileSync(other, "utf8")).toBe("half");
  const cache = new CodeCache(`${file}2`, native.sum);
  cache.load(main);
  fs.writeFileSync(`${file}2.beef`, "half");
  cache.keep("beef"); // a number is not to be there twice; if it is, then nothing is kept
  expect([fs.readFileSync(`${file}2.beef`, "utf8"), fs.existsSync(`${file}2`)]).toEqual(["half", false]);
});

/** The script, in a process of its own that has `CodeCache`, by that Node.js. */
function run(script: string, node = process.execPath): string {
  const program = path.join(dir, "code-cache.cjs");
  const options = ["--platform", "node", "--format", "cjs"];
  if (!fs.existsSync(program))
    execFileSync(path.join(ROOT, "node_modules/.bin/rolldown"), ["src/sys/code-cache.ts", "-o", program, ...options], {
      cwd: ROOT,
      stdio: "ignore",
    });
  const prelude = `
    const fs = require("node:fs");
    const { CodeCache } = require(${JSON.stringify(program)});
    const { sum } = require(${JSON.stringify(addonFile())});
    const cache = new CodeCache(${JSON.stringify(file)}, sum);
    const main = () => cache.load(${JSON.stringify(main)}).sum();`;
  return execFileSync(node, ["-e", `${prelude}\n${script}`], { encoding: "utf8" });
}

test("code that is kept under V8 flags that came later is taken by the next start", () => {
  const late = path.join(dir, "late.cjs"); // which is compiled each time
  fs.writeFileSync(late, "exports.two = () => 2;");
  const script = `
    main();
    require("node:v8").setFlagsFromString("--interrupt-budget=200000");
    cache.load(${JSON.stringify(late)});
    cache.keep("0123");
    console.log(fs.statSync(${JSON.stringify(file)}).ino);`;
  expect(run(script)).toBe(run(script));
});

test("code is that of the Node.js that runs, also where that is no more by the time that code is kept", () => {
  const node = path.join(dir, "node");
  fs.copyFileSync(process.execPath, node);
  expect(run(`fs.rmSync(${JSON.stringify(node)}); console.log(main()); cache.keep("0123");`, node)).toBe("2\n");
  expect(fs.existsSync(file)).toBe(true);
  const before = inode();
  fs.copyFileSync(process.execPath, node);
  expect(run(`console.log(main()); cache.keep("0123");`, node)).toBe("2\n");
  expect(inode()).not.toBe(before); // another file, so nothing of it was taken
});

test.each([
  ["a file that others may write", () => fs.chmodSync(file, 0o666)],
  ["a folder that others may write", () => fs.chmodSync(path.dirname(file), 0o777)],
  ["a file that is cut short", () => fs.truncateSync(file, 100)],
  ["a file of which the end is missing", () => fs.truncateSync(file, fs.statSync(file).size - 8)],
  ["an empty file", () => fs.truncateSync(file, 0)],
  ["a file of something else", () => fs.writeFileSync(file, "x".repeat(4096))],
  ["a file of zeros", () => fs.writeFileSync(file, Buffer.alloc(4096))],
  ["a huge file", () => fs.truncateSync(file, 2 ** 40)],
  ["a symbolic link", () => [fs.renameSync(file, `${file}.real`), fs.symlinkSync(`${file}.real`, file)]],
  ["a pipe", () => [fs.rmSync(file), execFileSync("mkfifo", [file])]],
])("%s is not taken", (_, spoil) => {
  start();
  spoil();
  const isShared = (fs.statSync(path.dirname(file)).mode & 0o022) !== 0;
  const before = inode();
  const cache = new CodeCache(file, native.sum);
  expect((cache.load(main) as { sum: () => number }).sum()).toBe(2);
  cache.keep(random());
  if (isShared)
    expect(inode()).toBe(before); // nor written
  else expect(start()).toMatchObject({ kept: false }); // it was kept anew
});

test.skipIf(process.geteuid?.() !== 0)("a file of another user is not taken", () => {
  start();
  fs.chownSync(file, 65534, 65534);
  expect(start()).toMatchObject({ sum: 2, kept: true });
});

test("a file in which one byte is another one is not taken, wherever it is", () => {
  start();
  const whole = fs.readFileSync(file);
  for (let at = 0; at < whole.length; at += 97) {
    const broken = Buffer.from(whole);
    broken[at]! ^= 0x55;
    fs.writeFileSync(file, broken);
    expect(start(), `byte ${at}`).toMatchObject({ sum: 2, kept: true });
  }
});

test("where nothing can be written, all runs the same", () => {
  fs.rmdirSync(path.dirname(file));
  expect(start()).toMatchObject({ sum: 2, kept: false });
});

test("where a folder has the file's name, all runs the same, and nothing is left", () => {
  fs.mkdirSync(file);
  expect(start()).toMatchObject({ sum: 2, kept: false });
  expect(fs.readdirSync(path.dirname(file))).toEqual(["main.code"]);
});
