/** What `npm test` says at last. */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { ROOT } from "./support/paths.js";

type Status = "passed" | "failed" | "skipped";

function reportOf(files: Record<string, Record<string, Status> | null>): object {
  const testResults = Object.entries(files).map(([name, tests]) => ({
    name,
    message: "no such module",
    status: tests !== null && !Object.values(tests).includes("failed") ? "passed" : "failed",
    assertionResults: Object.entries(tests ?? {}).map(([fullName, status]) => ({ fullName, status })),
  }));
  return { success: testResults.every(({ status }) => status === "passed"), testResults };
}

/** Of summary.mjs: the report, what else is said to it, and a report of the second try. */
function summary(
  command: string,
  files: Parameters<typeof reportOf>[0] | undefined,
  lint?: string,
  second?: Parameters<typeof reportOf>[0],
  code = "0",
) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-summary-"));
  onTestFinished(() => fs.rmSync(dir, { recursive: true }));
  const write = (name: string, value: object | undefined): string => {
    const file = path.join(dir, name);
    fs.writeFileSync(file, value === undefined ? "" : JSON.stringify(value));
    return file;
  };
  const args = [
    command,
    write("first", files && reportOf(files)),
    lint,
    ...(lint === undefined ? [] : [code]),
    write("second", second && reportOf(second)),
  ];
  const { status, stdout } = spawnSync(process.execPath, [`${ROOT}test/summary.mjs`, ...args.filter((arg) => arg !== undefined)], {
    encoding: "utf8",
  });
  return { status, lines: stdout.trim().split("\n") };
}

it("counts tests, the lint as one, files that do not load, and errors outside of tests", () => {
  expect(summary("sum", { a: { x: "passed", y: "skipped" } }, "0")).toEqual({ status: 0, lines: ["2 passed, 0 failed, 1 skipped"] });
  expect(summary("sum", { a: { x: "passed" } }, "1")).toEqual({ status: 1, lines: ["lint failed", "1 passed, 1 failed, 0 skipped"] });
  expect(summary("sum", { a: { x: "passed", y: "failed" }, b: null }, "0")).toEqual({
    status: 1,
    lines: ["failed outside of its tests b: no such module", "2 passed, 2 failed, 0 skipped"],
  });
  expect(summary("sum", undefined, "0")).toMatchObject({ status: 1 });
  // vitest's report has no word of a rejected promise; its exit code has.
  expect(summary("sum", { a: { x: "passed" } }, "0", undefined, "1")).toEqual({ status: 1, lines: ["2 passed, 1 failed, 0 skipped"] });
});

it("names a test that passes only the second time, and fails what fails twice or is not run again", () => {
  const first = { a: { x: "failed", y: "passed" }, b: { z: "failed" } } as const;
  expect(summary("sum", first, "0", { a: { x: "passed", y: "passed" }, b: { z: "passed" } })).toEqual({
    status: 0,
    lines: ["passed only when run again: a > x", "passed only when run again: b > z", "4 passed, 0 failed, 0 skipped"],
  });
  expect(summary("sum", first, "0", { a: { x: "failed", y: "passed" } })).toEqual({ status: 1, lines: ["2 passed, 2 failed, 0 skipped"] });
});

it("has a few files with failures run again, but not many, and none that does not load", () => {
  expect(summary("again", { a: { x: "failed" }, b: { y: "passed" }, c: { z: "failed" } }).lines).toEqual(["a", "c"]);
  const many = Object.fromEntries(["a", "b", "c", "d"].map((name) => [name, { x: "failed" as Status }]));
  expect(summary("again", many).lines).toEqual([""]);
  expect(summary("again", { a: { x: "failed" }, b: null }).lines).toEqual([""]);
  expect(summary("again", undefined).lines).toEqual([""]);
});

it("fails a file whose hooks fail, though a test of another file passes the second time", () => {
  const hook = { name: "a", message: "no namespace", status: "failed", assertionResults: [{ fullName: "x", status: "skipped" }] };
  const once = (status: Status) => ({ name: "b", message: "", status, assertionResults: [{ fullName: "y", status }] });
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-summary-"));
  onTestFinished(() => fs.rmSync(dir, { recursive: true }));
  const [first, second] = [path.join(dir, "first"), path.join(dir, "second")];
  fs.writeFileSync(first, JSON.stringify({ success: false, testResults: [hook, once("failed")] }));
  fs.writeFileSync(second, JSON.stringify({ success: true, testResults: [once("passed")] }));
  const { status, stdout } = spawnSync(process.execPath, [`${ROOT}test/summary.mjs`, "sum", first, "0", "1", second], { encoding: "utf8" });
  expect(status).toBe(1);
  expect(stdout).toContain("failed outside of its tests a: no namespace");
  expect(stdout).toContain("2 passed, 1 failed, 1 skipped");
});
