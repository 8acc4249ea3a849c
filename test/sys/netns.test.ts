/** Which network namespaces live, as /proc tells. */
import fs, { linkSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { livingNetns } from "../../src/sys/netns.js";

let proc: string;
beforeEach(() => {
  proc = mkdtempSync(join(tmpdir(), "tsproxy-proc-"));
  process(1, "net:[100]", "mnt:[1]", "20 1 0:4 net:[200] /run/netns/web rw shared:1 - nsfs nsfs rw\n21 1 0:5 / / rw - ext4 /dev/sda1 rw\n");
  symlinkSync("1", join(proc, "self"));
  mkdirSync(join(proc, "sys"));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(proc, { recursive: true });
});

function process(pid: number, net: string, mnt: string, mountinfo?: string, pidNs = "pid:[4026531836]"): void {
  const ns = join(proc, String(pid), "ns");
  mkdirSync(ns, { recursive: true });
  for (const [name, link] of Object.entries({ net, mnt, pid: pidNs })) if (link !== "") symlinkSync(link, join(ns, name));
  mkdirSync(join(proc, String(pid), "net"));
  const devices = join(proc, net);
  if (net !== "") {
    writeFileSync(devices, "");
    linkSync(devices, join(proc, String(pid), "net", "dev"));
  }
  if (mountinfo !== undefined) writeFileSync(join(proc, String(pid), "mountinfo"), mountinfo);
}

/** Nobody may read which namespaces process `pid` is in. */
function hide(pid: number): void {
  const { readlinkSync } = fs;
  vi.spyOn(fs, "readlinkSync").mockImplementation(((path: string) => {
    if (path.startsWith(join(proc, String(pid), "ns"))) throw Object.assign(new Error("denied"), { code: "EACCES" });
    return readlinkSync(path);
  }) as typeof readlinkSync);
}

it("are those with a process, and those that are mounted in any mount namespace", () => {
  process(2, "net:[101]", "mnt:[1]");
  process(3, "net:[100]", "mnt:[2]", "9 1 0:4 net:[300] /x rw - nsfs nsfs rw\n10 1 0:4 mnt:[400] /y rw - nsfs nsfs rw\n");
  expect(livingNetns(proc)).toEqual(new Set([100, 101, 200, 300]));
});

it("pass over a process that ends meanwhile, though it is the first of its mount namespace", () => {
  process(2, "", "");
  process(3, "net:[102]", "mnt:[3]");
  process(4, "net:[103]", "mnt:[3]", "9 1 0:4 net:[300] /x rw - nsfs nsfs rw\n");
  expect(livingNetns(proc)).toEqual(new Set([100, 102, 103, 200, 300]));
});

/** What happens right before /proc is listed for the n-th time. */
function whileListing(happens: (times: number) => void): void {
  const { readdirSync } = fs;
  let times = 0;
  vi.spyOn(fs, "readdirSync").mockImplementation(((path: string) => {
    happens(++times);
    return readdirSync(path);
  }) as typeof readdirSync);
}

it("are those of processes, too, that come while others are looked at", () => {
  whileListing((times) => {
    if (times === 2) process(4, "net:[104]", "mnt:[1]"); // a process that has ended has started it
  });
  expect(livingNetns(proc)).toEqual(new Set([100, 104, 200]));
});

it("are unknown where processes come without end", () => {
  let pid = 10;
  whileListing(() => {
    pid++;
    process(pid, `net:[${100 + pid}]`, "mnt:[1]");
  });
  expect(livingNetns(proc)).toBeUndefined();
});

it("are unknown inside of a container, where not all processes are seen", () => {
  rmSync(join(proc, "1", "ns", "pid"));
  symlinkSync("pid:[4026532000]", join(proc, "1", "ns", "pid"));
  expect(livingNetns(proc)).toBeUndefined();
  expect(livingNetns(join(proc, "none"))).toBeUndefined();
});

it("are unknown where processes of others are hidden (hidepid)", () => {
  process(2, "net:[101]", "mnt:[1]", "");
  rmSync(join(proc, "self"));
  symlinkSync("2", join(proc, "self"));
  rmSync(join(proc, "1"), { recursive: true });
  expect(livingNetns(proc)).toBeUndefined();
});

it("are known where a process hides its own, if another one tells that it is in the same", () => {
  process(2, "net:[100]", "mnt:[2]", "9 1 0:4 net:[300] /x rw - nsfs nsfs rw\n");
  hide(2);
  expect(livingNetns(proc)).toEqual(new Set([100, 200, 300]));
});

it("are unknown where a process hides its own and is alone in it", () => {
  process(2, "net:[101]", "mnt:[1]");
  hide(2);
  expect(livingNetns(proc)).toBeUndefined();
});

it("have our own among them, or are unknown", () => {
  const own = statSync("/proc/self/ns/net").ino;
  expect(livingNetns()?.has(own) ?? true).toBe(true);
});
