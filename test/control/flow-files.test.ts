/** Which files of flows an instance takes from the run folder, and which it leaves to others. */
import { execFileSync } from "node:child_process";
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FlowFiles } from "../../src/control/flow-files.js";
import { setLogSink } from "../../src/log.js";
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
  const others = [put("7-0.flows", { netns: 1, cookie: 1 }), put("8-0.flows", { role: 1 })];
  const lock = vi.spyOn(native, "lockFile");
  const files = new FlowFiles(dir, "standalone", 0, CAPACITY);
  expect(files.former).toEqual([]);
  files.sweep(() => new Set([1, owner.netns]));
  files.sweep(() => undefined); // it cannot be told
  expect(lock).not.toHaveBeenCalled();
  expect(others.map((path) => existsSync(path))).toEqual([true, true]);
});

it("removes those of network namespaces that have ended, unless their process lives", () => {
  const ended = put("7-0-00ff.flows", { netns: 1, cookie: 1 });
  const kept = [put("8-0-00ff.flows", { netns: 2, cookie: 2 }), put("9-0-00ff.flows", {})];
  const files = new FlowFiles(dir, "standalone", 0, CAPACITY);
  const lock = vi.spyOn(native, "lockFile").mockReturnValueOnce(-11);
  const sweep = (): boolean => files.sweep(() => new Set([2]));
  expect([sweep(), sweep(), existsSync(ended)]).toEqual([false, true, true]); // somebody has it
  expect([sweep(), sweep()]).toEqual([false, true]);
  expect([ended, ...kept].map((path) => existsSync(path))).toEqual([false, true, true]);
  expect(lock).toHaveBeenCalledTimes(2);
  files.close();
});

it("is not held up by a FIFO that is named as a file of flows", () => {
  execFileSync("mkfifo", [join(dir, "7-0-00ff.flows")]);
  const files = new FlowFiles(dir, "standalone", 1, CAPACITY);
  expect(files.former).toEqual([]);
  expect(files.sweep(() => new Set([2]))).toBe(true);
  files.close();
});

it("removes none of a namespace that one look at /proc has missed", () => {
  const path = put("7-0-00ff.flows", { netns: 1, cookie: 1 });
  const files = new FlowFiles(dir, "standalone", 0, CAPACITY);
  const looks = [[2], [1, 2], [2], undefined, [2]];
  const sure = looks.map((seen) => files.sweep(() => (seen === undefined ? undefined : new Set(seen))));
  expect([sure, existsSync(path)]).toEqual([[false, true, false, true, false], true]);
  files.sweep(() => new Set([2]));
  expect(existsSync(path)).toBe(false);
  files.close();
});

it("removes one of a namespace that has ended and whose inode it has itself, and does not look for others", () => {
  const path = put("7-0-00ff.flows", { cookie: owner.cookie + 1 });
  const files = new FlowFiles(dir, "standalone", 0, CAPACITY);
  expect(files.former).toEqual([]);
  files.sweep(() => expect.unreachable());
  expect(existsSync(path)).toBe(false);
});

describe("regularly", () => {
  const ENDED = { netns: 1, cookie: 1 };
  let said: string[];
  beforeEach(() => {
    said = [];
    setLogSink((_, message) => said.push(message));
    vi.useFakeTimers();
  });
  afterEach(() => {
    setLogSink(() => {});
    vi.useRealTimers();
  });

  it("removes those of a namespace that ends later, within a minute, and looks no more often than once a minute", () => {
    const path = put("7-0-00ff.flows", ENDED);
    const alive = new Set([1]);
    const living = vi.fn(() => alive);
    const files = new FlowFiles(dir, "standalone", 0, CAPACITY);
    files.sweepRegularly(living);
    vi.advanceTimersByTime(3 * 60_000);
    expect([existsSync(path), living.mock.calls.length]).toEqual([true, 3]);
    alive.delete(1);
    vi.advanceTimersByTime(1000);
    expect([existsSync(path), living.mock.calls.length]).toEqual([true, 4]);
    vi.advanceTimersByTime(1000); // to be sure
    expect([existsSync(path), living.mock.calls.length]).toEqual([false, 5]);
    const later = put("8-0-00ff.flows", ENDED); // of an instance that started after this one
    vi.advanceTimersByTime(61_000);
    expect([existsSync(later), living.mock.calls.length]).toEqual([false, 7]);
    files.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("asks no process while there is nobody else's file, or only one that somebody has", () => {
    const files = new FlowFiles(dir, "standalone", 1, CAPACITY);
    files.sweepRegularly(() => expect.unreachable());
    vi.advanceTimersByTime(60_000);
    const fd = openSync(put("7-0-00ff.flows", ENDED), "r+");
    expect(native.lockFile(fd)).toBe(0);
    vi.advanceTimersByTime(3 * 60_000);
    expect([said, readdirSync(dir).length]).toEqual([[], 2]);
    closeSync(fd);
    files.leave();
    expect(vi.getTimerCount()).toBe(0);
  });

  it("goes on where one cannot be removed, and says so once", () => {
    const path = put("7-0-00ff.flows", { cookie: owner.cookie + 1 });
    const lock = vi.spyOn(native, "lockFile").mockImplementation(() => {
      throw new Error("EIO");
    });
    const files = new FlowFiles(dir, "standalone", 0, CAPACITY);
    files.sweepRegularly();
    vi.advanceTimersByTime(5 * 60_000);
    expect(said).toEqual([`files of flows of others stay in ${dir}: EIO`]);
    lock.mockRestore();
    vi.advanceTimersByTime(60_000);
    expect(existsSync(path)).toBe(false);
    files.close();
  });
});

it("makes another one where somebody has locked, or removed, the one that it just made", () => {
  const lock = native.lockFile;
  const remover = vi.spyOn(native, "lockFile");
  remover.mockReturnValueOnce(-11).mockImplementationOnce((fd) => {
    rmSync(join(dir, readdirSync(dir)[0]!));
    return lock(fd);
  });
  const files = new FlowFiles(dir, "standalone", 1, CAPACITY);
  expect(remover).toHaveBeenCalledTimes(3);
  expect([files.fds.length, readdirSync(dir).length]).toEqual([1, 1]);
  files.leave();
});

it("says that connections end with it where files cannot be locked, and leaves none", () => {
  vi.spyOn(native, "lockFile").mockReturnValue(-37);
  const files = new FlowFiles(dir, "standalone", 1, CAPACITY);
  expect([files.fds, readdirSync(dir)]).toEqual([[], []]);
});

it("keeps the own file where it ends a former one of the same process id, as in a container that is started again", () => {
  put(`${process.pid}-0.flows`, {});
  const files = new FlowFiles(dir, "standalone", 1, CAPACITY);
  expect(files.former).toHaveLength(1);
  files.endFormer(true);
  expect(readdirSync(dir)).toHaveLength(1);
  files.leave();
  expect(readdirSync(dir)).toEqual([expect.stringMatching(/^\d+-0-[0-9a-f]{16}\.flows$/)]);
});
