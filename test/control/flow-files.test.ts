/** Which files of flows an instance takes from the run folder, and which it leaves to others. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { FlowFiles } from "../../src/control/flow-files.js";
import { native } from "../../src/sys/native.js";
import { DEFAULT_TIMEOUTS } from "../../src/table/conntrack.js";
import { FlowFile, type FlowFileOwner, flowFileSize } from "../../src/table/flow-file.js";

const CAPACITY = 16;
let dir: string;
let owner: FlowFileOwner;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tsproxy-flow-files-"));
  const own = new FlowFiles(dir, "standalone", 0, CAPACITY);
  ({ owner } = own);
  own.close();
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(dir, { recursive: true });
});

function put(name: string, of: Partial<FlowFileOwner>): string {
  const buffer = new ArrayBuffer(flowFileSize(CAPACITY));
  new FlowFile(buffer, CAPACITY).begin({ ...owner, ...of }, 0, 1, DEFAULT_TIMEOUTS);
  writeFileSync(join(dir, name), new Uint8Array(buffer));
  return join(dir, name);
}

it("goes on with one of its kind and host, and removes it then", () => {
  const path = put("7-0.flows", {});
  const files = new FlowFiles(dir, "standalone", 1, CAPACITY);
  expect(files.former).toMatchObject([{ capacity: CAPACITY }]);
  expect(new FlowFiles(dir, "standalone", 0, CAPACITY).former).toEqual([]); // locked
  files.endFormer(true);
  expect(existsSync(path)).toBe(false);
  files.close();
});

it("removes one that is none, and not while somebody makes it", () => {
  writeFileSync(join(dir, "7-0.flows"), "");
  vi.spyOn(native, "lockFile").mockReturnValueOnce(-11);
  const read = (): number => new FlowFiles(dir, "standalone", 0, CAPACITY).former.length;
  expect([read(), existsSync(join(dir, "7-0.flows"))]).toEqual([0, true]);
  expect([read(), existsSync(join(dir, "7-0.flows"))]).toEqual([0, false]);
});

it("never locks another one's, not for a moment: whoever it belongs to may start just now", () => {
  const others = [put("7-0.flows", { netns: 1 }), put("8-0.flows", { role: 1 })];
  const lock = vi.spyOn(native, "lockFile");
  expect(new FlowFiles(dir, "standalone", 0, CAPACITY).former).toEqual([]);
  expect(lock).not.toHaveBeenCalled();
  expect(others.map((path) => existsSync(path))).toEqual([true, true]);
});
