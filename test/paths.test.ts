import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { findRoot } from "./support/paths.js";

it("the project's folder is looked for upwards, and not for ever", () => {
  const dir = mkdtempSync(path.join(os.tmpdir(), "tsproxy-root-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  expect(() => findRoot(dir)).toThrow(`no folder above ${dir} has a package.json`);
  writeFileSync(path.join(dir, "package.json"), "{}");
  expect([findRoot(dir), findRoot(path.join(dir, "a/b"))]).toEqual([`${dir}/`, `${dir}/`]);
});
