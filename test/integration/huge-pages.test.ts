import fs from "node:fs";
import { expect, it } from "vitest";
import { native } from "../../src/sys/native.js";

const SETTING = "/sys/kernel/mm/transparent_hugepage/enabled";
const EINVAL = 22;
const offered = fs.existsSync(SETTING);

/** Flags of the memory mappings of this process that were advised to have huge pages. */
function advised(): number {
  return fs.readFileSync("/proc/self/smaps", "utf8").match(/^VmFlags:.* hg\b/gm)?.length ?? 0;
}

it(`${offered ? "asks for huge pages behind a typed array" : "says that this kernel has no huge pages to give"}`, () => {
  const before = advised();
  const table = new Int32Array(4 << 20);
  expect(native.adviseHugePages(table)).toBe(offered ? 0 : -EINVAL);
  table.fill(1);
  expect(advised()).toBe(offered ? before + 1 : before);
  expect(table.every((n) => n === 1)).toBe(true);
});
