import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { keptCodeName, removeKeptCode } from "../../src/sys/kept-code.js";

let dir = "";

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-kept-"));
});
afterEach(() => fs.rmSync(dir, { recursive: true }));

/** A file of that age, in seconds. */
function make(name: string, age: number): string {
  const file = path.join(dir, name);
  fs.writeFileSync(file, "");
  const then = Date.now() / 1000 - age;
  fs.utimesSync(file, then, then);
  return name;
}

it("has a name for each installation, whatever the sign of its number", () => {
  expect([keptCodeName(1), keptCodeName(-1)]).toEqual(["main-job-00000001.code", "main-job-ffffffff.code"]);
});

it("leaves the files that were written last, and what is being written", () => {
  const [, second, third] = [300, 200, 100].map((age, i) => make(keptCodeName(i), age));
  const part = make(`${keptCodeName(3)}.0123456789abcdef`, 1);
  make(`${keptCodeName(3)}.fedcba9876543210`, 60); // of a process that is no more
  expect(removeKeptCode(dir, { most: 2 })).toBe(2);
  expect(fs.readdirSync(dir)).toEqual([second, third, part]);
});

it("leaves none where none is to be left, and nothing else is touched", () => {
  make(keptCodeName(0), 0);
  make(`${keptCodeName(0)}.0123456789abcdef`, 0);
  fs.symlinkSync("nowhere", path.join(dir, keptCodeName(1)));
  const others = [make("1.sock", 60), make("main-job-1.code", 60), make("main-job-00000000.code.bak", 60)];
  fs.mkdirSync(path.join(dir, keptCodeName(2))); // which is no file
  expect(removeKeptCode(dir, { most: 0 })).toBe(3);
  expect(fs.readdirSync(dir).sort()).toEqual([...others, keptCodeName(2)].sort());
  expect(removeKeptCode(path.join(dir, "none"), { most: 0 })).toBe(0);
});
