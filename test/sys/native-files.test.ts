import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { addonFile, BUILD_COMMAND, launcherFile, platformName } from "../../src/sys/native-files.js";

let folder = "";
beforeEach(() => {
  folder = `${fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-native-"))}/`;
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

function put(name: string): string {
  const file = folder + name;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, "");
  return file;
}

describe("the addon", () => {
  it("is the one of this platform out of those that a package has", () => {
    const musl = put("prebuilt/linux-arm64-musl/tsproxy.node");
    const glibc = put("prebuilt/linux-arm64-glibc/tsproxy.node");
    expect(addonFile(folder, "linux-arm64-musl")).toBe(musl);
    expect(addonFile(folder, "linux-arm64-glibc")).toBe(glibc);
    expect(addonFile(folder, "linux-riscv64-glibc")).toBeNull();
  });

  it("is the one that was built here, where there is one", () => {
    put("prebuilt/linux-arm64-musl/tsproxy.node");
    const built = put("build/tsproxy.node");
    expect(addonFile(folder, "linux-arm64-musl")).toBe(built);
  });

  it("is looked for under this process's architecture and libc", () => {
    const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header;
    expect(platformName()).toBe(`linux-${process.arch}-${glibcVersionRuntime === undefined ? "musl" : "glibc"}`);
    const own = put(`prebuilt/${platformName()}/tsproxy.node`);
    expect(addonFile(folder)).toBe(own);
  });
});

describe("the launcher", () => {
  it("is the one of the architecture, whatever the libc, and one that was built here goes first", () => {
    expect(launcherFile(folder, "x64")).toBeNull();
    const prebuilt = put("prebuilt/linux-x64/tsproxy-docker-proxy");
    expect(launcherFile(folder, "x64")).toBe(prebuilt);
    expect(launcherFile(folder, "arm64")).toBeNull();
    const built = put("build/tsproxy-docker-proxy");
    expect(launcherFile(folder, "x64")).toBe(built);
  });
});

it("the command that compiles them names a script that is there", () => {
  expect(fs.existsSync(BUILD_COMMAND.replace(/^sh /, ""))).toBe(true);
});
