import { closeSync, openSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkReadyFd, tellReady } from "../../src/cli/ready-fd.js";

const file = join(tmpdir(), `ready-fd-${process.pid}`);

function targets(): [fd: number, target: string][] {
  return readdirSync("/proc/self/fd").flatMap((name) => {
    try {
      return [[Number(name), readlinkSync(`/proc/self/fd/${name}`)] as [number, string]];
    } catch {
      return []; // the folder's own
    }
  });
}

it("is written to and closed, once", () => {
  const fd = openSync(file, "w");
  try {
    checkReadyFd(fd);
    tellReady(fd);
    expect(readFileSync(file, "utf8")).toBe("ready\n");
    expect(() => checkReadyFd(fd)).toThrow(`--ready-fd ${fd}: it is not open`);
    expect(() => tellReady(fd)).toThrow(`--ready-fd ${fd}: cannot write to it`);
  } finally {
    rmSync(file);
  }
});

it("is none that is open for reading alone", () => {
  const fd = openSync("/dev/null", "r");
  expect(() => checkReadyFd(fd)).toThrow(`--ready-fd ${fd}: it is open for reading alone`);
  closeSync(fd);
});

it("is none that Node.js has opened for itself: what is written to its pipe of signals ends the process", () => {
  const all = targets();
  const pollers = all.filter(([, target]) => target.startsWith("anon_inode:"));
  const pipes = all.filter(
    ([fd, target]) => target.startsWith("pipe:") && all.some(([other, same]) => other !== fd && same === target && fd > 2),
  );
  expect(pollers.length).toBeGreaterThan(0);
  expect(pipes.length).toBeGreaterThan(1);
  for (const [fd] of [...pollers, ...pipes])
    expect(() => checkReadyFd(fd)).toThrow(new RegExp(`^--ready-fd ${fd}: it is (not open to elsewhere: .*|open for reading alone)$`));
});
