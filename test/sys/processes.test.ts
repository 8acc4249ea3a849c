import { type ChildProcess, spawn } from "node:child_process";
import fs, { readdirSync, readFileSync } from "node:fs";
import { afterEach, expect, it, vi } from "vitest";
import { native } from "../../src/sys/native.js";
import { isAlive } from "../../src/sys/processes.js";

/** Above any process number of Linux. */
const NOBODY = 2 ** 22 + 1;
const EPERM = 1,
  ENOSYS = 38;

afterEach(() => {
  vi.restoreAllMocks();
});

function sleeper(): Promise<ChildProcess & { pid: number }> {
  const child = spawn("sleep", ["1000"], { stdio: "ignore" });
  return new Promise((resolve) => child.once("spawn", () => resolve(child as ChildProcess & { pid: number })));
}

const ended = (child: ChildProcess): Promise<unknown> => new Promise((resolve) => child.once("exit", resolve));

it.each([0, ENOSYS])("is one that runs, and not one that has ended, or never was (error %i of pidfd_open)", async (errno) => {
  if (errno !== 0) vi.spyOn(native, "pidfdOpen").mockReturnValue(-errno);
  expect([process.pid, 1, NOBODY].map(isAlive)).toEqual([true, true, false]);
  const child = await sleeper();
  expect(isAlive(child.pid)).toBe(true);
  const end = ended(child);
  child.kill("SIGKILL");
  await end;
  expect(isAlive(child.pid)).toBe(false);
});

it("is not one that has ended and that nobody has waited for", async () => {
  // A shell that waits for nobody: its child is a zombie.
  const shell = spawn("sh", ["-c", "sleep 0 & echo $!; exec sleep 1000"], { stdio: ["ignore", "pipe", "ignore"] });
  const pid = Number(await new Promise((resolve) => shell.stdout.once("data", (bytes) => resolve(String(bytes)))));
  await vi.waitFor(() => expect(readFileSync(`/proc/${pid}/stat`, "latin1")).toContain(") Z "));
  expect(isAlive(pid)).toBe(false);
  const end = ended(shell);
  shell.kill("SIGKILL");
  await end;
});

it("is not a thread of another one, which has a number, too", () => {
  const thread = readdirSync("/proc/self/task")
    .map(Number)
    .find((id) => id !== process.pid)!;
  expect(isAlive(thread)).toBe(false);
});

it("is one of another user that /proc hides", () => {
  vi.spyOn(fs, "readFileSync").mockImplementation(() => {
    throw Object.assign(new Error("hidden"), { code: "ENOENT" });
  });
  expect(isAlive(1)).toBe(true);
  vi.spyOn(native, "pidfdOpen").mockReturnValue(-ENOSYS);
  vi.spyOn(process, "kill").mockImplementation(() => {
    throw Object.assign(new Error("kill"), { code: "EPERM", errno: -EPERM });
  });
  expect(isAlive(1)).toBe(true);
});
