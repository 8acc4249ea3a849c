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

/** Bytes that are mapped below 2 GiB. */
function low(): number {
  const ranges = fs.readFileSync("/proc/self/maps", "utf8").matchAll(/^([0-9a-f]+)-([0-9a-f]+) /gm);
  return [...ranges]
    .map(([, start = "", end = ""]) => [Number.parseInt(start, 16), Number.parseInt(end, 16)] as const)
    .filter(([, end]) => end <= 2 ** 31)
    .reduce((sum, [start, end]) => sum + end - start, 0);
}

it.runIf(process.arch === "x64")("allocates zeros where an address fits into an instruction", () => {
  const size = 128 << 20;
  const before = low();
  const bytes = new Uint8Array(native.allocate(size));
  expect(low() - before).toBeGreaterThanOrEqual(size);
  expect(bytes.length).toBe(size);
  expect(bytes[0]! | bytes[size - 1]!).toBe(0);
  bytes.fill(0xff, size - 4096);
  expect(bytes[size - 1]).toBe(0xff);
});
