import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { lockedFiles } from "../../src/sys/file-locks.js";
import { native } from "../../src/sys/native.js";

/** In memory, as the run folder is: of some file systems on disks the kernel has two numbers. */
function folder(): string {
  const dir = mkdtempSync("/dev/shm/tsproxy-file-locks-");
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

it("tells a file that somebody has locked from others", () => {
  const dir = folder();
  const [path, other, gone] = ["a", "b", "gone"].map((name) => join(dir, name)) as [string, string, string];
  writeFileSync(other, "");
  const fd = openSync(path, "w");
  const states = (): boolean[] => [path, other, gone].map(lockedFiles());
  expect(states()).toEqual([false, false, false]);
  expect(native.lockFile(fd)).toBe(0);
  expect(states()).toEqual([true, false, false]);
  closeSync(fd);
  expect(states()).toEqual([false, false, false]);
});

it("knows of none where the kernel does not tell", () => {
  const file = join(folder(), "a");
  writeFileSync(file, "");
  expect(lockedFiles(join(file, "no-folder"))(file)).toBe(false);
});
