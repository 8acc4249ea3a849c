import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { runDir } from "../src/api/paths.js";
import { prepareRunDir } from "../src/api/unix-socket.js";
import { makeFolder } from "../src/make-folder.js";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tsp-folder-"));
  return () => {
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true, force: true });
  };
});

describe("a folder", () => {
  it("is made with those above it, of the mode that is asked for, and stays as it is when it is there", () => {
    const folder = join(dir, "a/b/c");
    makeFolder(folder, 0o700);
    expect(["a", "a/b", "a/b/c"].map((name) => statSync(join(dir, name)).mode & 0o777)).toEqual([0o700, 0o700, 0o700]);
    chmodSync(folder, 0o755);
    makeFolder(folder, 0o700);
    expect(statSync(folder).mode & 0o777).toBe(0o755);
    symlinkSync(folder, join(dir, "link"));
    makeFolder(join(dir, "link/d"));
    expect(existsSync(join(folder, "d"))).toBe(true);
  });

  it.each([
    ["/proc/tsproxy", "ENOENT"],
    ["/proc/tsproxy/run/tsproxy", "ENOENT"],
    ["/proc/self/tsproxy", "ENOENT"],
    ["/sys/tsproxy/run", /EPERM|EACCES|EROFS/],
    ["/dev/null", "EEXIST"],
    ["/dev/null/run", "ENOTDIR"],
  ])("cannot be %s, which is said at once", (path, code) => {
    expect(() => makeFolder(path)).toThrow(expect.objectContaining({ code: expect.stringMatching(code) }));
  });
});

describe("TSPROXY_RUN_DIR", () => {
  it.each([
    ["run", "TSPROXY_RUN_DIR=run: not an absolute path"],
    ["./run", "TSPROXY_RUN_DIR=./run: not an absolute path"],
    [`/tmp/${"ä".repeat(43)}`, "too long for the paths of sockets"],
  ])("may not be %s", (value, message) => {
    vi.stubEnv("TSPROXY_RUN_DIR", value);
    const refused = { code: "TSP_ERR_API_SOCKET", kind: "invalid", message: expect.stringContaining(message) as string };
    for (const ask of [runDir, prepareRunDir]) expect(ask).toThrow(expect.objectContaining(refused));
  });

  it.each([
    ["/proc/tsproxy", "there is no folder /proc/tsproxy, and it cannot be made (ENOENT): set TSPROXY_RUN_DIR to another folder"],
    ["/dev/null", "there is no folder /dev/null, and it cannot be made (EEXIST): set TSPROXY_RUN_DIR to another folder"],
    ["/sys/tsproxy", "there is no folder /sys/tsproxy, and it cannot be made (E"],
  ])("%s is refused before anything is made", (value, message) => {
    vi.stubEnv("TSPROXY_RUN_DIR", value);
    let said = "";
    try {
      prepareRunDir();
    } catch (error) {
      said = (error as { describe(): string }).describe();
    }
    expect(said).toContain(message);
  });

  it("is made, and left alone if it is there", () => {
    vi.stubEnv("TSPROXY_RUN_DIR", join(dir, "a/run"));
    prepareRunDir();
    writeFileSync(join(dir, "a/run/x"), "");
    prepareRunDir();
    expect(existsSync(join(dir, "a/run/x"))).toBe(true);
  });
});
